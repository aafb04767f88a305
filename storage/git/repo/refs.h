/*
 * References: names and what they point at. Pure.
 */
#ifndef STORAGE_GIT_REPO_REFS_H
#define STORAGE_GIT_REPO_REFS_H

#include "storage/base/err.h"
#include "storage/base/vec.h"
#include "storage/git/repo/git_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct git_ref {
	char *name; /* "refs/heads/main" */
	uint8_t id[GIT_ID_LEN];
};
VEC_DEFINE(git_refvec, struct git_ref);

void git_refvec_done(struct git_refvec *v);
void git_refvec_add(
    struct git_refvec *v, const char *name, const uint8_t id[GIT_ID_LEN]);
void git_refvec_sort(struct git_refvec *v); /* by the bytes of the name */
/* Searches a sorted vector; NULL if it is not there. */
const struct git_ref *git_refvec_find(
    const struct git_refvec *v, const char *name);

/* What git-check-ref-format(1) allows, below refs/, without any part that would
 * reach outside a directory. */
bool git_ref_name_valid(const char *name);

#endif
