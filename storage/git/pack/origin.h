/*
 * The objects of one pack as they are stored (gitformat-pack(5)), in the order
 * of their positions: for pack_copy.c, which copies them into another pack.
 */
#ifndef STORAGE_GIT_PACK_ORIGIN_H
#define STORAGE_GIT_PACK_ORIGIN_H

#include "storage/base/err.h"
#include "storage/git/repo/packed_head.h"
#include "storage/git/repo/packs.h"

#include <stddef.h>
#include <stdint.h>

struct origin_slot {
	uint64_t offset;
	uint64_t copied_to; /* where it is in the copy; 0: not in it */
	uint32_t id;	    /* its number in the index */
};

struct origin {
	const struct pack *pack;   /* borrowed */
	struct origin_slot *slots; /* pack->count of them, by offset */
	uint32_t *by_id;	   /* index number -> position in `by offset` */
	uint64_t end;		   /* where the trailer begins */
	int fd;
};
#define ORIGIN_INIT                                                            \
	{                                                                      \
		.fd = -1                                                       \
	}
int origin_open(struct origin *o, const struct pack *pack, struct err *err);
void origin_done(struct origin *o);

/* NULL if the object is not in the pack. */
struct origin_slot *origin_find(
    const struct origin *o, const uint8_t id[GIT_ID_LEN]);
uint64_t origin_slot_end(const struct origin *o, const struct origin_slot *p);
int origin_read(const struct origin *o, uint64_t offset, void *data, size_t len,
    struct err *err);

/* What comes before the data of an object. */
struct stored {
	uint8_t head[PACKED_HEAD_MAX];
	struct packed_head is;
	/* Of a delta with a distance, in this pack; borrowed. */
	const struct origin_slot *base;
};
/* ERR_FORMAT if a distance leads to no object. */
int origin_head(const struct origin *o, const struct origin_slot *p,
    struct stored *s, struct err *err);

#endif
