/*
 * The ids that objects name: a set, and the readers of commits, tags and trees
 * that fill it. Pure. Used to check that everything that objects name exists.
 */
#ifndef STORAGE_GIT_REPO_OBJECT_LINKS_H
#define STORAGE_GIT_REPO_OBJECT_LINKS_H

#include "storage/base/err.h"
#include "storage/git/repo/refs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum object_type {
	OBJECT_COMMIT = 1,
	OBJECT_TREE = 2,
	OBJECT_BLOB = 3,
	OBJECT_TAG = 4
};
const char *object_type_name(enum object_type type);

struct object_links {
	uint8_t *slots; /* all zero: free */
	size_t width;	/* bytes of each: as long as the longest id in it */
	size_t cap;	/* a power of two, or 0 */
	size_t len;
	/* Borrowed: ids in this set are not added to ours; or NULL. */
	const struct object_links *known;
};
#define OBJECT_LINKS_INIT                                                      \
	{                                                                      \
		.slots = NULL                                                  \
	}
void object_links_done(struct object_links *s);
void object_links_add(struct object_links *s, const uint8_t id[GIT_ID_LEN]);
bool object_links_has(
    const struct object_links *s, const uint8_t id[GIT_ID_LEN]);
/* Returns each id in turn; `at` starts as 0. False at the end. */
bool object_links_next(
    const struct object_links *s, size_t *at, uint8_t id[GIT_ID_LEN]);

/* Adds what an object names: parents and tree, a tag's object, a tree's entries
 * except submodules. ERR_FORMAT if it is malformed. */
int object_links_of(enum git_hash hash, enum object_type type, const void *data,
    size_t len, struct object_links *into, struct err *err);

/* Modes of entries of trees; every other mode names a blob. */
enum { MODE_TREE = 040000, MODE_SUBMODULE = 0160000 };

/* The next entry of a tree: 0; 1 at the end; -1 if it is malformed. */
struct tree_entry {
	uint32_t mode;
	const char *name; /* ends in a NUL */
	uint8_t id[GIT_ID_LEN];
};
int tree_next(enum git_hash hash, const uint8_t **at, const uint8_t *end,
    struct tree_entry *e);

#endif
