/*
 * Reads a pack that is whole on disk into an index_pack, several parts at once.
 * index_pack_feed does the same byte after byte, without knowing where objects
 * begin. The same is checked. The offsets need not be trusted: parts that do
 * not join without a gap are an error.
 */
#ifndef STORAGE_GIT_PACK_INDEX_PARTS_H
#define STORAGE_GIT_PACK_INDEX_PARTS_H

#include "storage/git/pack/index_pack.h"

struct index_parts {
	uint64_t bytes;		 /* of the pack */
	const uint64_t *offsets; /* of its objects, ascending */
	size_t count;
	uint64_t part_bytes; /* about; 0: as many parts as threads need */
};

/* Reads all of the pack by `read_at` of ip, which is new and was fed nothing.
 * ERR_FORMAT if the pack is damaged or the offsets are not its own; only
 * feeding it in order shows which of both, and where. After an error ip cannot
 * be used any more. */
int index_parts_read(
    struct index_pack *ip, const struct index_parts *p, struct err *err);

#endif
