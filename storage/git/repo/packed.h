/*
 * Reads objects out of packs, wherever they are in them, with their deltas
 * applied. One reader serves one thread.
 */
#ifndef STORAGE_GIT_REPO_PACKED_H
#define STORAGE_GIT_REPO_PACKED_H

#include "storage/base/err.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/packs.h"

#include <stddef.h>
#include <stdint.h>

struct packed;
/* The packs are borrowed and must not change. */
struct packed *packed_new(const struct packs *packs);
void packed_free(struct packed *p); /* takes NULL */

/* The object at a position in the pack of that number, which the caller frees,
 * or NULL. ERR_FORMAT if it is damaged. */
uint8_t *packed_read(struct packed *p, size_t pack, uint64_t offset,
    enum object_type *type, size_t *len, struct err *err);
/* Its type and length, without reading all of it. */
int packed_info(struct packed *p, size_t pack, uint64_t offset,
    enum object_type *type, uint64_t *size, struct err *err);

#endif
