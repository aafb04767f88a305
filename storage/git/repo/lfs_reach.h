/*
 * Which LFS objects some ref still needs. A mirror also has pointers that no
 * ref reaches any more, and it does not matter if their objects are missing. It
 * walks everything that the refs reach, so it is called only if an object
 * cannot be had.
 */
#ifndef STORAGE_GIT_REPO_LFS_REACH_H
#define STORAGE_GIT_REPO_LFS_REACH_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/repo/refs.h"

/* *found, which is empty before, becomes the objects named by pointers in blobs
 * that refs reach, sorted, each once. */
int lfs_reach_find(const char *dir, const struct git_refvec *refs,
    const struct cancel *cancel, struct lfs_objectvec *found, struct err *err);
bool lfs_reach_has(const struct lfs_objectvec *found, const char *sha256);

#endif
