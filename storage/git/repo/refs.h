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
	const char *name; /* "refs/heads/main"; the vector's */
	uint8_t id[GIT_ID_LEN];
};
/* A typed vector (storage/base/vec.h) that also owns the names, in blocks: an
 * allocation each would double the memory of a host with a million of them. A
 * ref that is taken out of `items` leaves its name behind until
 * git_refvec_done.
 */
struct git_refvec {
	struct git_ref *items;
	size_t len;
	size_t cap;
	struct git_ref_names *names;
};

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
