/*
 * Makes the objects of a pack while it is read: those that are stored whole
 * and, of deltas, those whose base was made a little before. Threads of its own
 * hash them, if it has any. The other deltas are left for index_deltas.c. For
 * index_pack.c alone.
 */
#ifndef STORAGE_GIT_PACK_INDEX_BESIDE_H
#define STORAGE_GIT_PACK_INDEX_BESIDE_H

#include "storage/git/pack/index_entry.h"

/* Objects up to this size are made here, by deltas up to this size. */
enum { INDEX_BESIDE_MAX = 1024 * 1024 };

struct index_beside;

/* The index is borrowed; only index_beside_wait returns its links. */
struct index_beside *index_beside_new(struct index_pack *ip, bool threads);
void index_beside_free(struct index_beside *b); /* takes NULL; waits */

/* Room for an object that is stored whole, and for one byte more. The error is
 * that of an object before. */
uint8_t *index_beside_room(struct index_beside *b, size_t len, struct err *err);
/* The room holds the object of the last entry. */
void index_beside_add(struct index_beside *b);
/* The last entry is that delta of another. If its base is not at hand, or it is
 * wrong, nothing becomes of it. The error is that of an object before. */
int index_beside_add_delta(
    struct index_beside *b, const uint8_t *delta, struct err *err);
/* Waits for all; then the ids are in the entries. */
int index_beside_wait(struct index_beside *b, struct err *err);

#endif
