/*
 * Copies objects of a repository into one pack without unpacking them: as they
 * are stored, each once, with the distances to their bases adjusted. It is as
 * fast as reading them, and no object is held in memory, except a delta whose
 * base is not copied.
 */
#ifndef STORAGE_GIT_PACK_COPY_H
#define STORAGE_GIT_PACK_COPY_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/repo.h"

/* All objects of the packs. */
int pack_copy_all(const struct packs *packs,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err);

/* Where objects can be read from; all borrowed. */
struct pack_copy_from {
	const struct packs *packs;
	const struct strvec *object_dirs; /* of loose ones */
	struct repo
	    *repo; /* for deltas without their bases, and for everything else */
};

/* Exactly those objects: ERR_NOT_FOUND if one does not exist (any more). */
int pack_copy_some(const struct pack_copy_from *from,
    const struct object_links *wanted,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err);

#endif
