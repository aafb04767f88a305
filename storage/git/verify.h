/*
 * Whether a bare repository is whole: every pack and index has its checksum,
 * every object hashes to its id, and every commit, tree, tag and blob that is
 * reachable from a ref or HEAD is there.
 */
#ifndef STORAGE_GIT_VERIFY_H
#define STORAGE_GIT_VERIFY_H

#include "storage/base/cancel.h"
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

#endif
