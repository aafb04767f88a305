/*
 * The LFS objects of a repository on disk: <dir>/lfs/objects/aa/bb/<sha256>,
 * where git-lfs keeps them.
 */
#ifndef STORAGE_GIT_LFS_FILES_H
#define STORAGE_GIT_LFS_FILES_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"

#include <stdbool.h>

/* Path of an object, relative to the repository; the caller frees. */
char *lfs_files_path(const char *sha256);
/* Whether it exists with that length. */
bool lfs_files_has(const char *dir, const struct lfs_object *o);

/* Whether it also has the content that its name says; reads all of it. */
bool lfs_files_is_whole(
    const char *dir, const struct lfs_object *o, const struct cancel *cancel);
/* All objects in dir, sorted; it is not an error if there are none. */
int lfs_files_list(
    const char *dir, struct lfs_objectvec *objects, struct err *err);

/* Copies one object from a repository on disk to another, and checks it. */
int lfs_files_copy(const char *from, const char *to, bool durably,
    const struct lfs_object *o, const struct cancel *cancel, struct err *err);

#endif
