#include "storage/git/pack/unpacker.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/git/repo/delta.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Read at once: what is small lies beside others, of which the next one
	 * often is one. */
	LEAST_READ = 4 * 1024,
};
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

/* The bytes from `at` on, some of those before `end`. */
static int read_more(
    struct unpacker *u, uint64_t at, uint64_t end, struct err *err)
{
	struct index_pack *ip = u->ip;
	uint64_t len = end - at < LEAST_READ ? LEAST_READ : end - at;

	if (len > sizeof(u->window))
		len = sizeof(u->window);
	if (len > ip->end - at)
		len = ip->end - at;
	u->window_len = 0;
	if (ip->o.read_at(ip->o.ctx, at, u->window, (size_t)len, err))
		return -1;
	u->window_at = at;
	u->window_len = (size_t)len;
	return 0;
}

/* Unpacks what is stored at an entry into out, which has room for one byte
 * more. */
static int unpack(struct unpacker *u, uint32_t i, uint8_t *out)
{
	const struct pack_entry *e = &u->ip->entries.items[i];
	const uint64_t end = entry_end(u->ip, i);
	uint64_t at = e->offset + e->header_len;
	int result = Z_OK;

	inflateReset(&u->z);
	u->z.next_out = out;
	u->z.avail_out = (unsigned)e->size + 1;
	while (result == Z_OK && at < end) {
		if ((at < u->window_at || at >= u->window_at + u->window_len) &&
		    read_more(u, at, end, &u->err))
			return -1;
		uint64_t len = u->window_at + u->window_len - at;
		len = len < end - at ? len : end - at;
		u->z.next_in = u->window + (at - u->window_at);
		u->z.avail_in = (unsigned)len;
		result = inflate(&u->z, Z_NO_FLUSH);
		at += len;
	}
	if (result != Z_STREAM_END || u->z.total_out != e->size)
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
