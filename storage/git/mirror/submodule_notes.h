/*
 * The submodules of a mirror's tips, kept in a file from run to run, so that a
 * tip is read once in its life: a host may offer tens of thousands of them.
 */
#ifndef STORAGE_GIT_MIRROR_SUBMODULE_NOTES_H
#define STORAGE_GIT_MIRROR_SUBMODULE_NOTES_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/git/repo/refs.h"

/* The URLs at the tips of all refs of the bare repository in dir, sorted, each
 * once. The notes at path are used and updated; if there are none, or damaged
 * ones, all tips are read. */
int submodule_notes_find(const char *dir, enum git_hash hash, const char *path,
    const struct git_refvec *refs, struct strvec *urls, struct err *err);

#endif
