/*
 * Makes the objects of a pack: unpacks whole ones and applies deltas. For
 * index_deltas.c; one unpacker serves one thread.
 */
#ifndef STORAGE_GIT_PACK_UNPACKER_H
#define STORAGE_GIT_PACK_UNPACKER_H

#include "storage/git/pack/index_entry.h"

struct unpacker {
	struct index_pack *ip; /* borrowed */
	z_stream z;
	uint8_t window[32 * 1024]; /* what was read last */
	uint64_t window_at;
	size_t window_len;
	uint8_t *delta;
	size_t delta_cap;
	struct err err; /* why the last call returned NULL */
};
void unpacker_init(struct unpacker *u, struct index_pack *ip);
void unpacker_done(struct unpacker *u);

/* Each returns an object of *len bytes that the caller frees, or NULL. */
uint8_t *unpacker_whole(struct unpacker *u, uint32_t entry, size_t *len);
/* The delta at an entry, applied to its base. */
uint8_t *unpacker_apply(struct unpacker *u, uint32_t entry, const uint8_t *base,
    size_t base_len, size_t *len);
/* Made again from the first base that is whole, for an object whose base was
 * dropped. */
uint8_t *unpacker_make_again(struct unpacker *u, uint32_t entry, size_t *len);

#endif
