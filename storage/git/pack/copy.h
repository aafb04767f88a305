/*
 * Objects of a repository as one pack, without unpacking what is packed: they
 * are copied as they are stored, each once, with the distances to their bases
 * set right. What a repository that receives them wants, at the speed of
 * reading it, and no object is held in memory, unless it is a delta whose base
 * does not go along.
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

/* Where some objects are to be had; all borrowed. */
struct pack_copy_from {
	const struct packs *packs;
	const struct strvec *object_dirs; /* of loose ones */
	struct repo *repo; /* of deltas without their bases, and the rest */
};

/* Those objects, all of them: ERR_NOT_FOUND where one is not there (any
 * more). */
int pack_copy_some(const struct pack_copy_from *from,
    const struct object_links *wanted,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err);

#endif
