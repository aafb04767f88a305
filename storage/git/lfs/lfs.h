/*
 * Git LFS objects: fetched and pushed by the batch API with the basic transfer
 * (git-lfs docs/api/batch.md, basic-transfers.md) over http(s). The server of
 * an ssh URL says by git-lfs-authenticate where its API is. From or to a file
 * path they are copied. Each is checked by its SHA-256.
 *
 * files.h has their places on disk.
 */
#ifndef STORAGE_GIT_LFS_LFS_H
#define STORAGE_GIT_LFS_LFS_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/wire/access.h"

struct lfs_options {
	const char *url; /* of the repository */
	const char *dir; /* the bare repository on this machine */
	const struct git_access *access;
};

struct lfs_failure {
	char sha256[65];
	char *reason;
};
VEC_DEFINE(lfs_failurevec, struct lfs_failure);

struct lfs_result {
	uint64_t moved; /* how many objects this run transferred */
	uint64_t transferred_bytes;
	uint64_t damaged; /* existed, but with another content than their name
			     says */
	struct lfs_failurevec failed;
};
#define LFS_RESULT_INIT                                                        \
	{                                                                      \
		.moved = 0                                                     \
	}
void lfs_result_done(struct lfs_result *r);

/* Fetches the objects that do not exist here undamaged; damaged ones are
 * removed. 0 also if some failed: see the result. -1 if nothing can be fetched
 * at all, or ERR_CANCELLED. */
int lfs_fetch(const struct lfs_options *o, const struct lfs_objectvec *objects,
    struct lfs_result *result, struct err *err);
/* Sends all objects in dir that the server does not have. */
int lfs_push(
    const struct lfs_options *o, struct lfs_result *result, struct err *err);

#endif
