/*
 * Which LFS objects some ref still needs. A mirror keeps pointers that no ref
 * reaches any more; that their objects are gone is nobody's loss. It walks all
 * that the refs reach: asked only where an object cannot be had.
 */
#ifndef STORAGE_GIT_REPO_LFS_REACH_H
#define STORAGE_GIT_REPO_LFS_REACH_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/repo/refs.h"

/* Adds those that pointers in blobs below the refs name, sorted, each once. */
int lfs_reach_find(const char *dir, const struct git_refvec *refs,
    const struct cancel *cancel, struct lfs_objectvec *found, struct err *err);
bool lfs_reach_has(const struct lfs_objectvec *found, const char *sha256);

#endif
