#include "storage/git/pack/unpacker.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/git/repo/delta.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(indexvec, uint32_t);

void unpacker_init(struct unpacker *u, struct index_pack *ip)
{
	*u = (struct unpacker){.ip = ip};
	if (inflateInit(&u->z) != Z_OK)
		abort();
}

void unpacker_done(struct unpacker *u)
{
	inflateEnd(&u->z);
	free(u->packed);
	free(u->delta);
}

static uint64_t entry_end(const struct index_pack *ip, uint32_t i)
{
	return i + 1 < ip->entries.len ? ip->entries.items[i + 1].offset
				       : ip->end;
}

static void reserve(uint8_t **data, size_t *cap, size_t want)
{
	if (want <= *cap)
		return;
	*cap = want + want / 4;
	*data = mem_resize(*data, *cap, 1);
}

/* Unpacks what is stored at an entry into out, which has room for one byte
 * more. */
static int unpack(struct unpacker *u, uint32_t i, uint8_t *out)
{
	struct index_pack *ip = u->ip;
	const struct pack_entry *e = &ip->entries.items[i];
	uint64_t start = e->offset + e->header_len;
	size_t len = (size_t)(entry_end(ip, i) - start);

	reserve(&u->packed, &u->packed_cap, len);
	if (ip->o.read_at(ip->o.ctx, start, u->packed, len, &u->err))
		return -1;
	inflateReset(&u->z);
	u->z.next_in = u->packed;
	u->z.avail_in = (unsigned)len;
	u->z.next_out = out;
	u->z.avail_out = (unsigned)e->size + 1;
	if (inflate(&u->z, Z_FINISH) != Z_STREAM_END ||
	    u->z.total_out != e->size)
		return err_set(
		    &u->err, ERR_FORMAT, "the pack changed while it was read");
	return 0;
}

static int check_size(struct unpacker *u, uint64_t size)
{
	uint64_t max = u->ip->o.max_object_bytes;

	if (size <= max && size < UINT32_MAX)
		return 0;
	return err_set(&u->err, ERR_FORMAT,
	    "a delta is of an object of %llu bytes, and only %llu are allowed",
	    (unsigned long long)size, (unsigned long long)max);
}

uint8_t *unpacker_whole(struct unpacker *u, uint32_t i, size_t *len)
{
	const struct pack_entry *e = &u->ip->entries.items[i];

	if (check_size(u, e->size))
		return NULL;
	autofree uint8_t *data = mem_alloc((size_t)e->size + 1);
	if (unpack(u, i, data))
		return NULL;
	*len = (size_t)e->size;
	return steal(data);
}

uint8_t *unpacker_apply(struct unpacker *u, uint32_t i, const uint8_t *base,
    size_t base_len, size_t *len)
{
	const struct pack_entry *e = &u->ip->entries.items[i];
	uint64_t base_bytes, bytes;

	if (check_size(u, e->size))
		return NULL;
	reserve(&u->delta, &u->delta_cap, (size_t)e->size + 1);
	if (unpack(u, i, u->delta) ||
	    delta_sizes(
		u->delta, (size_t)e->size, &base_bytes, &bytes, &u->err) ||
	    check_size(u, bytes))
		return NULL;
	autofree uint8_t *data = mem_alloc((size_t)bytes + 1);
	if (delta_apply(u->delta, (size_t)e->size, base, base_len, data,
		(size_t)bytes, &u->err))
		return NULL;
	*len = (size_t)bytes;
	return steal(data);
}

uint8_t *unpacker_make_again(struct unpacker *u, uint32_t i, size_t *len)
{
	const struct pack_entry *entries = u->ip->entries.items;
	struct indexvec chain = VEC_INIT;

	for (; entries[i].base != PACK_NONE; i = entries[i].base)
		*vec_add(&chain) = i;
	uint8_t *data = unpacker_whole(u, i, len);
	while (data && chain.len) {
		uint8_t *next = unpacker_apply(
		    u, chain.items[--chain.len], data, *len, len);
		free(data);
		data = next;
	}
	vec_done(&chain);
	return data;
}
