/*
 * The paths that an archive has so far, to find duplicates: 16 bytes of digest
 * each instead of the paths.
 */
#ifndef STORAGE_ARCHIVE_PATHSET_H
#define STORAGE_ARCHIVE_PATHSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pathset {
	struct pathset_slot *slots;
	size_t cap; /* a power of two, or 0 */
	size_t len;
};
#define PATHSET_INIT                                                           \
	{                                                                      \
		.slots = NULL                                                  \
	}

bool pathset_has(const struct pathset *s, const char *path);
/* False if it was there already. */
bool pathset_add(struct pathset *s, const char *path);
/* Whether the two have a path in common. */
bool pathset_meets(const struct pathset *a, const struct pathset *b);
void pathset_merge(struct pathset *to, const struct pathset *from);
void pathset_done(struct pathset *s);

#endif
