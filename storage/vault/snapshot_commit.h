/*
 * Commits a snapshot: writes the signature beside the archive, and then the
 * manifest, with which the snapshot exists. Within this room alone.
 */
#ifndef STORAGE_VAULT_SNAPSHOT_COMMIT_H
#define STORAGE_VAULT_SNAPSHOT_COMMIT_H

#include "storage/archive/manifest.h"
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
	/* What the manifest says, if it is a list of archives: those of earlier
	 * snapshots have to be there. NULL: it is not. */
	const struct manifest *list;
	/* Others may have based a snapshot on it: of such a list. */
	const char *name;
};

/* Has the store keep all archives of that snapshot at least as long as an
 * object that is written now (Object Lock, where it is configured). */
int snapshot_commit_keep(
    struct vault *v, const struct manifest *m, struct err *err);
/* Writes both beside the archive, unless the same exist already. ERR_EXISTS:
 * others exist; ERR_LOCKED: another run has taken over the lock meanwhile, or
 * has removed the archive; ERR_INTEGRITY: what the list needs is not there, or
 * not any more once the manifest was written. The archives of
 * a list are kept by the store as long as the manifest. */
int snapshot_commit_write(
    struct vault *v, const struct snapshot_commit *p, struct err *err);
/* Removes both and the archive after a failure, as far as possible: an archive
 * without a manifest is not a snapshot, and the next run removes it. With
 * `name`, the archive is kept if a later snapshot needs it, or that is not
 * known. */
void snapshot_commit_withdraw(struct vault *v, const struct snapshot_commit *p);

#endif
