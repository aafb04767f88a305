/*
 * An index while it is made: its entries, and how a whole object becomes one.
 * index_pack.c reads the pack into it, index_parts.c several parts of one at
 * once, and index_deltas.c resolves what remains. For these alone.
 */
#ifndef STORAGE_GIT_PACK_INDEX_ENTRY_H
#define STORAGE_GIT_PACK_INDEX_ENTRY_H

#include "storage/base/digest.h"
#include "storage/base/keysort.h"
#include "storage/base/vec.h"
#include "storage/git/pack/index_pack.h"
#include "storage/git/repo/object_digest.h"
#include "storage/git/repo/packed_head.h"

#include <stdatomic.h>
#include <zlib.h>

enum { INDEX_PACK_WINDOW = 64 * 1024, INDEX_PACK_BITS = 12 };
#define PACK_NONE UINT32_MAX

struct pack_entry {
	uint64_t offset;
	uint64_t size; /* length of what is stored, unpacked: object or delta */
	uint32_t crc;
	uint32_t base; /* index; PACK_NONE: not a delta, or not known yet */
	uint32_t first_child;
	uint32_t next_sibling;
	uint8_t id[GIT_ID_LEN];
	uint8_t kind; /* as stored in the pack */
	uint8_t type; /* enum object_type; 0: not resolved yet */
	uint8_t header_len;
	bool open; /* it, or what is made from it, has no id yet */
};
VEC_DEFINE(pack_entryvec, struct pack_entry);

struct pack_ref_delta {
	uint8_t base[GIT_ID_LEN];
	uint32_t entry;
	atomic_bool claimed;
};
VEC_DEFINE(pack_ref_deltavec, struct pack_ref_delta);

/* A delta whose base lies before the part of the pack that is being read. */
struct pack_far_delta {
	uint64_t base; /* offset */
	uint32_t entry;
};
VEC_DEFINE(pack_far_deltavec, struct pack_far_delta);

enum pack_state {
	STATE_HEADER,
	STATE_ENTRY,
	STATE_DATA,
	STATE_TRAILER,
	STATE_END
};

struct index_pack {
	struct index_pack_options o;
	enum pack_state state;
	uint64_t offset;   /* of the next byte */
	uint64_t begin;	   /* of a part; 0: the whole pack is read */
	uint64_t end;	   /* where the trailer or the next part begins */
	uint32_t expected; /* entries, as the header says */
	uint8_t head[64];  /* a header that is being read */
	size_t head_len;
	z_stream z;
	bool z_ready;
	uint8_t *object; /* the content of an entry that is kept here */
	size_t object_cap;
	uint8_t *window; /* content that is not kept passes through here */
	/* Where the current entry goes: one of these, or into `beside`. */
	uint8_t *out;
	size_t out_len;
	bool is_beside;
	bool in_pieces;
	struct object_digest *object_digest;
	struct index_beside *beside; /* NULL while nothing is made there */
	struct digest *pack_digest;
	uint8_t checksum[GIT_ID_LEN];
	struct pack_entryvec entries;  /* by offset */
	struct pack_ref_deltavec refs; /* by base, once all are read */
	struct pack_far_deltavec far;  /* of a part */
	struct object_links links;
	/* Entries by id. The begins of ids, which are the keys, tell almost all
	 * of them apart, and spare the way to the entries. */
	struct keysort *order;
	/* Where in `order` the ids with these first bits begin. */
	uint32_t begins[(1 << INDEX_PACK_BITS) + 1];
};

/* After the last object: what was made while reading is in the entries. */
int index_pack_end_beside(struct index_pack *ip, struct err *err);
/* Lets index_pack_feed expect only `count` objects, of which the first begins
 * at `begin` (not 0), and after them nothing. */
void index_pack_begin_part(
    struct index_pack *ip, uint64_t begin, uint32_t count);
/* The entry that begins at that position; PACK_NONE if there is none. */
uint32_t index_pack_find_offset(const struct index_pack *ip, uint64_t offset);
/* Makes the entry `index` a delta of the entry `base`, which comes before it.
 */
void index_pack_link(struct index_pack *ip, uint32_t index, uint32_t base);

/* The id of a whole object; a small blob is passed on. */
int index_entry_hash(struct index_pack *ip, struct object_digest *d,
    enum object_type type, const void *data, size_t len, uint8_t id[GIT_ID_LEN],
    struct err *err);
/* Collects what it names. */
int index_entry_links(const struct index_pack *ip, struct object_links *links,
    enum object_type type, const void *data, size_t len,
    const uint8_t id[GIT_ID_LEN], struct err *err);
/* Both, into its entry. */
int index_entry_add_object(struct index_pack *ip, struct object_digest *d,
    struct object_links *links, struct pack_entry *e, enum object_type type,
    const void *data, size_t len, struct err *err);

#endif
