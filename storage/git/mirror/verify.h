/*
 * Whether a bare repository, as mirror_files tells its files, is whole: every
 * pack and index has its checksum, every object hashes to its id, and every
 * commit, tree, tag and blob that is reachable from a ref or HEAD is there.
 */
#ifndef STORAGE_GIT_MIRROR_VERIFY_H
#define STORAGE_GIT_MIRROR_VERIFY_H

#include "storage/base/cancel.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"

#include <stdint.h>

struct verify_counts {
	uint64_t objects;
	uint64_t refs;
};

/* ERR_INTEGRITY names the first object or file that is wrong, and where it is
 * reachable the ref. */
int verify_repository(const char *dir, const struct cancel *cancel,
    struct verify_counts *counts, struct err *err);

/* Accepts only files that mirror_files lists, and LFS objects: whatever else
 * git reads in a repository (objects/info/alternates, hooks, commondir,
 * worktrees) would bring in what was not captured. `name` is relative to the
 * repository. */
int verify_file_name(const char *name, struct err *err);

/* The name of an LFS object is the digest of its content, which is passed here.
 * True also for a file that is not an LFS object, by its path in the archive.
 */
int verify_lfs_object(
    const char *path, const uint8_t sha256[DIGEST_SHA256_LEN], struct err *err);

#endif
