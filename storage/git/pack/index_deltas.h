/*
 * Resolves the deltas of a pack with several threads, once all of it is read.
 * For index_pack.c alone.
 */
#ifndef STORAGE_GIT_PACK_INDEX_DELTAS_H
#define STORAGE_GIT_PACK_INDEX_DELTAS_H

#include "storage/git/pack/index_entry.h"

/* Fills in the ids and types of all deltas. */
int index_deltas_resolve(struct index_pack *ip, struct err *err);

#endif
