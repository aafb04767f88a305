/*
 * The list of snapshots that both programs print: each manifest is read and
 * its signature checked, so that what is listed as complete is.
 */
#ifndef CONFIG_LISTING_H
#define CONFIG_LISTING_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/vault/snapshot.h"

#include <stdbool.h>

/* Appends a table, or a JSON document {"vault", "snapshots": [{label, name,
 * created, status, bytes, entries, content_bytes, missing, hold, tags,
 * verified: {at, level, good}}]}. Returns the exit status: 0, or 5 where a
 * manifest does not hold (it is listed as "invalid", with the reason), or -1
 * where the vault cannot be read. */
int listing_print(struct vault *vault, const struct snapshots *list,
    const struct snapshot_trust *trust, bool json, struct buf *out,
    struct err *err);

#endif
