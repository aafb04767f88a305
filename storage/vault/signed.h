/*
 * A small object that has its signature in it, so that both come to be in one
 * step: of several that are written under one name at once, one is whole and
 * the others fail. It is the text of a .minisig file (minisign.h), four lines,
 * and behind it what was signed, under the trusted comment "<kind>:<object>".
 * By hand:
 *
 *     head -n 4 OBJECT >text.minisig; tail -n +5 OBJECT >text
 *     minisign -V -p signing.pub -m text
 *
 * Only the rest of this room uses it.
 */
#ifndef STORAGE_VAULT_SIGNED_H
#define STORAGE_VAULT_SIGNED_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/vault.h"

#include <stddef.h>

/* ERR_EXISTS if there is an object of that name. */
int signed_put(struct vault *v, const char *object, const char *kind,
    const struct buf *text, const struct minisign_key *key, struct err *err);
/* Appends what was signed. ERR_INTEGRITY unless one of the keys signed it as
 * that; ERR_NOT_FOUND. */
int signed_read(struct vault *v, const char *object, const char *kind,
    const struct minisign_publics *keys, size_t max_bytes, struct buf *text,
    struct err *err);
/* The same of bytes that were read. Pure. */
int signed_open(const char *data, size_t len, const char *object,
    const char *kind, const struct minisign_publics *keys, struct buf *text,
    struct err *err);

#endif
