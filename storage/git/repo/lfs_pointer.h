/*
 * Git LFS pointers (git-lfs docs/spec.md; what its lfs/pointer.go accepts
 * beyond that): small blobs that stand for an object stored elsewhere. Found
 * among blobs while a pack is indexed.
 */
#ifndef STORAGE_GIT_REPO_LFS_POINTER_H
#define STORAGE_GIT_REPO_LFS_POINTER_H

#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LFS_POINTER_MAX = 1024 /* a pointer is shorter than that */ };

struct lfs_object {
	char sha256[65];
	uint64_t bytes;
};
VEC_DEFINE(lfs_objectvec, struct lfs_object);

/* 0, or -1 if the blob is not a pointer. Pure. */
int lfs_pointer_parse(const void *data, size_t len, struct lfs_object *out);

/* What was found in a repository so far. A pointer counts only if some
 * .gitattributes in the repository has filter=lfs. */
struct lfs_scan {
	pthread_mutex_t lock;
	struct lfs_objectvec found;
	bool filter; /* some blob has "filter=lfs" */
};
void lfs_scan_init(struct lfs_scan *s);
void lfs_scan_done(struct lfs_scan *s);
/* From any thread. */
void lfs_scan_blob(struct lfs_scan *s, const void *data, size_t len);
void lfs_scan_sort(struct lfs_scan *s); /* each once, by id */

/* Kept in a file from run to run. ERR_FORMAT if it is not such a file. */
int lfs_scan_save(struct lfs_scan *s, const char *path, struct err *err);
int lfs_scan_load(struct lfs_scan *s, const char *path, struct err *err);

#endif
