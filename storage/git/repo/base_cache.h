/*
 * A limited cache of objects that others are probably deltas of: a history is
 * read version by version, and each version is a delta of the one before.
 */
#ifndef STORAGE_GIT_REPO_BASE_CACHE_H
#define STORAGE_GIT_REPO_BASE_CACHE_H

#include "storage/git/repo/object_links.h"

#include <stddef.h>
#include <stdint.h>

struct base {
	size_t pack; /* the number of the pack, and the place in it */
	uint64_t offset;
	enum object_type type;
	uint8_t *data; /* NULL: none */
	size_t len;
};

enum { BASE_CACHE_SLOTS = 4096 };
struct base_cache {
	struct base slots[BASE_CACHE_SLOTS];
	size_t bytes;
	size_t hand; /* which one is dropped next when there are too many */
};
/* A zeroed one is empty. */
void base_cache_clear(struct base_cache *c);

/* NULL if it is not cached; valid until the next is put. */
const struct base *base_cache_get(
    const struct base_cache *c, size_t pack, uint64_t offset);
/* Owns the data from now on. */
void base_cache_put(struct base_cache *c, struct base b);

#endif
