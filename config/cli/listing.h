/*
 * The list of snapshots that both programs print: each manifest is read and
 * its signature checked, so that what is listed as complete is.
 */
#ifndef CONFIG_CLI_LISTING_H
#define CONFIG_CLI_LISTING_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/vault/snapshot.h"

#include <stdbool.h>

/* "no snapshots of 'x'; the vault has those of 'y'": what there is to say of a
 * vault that was listed for a name (NULL: all) and showed none, since it may be
 * the name that is wrong. The caller frees. */
char *listing_none(struct vault *vault, const char *name);

/* What is recorded of a snapshot, as members of its document: verified, drill,
 * hearsay and records_removed, each where there is something to say. */
struct json_object;
void listing_set_verdict(
    struct json_object *j, const struct snapshot_verdict *v);

struct listing_options {
	const char *name;	   /* whose snapshots; NULL: all */
	const struct strvec *tags; /* those that have one of them; empty: all */
	const char *last;	   /* as many of the newest; NULL: all */
	const char *command;	   /* for the document */
	bool json;
	const struct clock *clock;
	/* Adds what the caller knows of a snapshot to its object in the
	 * document; or NULL. */
	void (*extend)(
	    void *ctx, const char *label, struct json_object *snapshot);
	void *ctx; /* of extend */
};

/* `list` is of that name. Appends a table, or a JSON document
 * {"command", "vault", "location", "snapshots": [{label, name, created,
 * age_seconds, status, took_seconds, bytes, entries, content_bytes, missing,
 * hold, tags, future, verified: {at, level, good}, drill: {at, passed},
 * hearsay: {records, failed}}], "foreign": [object]}: who signed for `verified`
 * is trusted with it, `hearsay` weighs nothing; `future` is said of a label
 * that lies further ahead of the clock than clocks differ, and what lies ahead
 * at all is 0 seconds old; `foreign` are objects of others. Returns the
 * exit status: 0, or 5 where a manifest does not hold (it is listed as
 * "invalid", with the reason), or -1 where the vault cannot be read, or with
 * ERR_USAGE where `last` is not a count. */
int listing_print(struct vault *vault, const struct listing_options *o,
    const struct snapshots *list, const struct snapshot_trust *trust,
    struct buf *out, struct err *err);

#endif
