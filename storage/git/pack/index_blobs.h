/*
 * Hashes large blobs of a pack on a thread of its own, while the pack is read
 * on. For index_pack.c alone.
 */
#ifndef STORAGE_GIT_PACK_INDEX_BLOBS_H
#define STORAGE_GIT_PACK_INDEX_BLOBS_H

#include "storage/git/pack/index_entry.h"

struct index_blobs;

struct index_blobs *index_blobs_new(enum git_hash hash);
void index_blobs_free(struct index_blobs *b); /* takes NULL; waits */

/* The blob of that entry, `len` bytes at *data, which is exchanged for another
 * buffer, of undefined content and *cap bytes, or for none. The error may be
 * that of a blob before. */
int index_blobs_add(struct index_blobs *b, struct pack_entryvec *entries,
    uint32_t entry, uint8_t **data, size_t *cap, size_t len, struct err *err);
/* Waits for all; then their ids are in the entries. */
int index_blobs_finish(
    struct index_blobs *b, struct pack_entryvec *entries, struct err *err);

#endif
