/*
 * All packs of a bare repository as one, without unpacking anything: objects
 * are copied as they are stored, each once, with the distances to their bases
 * set right. What a repository that receives everything wants, at the speed of
 * reading it.
 */
#ifndef STORAGE_GIT_PACK_COPY_H
#define STORAGE_GIT_PACK_COPY_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/packs.h"

int pack_copy_all(const struct packs *packs,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err);

#endif
