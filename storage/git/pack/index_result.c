/*
 * What an indexed pack holds, in the order of ids, and its index file.
 */
#include "storage/git/pack/index_pack_impl.h"

#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b, void *ctx)
{
	const struct pack_entry *entries = ctx;

	return memcmp(entries[*(const uint32_t *)a].id,
	    entries[*(const uint32_t *)b].id, GIT_ID_LEN);
}

int index_pack_resolve(struct index_pack *ip, struct err *err)
{
	if (index_pack_check_end(ip, err))
		return -1;
	if (index_pack_deltas(ip, err))
		return -1;
	size_t count = ip->entries.len;
	ip->order = mem_resize(NULL, count + 1, sizeof(*ip->order));
	for (size_t i = 0; i < count; i++)
		ip->order[i] = (uint32_t)i;
	qsort_r(ip->order, count, sizeof(*ip->order), by_id, ip->entries.items);
	return 0;
}

size_t index_pack_count(const struct index_pack *ip)
{
	return ip->entries.len;
}

const uint8_t *index_pack_checksum(const struct index_pack *ip)
{
	return ip->checksum;
}

const uint8_t *index_pack_id(const struct index_pack *ip, size_t i)
{
	return ip->entries.items[ip->order[i]].id;
}

uint64_t index_pack_offset(const struct index_pack *ip, size_t i)
{
	return ip->entries.items[ip->order[i]].offset;
}

bool index_pack_has(const struct index_pack *ip, const uint8_t id[GIT_ID_LEN])
{
	size_t low = 0, high = ip->entries.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = memcmp(id, index_pack_id(ip, mid), GIT_ID_LEN);
		if (order == 0)
			return true;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

const struct object_links *index_pack_object_links(const struct index_pack *ip)
{
	return &ip->links;
}

static void add_be32(struct buf *out, uint32_t v)
{
	const uint8_t b[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v};

	buf_add(out, b, sizeof(b));
}

/* Offsets of 31 bits stand in the table; larger ones in a second one. */
static void add_offsets(const struct index_pack *ip, struct buf *out)
{
	uint32_t large = 0;

	for (size_t i = 0; i < ip->entries.len; i++) {
		uint64_t at = ip->entries.items[ip->order[i]].offset;
		add_be32(out,
		    at < 0x80000000U ? (uint32_t)at : 0x80000000U | large++);
	}
	for (size_t i = 0; i < ip->entries.len; i++) {
		uint64_t at = ip->entries.items[ip->order[i]].offset;
		if (at >= 0x80000000U) {
			add_be32(out, (uint32_t)(at >> 32));
			add_be32(out, (uint32_t)at);
		}
	}
}

void index_pack_write(const struct index_pack *ip, struct buf *out)
{
	static const uint8_t magic[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};
	size_t count = ip->entries.len;
	size_t begin = out->len;
	uint32_t fanout[256] = {0};
	uint8_t sum[GIT_ID_LEN];

	buf_reserve(out, sizeof(magic) + sizeof(fanout) + count * 28 + 64);
	buf_add(out, magic, sizeof(magic));
	for (size_t i = 0; i < count; i++)
		fanout[index_pack_id(ip, i)[0]]++;
	for (size_t i = 0, sofar = 0; i < 256; i++)
		add_be32(out, (uint32_t)(sofar += fanout[i]));
	for (size_t i = 0; i < count; i++)
		buf_add(out, index_pack_id(ip, i), GIT_ID_LEN);
	for (size_t i = 0; i < count; i++)
		add_be32(out, ip->entries.items[ip->order[i]].crc);
	add_offsets(ip, out);
	buf_add(out, ip->checksum, GIT_ID_LEN);
	digest_of(DIGEST_SHA1, out->data + begin, out->len - begin, sum);
	buf_add(out, sum, GIT_ID_LEN);
}
