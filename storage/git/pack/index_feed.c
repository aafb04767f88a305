/* A pack as it arrives: what is not a delta is unpacked and hashed at once. */
#include "storage/git/pack/index_pack_impl.h"

#include "storage/base/mem.h"

#include <string.h>

enum {
	PACK_HEADER = 12,
	/* A blob up to this is unpacked whole; a larger one is hashed as it
	 * passes. */
	WHOLE_BLOB = 1024 * 1024,
};

static int damaged(
    const struct index_pack *ip, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "the pack is damaged at byte %llu: %s",
	    (unsigned long long)ip->offset, what);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* --- reading, state by state; each takes what it can of the bytes */

static size_t fill_head(
    struct index_pack *ip, size_t want, const uint8_t *data, size_t len)
{
	size_t more = want - ip->head_len;

	if (more > len)
		more = len;
	memcpy(ip->head + ip->head_len, data, more);
	ip->head_len += more;
	return more;
}

static void next_entry(struct index_pack *ip)
{
	ip->head_len = 0;
	ip->state =
	    ip->entries.len == ip->expected ? STATE_TRAILER : STATE_ENTRY;
	if (ip->state == STATE_TRAILER)
		ip->end = ip->offset;
}

static ssize_t feed_header(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	size_t used = fill_head(ip, PACK_HEADER, data, len);

	if (ip->head_len < PACK_HEADER)
		return (ssize_t)used;
	if (memcmp(ip->head, "PACK", 4) != 0)
		return damaged(ip, "it does not begin as a pack", err);
	if (be32(ip->head + 4) != 2 && be32(ip->head + 4) != 3)
		return damaged(ip, "its version is not known", err);
	ip->expected = be32(ip->head + 8);
	ip->offset += used;
	next_entry(ip);
	ip->offset -= used;
	if (ip->state == STATE_TRAILER)
		ip->end = PACK_HEADER;
	return (ssize_t)used;
}

/* Type and length; then, of a delta, what its base is. Returns the length of
 * the whole header, 0 where more bytes are needed, -1 where it is none. */
static int parse_entry_header(
    const struct index_pack *ip, struct pack_entry *e, uint64_t *base_offset)
{
	const uint8_t *p = ip->head;
	const uint8_t *end = p + ip->head_len;
	unsigned shift = 4;

	if (p == end)
		return 0;
	e->kind = (*p >> 4) & 7;
	e->size = *p & 15;
	while (*p++ & 0x80) {
		if (p == end)
			return 0;
		if (shift > 57)
			return -1;
		e->size |= (uint64_t)(*p & 0x7f) << shift;
		shift += 7;
	}
	if (e->kind == 0 || e->kind == 5)
		return -1;
	if (e->kind == PACK_REF_DELTA)
		p += GIT_ID_LEN;
	if (e->kind == PACK_OFS_DELTA) {
		if (p == end)
			return 0;
		uint64_t back = *p & 0x7f;
		while (*p++ & 0x80) {
			if (p == end)
				return 0;
			if (back > (UINT64_MAX >> 9))
				return -1;
			back = ((back + 1) << 7) | (*p & 0x7f);
		}
		if (back == 0 || back >= e->offset)
			return -1;
		*base_offset = e->offset - back;
	}
	return p > end ? 0 : (int)(p - ip->head);
}

static uint32_t find_offset(const struct index_pack *ip, uint64_t offset)
{
	size_t low = 0, high = ip->entries.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		uint64_t at = ip->entries.items[mid].offset;
		if (at == offset)
			return (uint32_t)mid;
		if (at < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return PACK_NONE;
}

static bool keeps_whole(const struct index_pack *ip, const struct pack_entry *e)
{
	return e->kind <= OBJECT_TAG &&
	       (e->kind != OBJECT_BLOB || e->size <= WHOLE_BLOB) &&
	       e->size <= ip->o.max_object_bytes;
}

static void reserve_object(struct index_pack *ip, uint64_t size)
{
	if (size + 1 <= ip->object_cap)
		return;
	ip->object_cap = (size_t)size + 1;
	ip->object = mem_resize(ip->object, ip->object_cap, 1);
}

/* The parsed header becomes an entry, linked to its base. */
static int begin_entry(struct index_pack *ip, struct pack_entry e,
    uint64_t base_offset, struct err *err)
{
	uint32_t index = (uint32_t)ip->entries.len;

	e.base = e.first_child = e.next_sibling = PACK_NONE;
	e.crc = (uint32_t)crc32(0, ip->head, e.header_len);
	if (e.kind == PACK_OFS_DELTA) {
		e.base = find_offset(ip, base_offset);
		if (e.base == PACK_NONE)
			return damaged(
			    ip, "a delta's base is no object's place", err);
		e.next_sibling = ip->entries.items[e.base].first_child;
		ip->entries.items[e.base].first_child = index;
	} else if (e.kind == PACK_REF_DELTA) {
		struct pack_ref_delta *r = vec_add(&ip->refs);
		memcpy(
		    r->base, ip->head + e.header_len - GIT_ID_LEN, GIT_ID_LEN);
		r->entry = index;
	} else if (e.kind != OBJECT_BLOB && !keeps_whole(ip, &e)) {
		return damaged(
		    ip, "a tree or commit is beyond all limits", err);
	}
	*vec_add(&ip->entries) = e;
	if (keeps_whole(ip, &e))
		reserve_object(ip, e.size);
	else if (e.kind == OBJECT_BLOB)
		index_pack_hash_header(ip->object_digest, OBJECT_BLOB, e.size);
	inflateReset(&ip->z);
	ip->z.total_out = 0;
	ip->state = STATE_DATA;
	return 0;
}

static ssize_t feed_entry(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	size_t used = 0;

	while (used < len) {
		struct pack_entry e = {0};
		uint64_t base_offset = 0;
		ip->head[ip->head_len++] = data[used++];
		e.offset = ip->offset + used - ip->head_len;
		int header = parse_entry_header(ip, &e, &base_offset);
		if (header < 0 || (!header && ip->head_len > 48))
			return damaged(ip, "no object begins here", err);
		if (header == 0)
			continue;
		e.header_len = (uint8_t)header;
		if (begin_entry(ip, e, base_offset, err))
			return -1;
		break;
	}
	return (ssize_t)used;
}

static int end_entry(struct index_pack *ip, struct err *err)
{
	struct pack_entry *e = &ip->entries.items[ip->entries.len - 1];

	if (ip->z.total_out != e->size)
		return damaged(ip, "an object is shorter than it says", err);
	if (keeps_whole(ip, e))
		return index_pack_add_object(ip, ip->object_digest, &ip->links,
		    e, e->kind, ip->object, (size_t)e->size, err);
	if (e->kind == OBJECT_BLOB) {
		digest_finish(ip->object_digest, e->id);
		e->type = OBJECT_BLOB;
	}
	return 0;
}

static ssize_t feed_data(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	struct pack_entry *e = &ip->entries.items[ip->entries.len - 1];
	bool whole = keeps_whole(ip, e);
	unsigned piece = len > (1U << 30) ? 1U << 30 : (unsigned)len;
	uLong before = ip->z.total_out;

	/* zlib's type is not const, but it does not write here. */
	ip->z.next_in = (Bytef *)(uintptr_t)data;
	ip->z.avail_in = piece;
	ip->z.next_out = whole ? ip->object + before : ip->window;
	ip->z.avail_out = whole ? (unsigned)(ip->object_cap - before)
				: (unsigned)INDEX_PACK_WINDOW;
	int result = inflate(&ip->z, Z_NO_FLUSH);
	size_t used = piece - ip->z.avail_in;
	if ((result != Z_OK && result != Z_STREAM_END) ||
	    ip->z.total_out > e->size ||
	    (used == 0 && ip->z.total_out == before && result == Z_OK))
		return damaged(ip, "an object cannot be unpacked", err);
	e->crc = (uint32_t)crc32(e->crc, data, (unsigned)used);
	if (!whole && e->kind == OBJECT_BLOB)
		digest_add(
		    ip->object_digest, ip->window, ip->z.total_out - before);
	if (result == Z_STREAM_END) {
		if (end_entry(ip, err))
			return -1;
		ip->offset += used;
		next_entry(ip);
		ip->offset -= used;
	}
	return (ssize_t)used;
}

static ssize_t feed_trailer(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	size_t used = fill_head(ip, GIT_ID_LEN, data, len);

	if (ip->head_len < GIT_ID_LEN)
		return (ssize_t)used;
	digest_finish(ip->pack_digest, ip->checksum);
	if (memcmp(ip->checksum, ip->head, GIT_ID_LEN) != 0)
		return damaged(ip, "its checksum is wrong", err);
	ip->state = STATE_END;
	return (ssize_t)used;
}

static ssize_t feed_state(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	switch (ip->state) {
	case STATE_HEADER:
		return feed_header(ip, data, len, err);
	case STATE_ENTRY:
		return feed_entry(ip, data, len, err);
	case STATE_DATA:
		return feed_data(ip, data, len, err);
	case STATE_TRAILER:
		return feed_trailer(ip, data, len, err);
	case STATE_END:
	default:
		return damaged(ip, "it goes on after its end", err);
	}
}

int index_pack_feed(
    struct index_pack *ip, const void *data, size_t len, struct err *err)
{
	const uint8_t *at = data;
	const uint8_t *hashed = at; /* up to here the checksum knows */

	while (len) {
		if (ip->state == STATE_TRAILER && hashed) {
			digest_add(
			    ip->pack_digest, hashed, (size_t)(at - hashed));
			hashed = NULL;
		}
		ssize_t used = feed_state(ip, at, len, err);
		if (used < 0)
			return -1;
		at += used;
		len -= (size_t)used;
		ip->offset += (uint64_t)used;
	}
	if (hashed && ip->state <= STATE_TRAILER)
		digest_add(ip->pack_digest, hashed, (size_t)(at - hashed));
	return 0;
}

int index_pack_check_end(const struct index_pack *ip, struct err *err)
{
	if (ip->state == STATE_END)
		return 0;
	return damaged(ip, "it ends before it is complete", err);
}
