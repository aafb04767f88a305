/*
 * References: names and what they point at. Pure.
 */
#ifndef STORAGE_GIT_REPO_REFS_H
#define STORAGE_GIT_REPO_REFS_H

#include "storage/base/buf.h"
#include "storage/base/vec.h"
#include "storage/git/repo/git_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct git_ref {
	const char *name; /* "refs/heads/main"; until the list changes */
	uint8_t id[GIT_ID_LEN];
	size_t at; /* its place in the list, from 0 */
};

/* A list of refs. A host with a review system has a million of them, so names
 * and ids lie one behind another, an id in no more bytes than it needs. What is
 * taken out of `items` stays in `kept` until git_refvec_done. */
struct git_ref_place {
	uint32_t at : 31;  /* in kept: the id, and behind it the name */
	uint32_t wide : 1; /* the id is longer than a SHA-1 */
};
struct git_refvec {
	struct git_ref_place *items;
	size_t len;
	size_t cap;
	struct buf kept;
};

void git_refvec_done(struct git_refvec *v);
void git_refvec_add(
    struct git_refvec *v, const char *name, const uint8_t id[GIT_ID_LEN]);
/* Whether there is no room for another name of any length: the list holds a
 * gigabyte. To be asked before each git_refvec_add of what others send. */
bool git_refvec_is_full(const struct git_refvec *v);
void git_refvec_set_id(
    struct git_refvec *v, size_t at, const uint8_t id[GIT_ID_LEN]);
void git_refvec_sort(struct git_refvec *v); /* by the bytes of the name */

/* Fills *ref and returns it; NULL behind the last. */
struct git_ref *git_refvec_get(
    const struct git_refvec *v, size_t at, struct git_ref *ref);
/* The same of a name, in a sorted list; NULL if it is not there. */
struct git_ref *git_refvec_find(
    const struct git_refvec *v, const char *name, struct git_ref *ref);

#define GIT_REFVEC_EACH(v, r)                                                  \
	for (struct git_ref r##_, *r = git_refvec_get(v, 0, &r##_); r;         \
	     r = git_refvec_get(v, r->at + 1, &r##_))

/* What git-check-ref-format(1) allows, below refs/, without any part that would
 * reach outside a directory. */
bool git_ref_name_valid(const char *name);

#endif
