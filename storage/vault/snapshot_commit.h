/*
 * Commits a snapshot: writes the signature beside the archive, and then the
 * manifest, with which the snapshot exists. Within this room alone.
 */
#ifndef STORAGE_VAULT_SNAPSHOT_COMMIT_H
#define STORAGE_VAULT_SNAPSHOT_COMMIT_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/vault/lock.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

/* All borrowed. */
struct snapshot_commit {
	const char *label;
	const char *archive; /* the name of its object */
	uint64_t archive_bytes;
	const struct buf *manifest;
	const struct buf *signature; /* empty: there is none */
	struct vault_lock *lock;     /* NULL: not asked */
	bool *shown; /* set once others may have seen it; may be NULL */
};

/* Writes both beside the archive, unless the same exist already. ERR_EXISTS:
 * others exist; ERR_LOCKED: another run has taken over the lock meanwhile, or
 * has removed the archive. */
int snapshot_commit_write(
    struct vault *v, const struct snapshot_commit *p, struct err *err);
/* Removes both and the archive after a failure, as far as possible: an archive
 * without a manifest is not a snapshot, and the next run removes it. */
void snapshot_commit_withdraw(struct vault *v, const struct snapshot_commit *p);

#endif
