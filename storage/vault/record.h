/*
 * A small signed object: what somebody says of snapshots. Its signature stands
 * beside it, as <object>.minisig, and is written first; the trusted comment is
 * "<kind>:<object>", so that a record under another name is none, and nor is
 * anything else that the same key signed. By hand:
 *
 *     minisign -V -p record.pub -m <object>
 *
 * Only the rest of this room uses it.
 */
#ifndef STORAGE_VAULT_RECORD_H
#define STORAGE_VAULT_RECORD_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/vault.h"

#include <stddef.h>

/* Under key NULL unsigned. ERR_EXISTS where either is there. */
int record_put(struct vault *v, const char *object, const char *kind,
    const struct buf *text, const struct minisign_key *key, struct err *err);

/* Appends its text, which one of the keys signed as that kind; keys NULL:
 * whoever wrote it. ERR_INTEGRITY where it was not, or has no signature;
 * ERR_NOT_FOUND; ERR_FORMAT over max_bytes. */
int record_read(struct vault *v, const char *object, const char *kind,
    const struct minisign_publics *keys, size_t max_bytes, struct buf *text,
    struct err *err);

#endif
