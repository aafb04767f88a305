/*
 * Pruning: lists a vault, asks retention, and removes what it drops, manifest
 * first, and each before what it needs. Of one whose archive a kept one needs,
 * the archive stays (lone_archive.h), until a later run finds that none needs
 * it. Refuses to remove anything where the
 * clocks differ by more than five minutes, where anything could not be listed
 * or read, or the policy is empty. Immediately before each removal, all that
 * stays is looked at again; where one is not whole any more, the run ends. It
 * needs no private key of encryption.
 */
#ifndef AGENT_PRUNE_PRUNE_H
#define AGENT_PRUNE_PRUNE_H

#include "config/retention/retention.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/vault/lock.h"
#include "storage/vault/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prune_options {
	struct vault *vault;
	const char *name; /* whose snapshots */
	/* The label of the one that is to go, whatever the policy says; NULL:
	 * the policy decides. */
	const char *forget;
	const struct retention_policy *policy;
	const struct retention_zone *zone;
	const struct snapshot_trust *trust;
	/* How long after it a snapshot may have been written that needs its
	 * archive. */
	int64_t needed_for_s;
	const struct minisign_key *key; /* signs the record; NULL: unsigned */
	const struct clock *clock;
	struct vault_lock *lock; /* held by the caller; NULL on dry run */
	/* Where lock is NULL since the vault is full: it is taken with these
	 * as soon as something is removed that is to go. */
	const struct vault_lock_options *lock_later;
	bool dry_run;
};

enum prune_outcome {
	PRUNE_KEPT,
	PRUNE_DROPPED,	   /* or would be, on a dry run */
	PRUNE_KEPT_LOCKED, /* the store keeps it (Object Lock) */
	PRUNE_FAILED,
	PRUNE_NOT_REACHED /* to be dropped; the run ended before it */
};

struct prune_row {
	char *label;
	int64_t time;
	uint64_t bytes;	   /* of what was written with it */
	bool archive_only; /* all that was left of it is its archive */
	char *stays_for; /* of one to be dropped: its archive stays; or NULL */
	bool partial;
	bool bad;     /* out of sight, found wrong, or not to be trusted */
	bool begun;   /* something of it is removed */
	bool removed; /* all of it */
	bool kept_by_store; /* it was to go, and the store keeps it */
	size_t turn;	    /* as in retention_item */
	enum prune_outcome outcome;
	char *reason;
};
VEC_DEFINE(prune_rows, struct prune_row);
void prune_rows_done(struct prune_rows *rows);

struct json_object;

/* Fills rows, newest first, also those of a run that failed half way. -1 where
 * it refused, or where a removal failed; 1, with the error set, where the one
 * to forget is not there. */
int prune_run(
    const struct prune_options *o, struct prune_rows *rows, struct err *err);
/* The table for people, and the same as an array of objects. */
void prune_table(const struct prune_rows *rows, bool dry_run, struct buf *out);
struct json_object *prune_json(const struct prune_rows *rows);
const char *prune_outcome_name(enum prune_outcome outcome, bool dry_run);

#endif
