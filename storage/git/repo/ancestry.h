/*
 * How two commits stand to each other: how many each has that the other does
 * not.
 */
#ifndef STORAGE_GIT_REPO_ANCESTRY_H
#define STORAGE_GIT_REPO_ANCESTRY_H

#include "storage/base/err.h"
#include "storage/git/repo/git_id.h"

#include <stdint.h>

struct ancestry {
	uint64_t ahead;	 /* commits of `to` that `from` does not have */
	uint64_t behind; /* the other way round */
};

/* Annotated tags stand for what they name. ERR_NOT_FOUND where the repository
 * does not have all of it, ERR_FORMAT where a ref names no commit. */
int ancestry_compare(const char *git_dir, enum git_hash hash,
    const uint8_t from[GIT_ID_LEN], const uint8_t to[GIT_ID_LEN],
    struct ancestry *out, struct err *err);

#endif
