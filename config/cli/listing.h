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

/* `list` is of that name, or of all (NULL). Appends a table, or a JSON document
 * {"vault", "snapshots": [{label, name, created, status, bytes, entries,
 * content_bytes, missing, hold, tags, future, verified: {at, level, good},
 * hearsay: {records, failed}}], "foreign": [object]}: who signed for `verified`
 * is trusted with it, `hearsay` weighs nothing; `future` is said of a label
 * that lies ahead of the clock; `foreign` are objects of others. Returns the
 * exit status: 0, or 5 where a manifest does not hold (it is listed as
 * "invalid", with the reason), or -1 where the vault cannot be read. */
int listing_print(struct vault *vault, const char *name,
    const struct snapshots *list, const struct snapshot_trust *trust,
    const struct clock *clock, bool json, struct buf *out, struct err *err);

#endif
