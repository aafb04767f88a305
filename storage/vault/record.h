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
#include <stdint.h>

/* What is larger is not read, and so not written: a record of one snapshot, and
 * one of what was pruned, which names many. */
enum { RECORD_SMALL_BYTES = 64 << 10, RECORD_LARGE_BYTES = 16 << 20 };

/* key NULL: unsigned. ERR_EXISTS if the record or its signature exists. */
int record_put(struct vault *v, const char *object, const char *kind,
    const struct buf *text, const struct minisign_key *key, struct err *err);

/* A record that is named for the second in which it was written. */
struct record_draft {
	/* Its object, which the caller frees, and its text. -1 with err: it
	 * cannot be written. */
	int (*write)(const void *ctx, int64_t at, char **object,
	    struct buf *text, struct err *err);
	const void *ctx;
	const char *kind;
};
/* Puts it under the name of `now`, in seconds, or of one of the seconds after:
 * a run of the same second, or anybody else, may have put one there. err is
 * left as it is where one of them was free; ERR_EXISTS if none was. */
int record_put_dated(struct vault *v, const struct record_draft *d, int64_t now,
    const struct minisign_key *key, struct err *err);

/* Appends the text of a record that one of the keys signed as that kind; keys
 * NULL: whoever wrote it. ERR_INTEGRITY if none did, or if it has no signature;
 * ERR_NOT_FOUND; ERR_FORMAT over max_bytes. */
int record_read(struct vault *v, const char *object, const char *kind,
    const struct minisign_publics *keys, size_t max_bytes, struct buf *text,
    struct err *err);

#endif
