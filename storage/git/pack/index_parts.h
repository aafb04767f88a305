/*
 * Reads a pack that lies whole on disk into an index_pack, several parts of it
 * at once: what index_pack_feed does byte after byte, for a pack of which it is
 * known where its objects begin. What is checked is the same. The offsets need
 * not be trusted: parts that do not join without a gap are an error.
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

/* All of the pack, read by `read_at` of ip, which is new and fed nothing.
 * ERR_FORMAT where the pack is damaged or the offsets are not its own: which of
 * both, and where, only feeding it in order tells. After an error ip is of no
 * more use. */
int index_parts_read(
    struct index_pack *ip, const struct index_parts *p, struct err *err);

#endif
