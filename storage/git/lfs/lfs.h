/*
 * Git LFS objects: fetched and pushed by the batch API with the basic
 * transfer (git-lfs docs/api/batch.md, basic-transfers.md), over http(s); the
 * server of an ssh URL is asked for its place by git-lfs-authenticate; of a
 * file path they are copied. Each is checked by its SHA-256.
 *
 * Where they lie here, files.h knows.
 */
#ifndef STORAGE_GIT_LFS_LFS_H
#define STORAGE_GIT_LFS_LFS_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/wire/access.h"

struct lfs_options {
	const char *url; /* of the repository */
	const char *dir; /* the bare repository here */
	const struct git_access *access;
};

struct lfs_failure {
	char sha256[65];
	char *reason;
};
VEC_DEFINE(lfs_failurevec, struct lfs_failure);

struct lfs_result {
	uint64_t moved; /* objects, by this run */
	uint64_t moved_bytes;
	uint64_t damaged; /* were there, and not what they are called after */
	struct lfs_failurevec failed;
};
#define LFS_RESULT_INIT                                                        \
	{                                                                      \
		.moved = 0                                                     \
	}
void lfs_result_done(struct lfs_result *r);

/* Fetches those that are not there whole; what is damaged goes. 0 also where
 * some failed: see the result; -1 where there is no way to fetch at all, or
 * ERR_CANCELLED. */
int lfs_fetch(const struct lfs_options *o, const struct lfs_objectvec *objects,
    struct lfs_result *result, struct err *err);
/* Sends all that are in dir and that the server lacks. */
int lfs_push(
    const struct lfs_options *o, struct lfs_result *result, struct err *err);

#endif
