#include "storage/git/pack/index_pack.h"

#include "storage/base/be.h"
#include "storage/base/mem.h"
#include "storage/git/pack/index_beside.h"
#include "storage/git/pack/index_deltas.h"
#include "storage/git/pack/index_entry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 8 };

struct index_pack *index_pack_new(const struct index_pack_options *o)
{
	struct index_pack *ip = mem_new(struct index_pack);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	ip->o = *o;
	if (!ip->o.threads)
		ip->o.threads = cores > MAX_THREADS ? MAX_THREADS
				: cores > 0	    ? (size_t)cores
						    : 1;
	if (!ip->o.max_object_bytes)
		ip->o.max_object_bytes = 1024ULL * 1024 * 1024;
	ip->window = mem_alloc(INDEX_PACK_WINDOW);
	ip->object_digest = object_digest_new(o->hash, !o->checked_before);
	ip->pack_digest = digest_new(git_id_digest(o->hash));
	if (inflateInit(&ip->z) != Z_OK)
		abort();
	return ip;
}

void index_pack_free(struct index_pack *ip)
{
	if (!ip)
		return;
	inflateEnd(&ip->z);
	index_beside_free(ip->beside);
	object_digest_free(ip->object_digest);
	digest_free(ip->pack_digest);
	object_links_done(&ip->links);
	vec_done(&ip->entries);
	vec_done(&ip->refs);
	vec_done(&ip->far);
	free(ip->object);
	free(ip->window);
	free(ip->order);
	free(ip);
}

void index_pack_freep(struct index_pack **ip)
{
	index_pack_free(*ip);
}

/* ---- reading the pack ---- */

enum {
	PACK_HEADER = 12,
	/* A blob up to this size is unpacked into memory; a larger one is
	 * hashed as it passes. */
	WHOLE_BLOB = 1024 * 1024,
};

static int damaged(
    const struct index_pack *ip, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "the pack is damaged at byte %llu: %s",
	    (unsigned long long)ip->offset, what);
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
	ip->state = STATE_ENTRY;
	if (ip->entries.len < ip->expected)
		return;
	ip->state = ip->begin ? STATE_END : STATE_TRAILER;
	ip->end = ip->offset;
}

void index_pack_begin_part(
    struct index_pack *ip, uint64_t begin, uint32_t count)
{
	ip->begin = ip->offset = begin;
	ip->expected = count;
	next_entry(ip);
}

static ssize_t feed_header(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	size_t used = fill_head(ip, PACK_HEADER, data, len);

	if (ip->head_len < PACK_HEADER)
		return (ssize_t)used;
	if (memcmp(ip->head, "PACK", 4) != 0)
		return damaged(ip, "it does not begin as a pack", err);
	if (be_read32(ip->head + 4) != 2 && be_read32(ip->head + 4) != 3)
		return damaged(ip, "its version is not known", err);
	ip->expected = be_read32(ip->head + 8);
	ip->offset += used;
	next_entry(ip);
	ip->offset -= used;
	if (ip->state == STATE_TRAILER)
		ip->end = PACK_HEADER;
	return (ssize_t)used;
}

uint32_t index_pack_find_offset(const struct index_pack *ip, uint64_t offset)
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

static bool goes_beside(const struct index_pack *ip, const struct pack_entry *e)
{
	return e->size <= INDEX_BESIDE_MAX &&
	       (keeps_whole(ip, e) || e->base != PACK_NONE);
}

/* Parts of a pack are read by several threads already. */
static struct index_beside *make_beside(struct index_pack *ip)
{
	return index_beside_new(ip, !ip->begin && ip->o.threads > 1);
}

/* Room for what is stored at the last entry. */
static int reserve(struct index_pack *ip, struct err *err)
{
	const struct pack_entry *e = &ip->entries.items[ip->entries.len - 1];
	const size_t room = (size_t)e->size + 1;

	ip->is_beside = goes_beside(ip, e);
	ip->in_pieces = !ip->is_beside && !keeps_whole(ip, e);
	if (ip->is_beside && !ip->beside)
		ip->beside = make_beside(ip);
	if (ip->is_beside && e->base == PACK_NONE) {
		ip->out = index_beside_room(ip->beside, (size_t)e->size, err);
		ip->out_len = room;
		return ip->out ? 0 : -1;
	}
	if (!ip->in_pieces && room > ip->object_cap) {
		ip->object = mem_resize(ip->object, room, 1);
		ip->object_cap = room;
	}
	ip->out = ip->in_pieces ? ip->window : ip->object;
	ip->out_len = ip->in_pieces ? INDEX_PACK_WINDOW : ip->object_cap;
	return 0;
}

void index_pack_link(struct index_pack *ip, uint32_t index, uint32_t base)
{
	struct pack_entry *e = &ip->entries.items[index];

	e->base = base;
	e->next_sibling = ip->entries.items[base].first_child;
	ip->entries.items[base].first_child = index;
}

/* The parsed header becomes an entry, linked to its base. */
static int begin_entry(struct index_pack *ip, const struct packed_head *h,
    uint64_t offset, struct err *err)
{
	uint32_t index = (uint32_t)ip->entries.len, base = PACK_NONE;
	struct pack_entry e = {.offset = offset,
	    .size = h->size,
	    .kind = h->kind,
	    .header_len = h->len};

	e.base = e.first_child = e.next_sibling = PACK_NONE;
	e.crc = (uint32_t)crc32(0, ip->head, e.header_len);
	if (e.kind == PACKED_OFS_DELTA && h->back >= offset)
		return damaged(
		    ip, "a delta's base is not an object's place", err);
	if (e.kind == PACKED_OFS_DELTA && offset - h->back < ip->begin) {
		struct pack_far_delta *f = vec_add(&ip->far);
		f->base = offset - h->back;
		f->entry = index;
	} else if (e.kind == PACKED_OFS_DELTA) {
		base = index_pack_find_offset(ip, offset - h->back);
		if (base == PACK_NONE)
			return damaged(
			    ip, "a delta's base is not an object's place", err);
	} else if (e.kind == PACKED_REF_DELTA) {
		struct pack_ref_delta *r = vec_add(&ip->refs);
		memcpy(r->base, h->base_id, GIT_ID_LEN);
		r->entry = index;
	} else if (e.kind != OBJECT_BLOB && !keeps_whole(ip, &e)) {
		return damaged(
		    ip, "a tree or commit is beyond all limits", err);
	}
	*vec_add(&ip->entries) = e;
	if (base != PACK_NONE)
		index_pack_link(ip, index, base);
	if (reserve(ip, err))
		return -1;
	if (e.kind == OBJECT_BLOB && !keeps_whole(ip, &e))
		object_digest_begin_blob(ip->object_digest, e.size);
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
		struct packed_head h;
		ip->head[ip->head_len++] = data[used++];
		int header =
		    packed_head_parse(ip->o.hash, ip->head, ip->head_len, &h);
		if (header < 0 || (!header && ip->head_len >= PACKED_HEAD_MAX))
			return damaged(ip, "no object begins here", err);
		if (header == 0)
			continue;
		if (begin_entry(ip, &h, ip->offset + used - ip->head_len, err))
			return -1;
		break;
	}
	return (ssize_t)used;
}

/* Those threads add to the links, too. */
static int add_here(
    struct index_pack *ip, struct pack_entry *e, struct err *err)
{
	if (ip->beside && index_beside_wait(ip->beside, err))
		return -1;
	return index_entry_add_object(ip, ip->object_digest, &ip->links, e,
	    e->kind, ip->object, (size_t)e->size, err);
}

static int end_entry(struct index_pack *ip, struct err *err)
{
	struct pack_entry *e = &ip->entries.items[ip->entries.len - 1];

	if (ip->z.total_out != e->size)
		return damaged(ip, "an object is shorter than it says", err);
	if (ip->is_beside && e->base != PACK_NONE)
		return index_beside_add_delta(ip->beside, ip->object, err);
	if (ip->is_beside) {
		index_beside_add(ip->beside);
		return 0;
	}
	if (keeps_whole(ip, e))
		return add_here(ip, e, err);
	if (e->kind != OBJECT_BLOB)
		return 0;
	e->type = OBJECT_BLOB;
	return object_digest_finish(ip->object_digest, e->id, err);
}

static ssize_t feed_data(
    struct index_pack *ip, const uint8_t *data, size_t len, struct err *err)
{
	struct pack_entry *e = &ip->entries.items[ip->entries.len - 1];
	unsigned piece = len > (1U << 30) ? 1U << 30 : (unsigned)len;
	uLong before = ip->z.total_out;

	/* zlib's type is not const, but it does not write here. */
	ip->z.next_in = (Bytef *)(uintptr_t)data;
	ip->z.avail_in = piece;
	size_t filled = ip->in_pieces ? 0 : before;
	ip->z.next_out = ip->out + filled;
	ip->z.avail_out = (unsigned)(ip->out_len - filled);
	int result = inflate(&ip->z, Z_NO_FLUSH);
	size_t used = piece - ip->z.avail_in;
	if ((result != Z_OK && result != Z_STREAM_END) ||
	    ip->z.total_out > e->size ||
	    (used == 0 && ip->z.total_out == before && result == Z_OK))
		return damaged(ip, "an object cannot be unpacked", err);
	e->crc = (uint32_t)crc32(e->crc, data, (unsigned)used);
	if (ip->in_pieces && e->kind == OBJECT_BLOB)
		object_digest_add(
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
	const size_t id_len = git_id_len(ip->o.hash);
	size_t used = fill_head(ip, id_len, data, len);

	if (ip->head_len < id_len)
		return (ssize_t)used;
	digest_finish(ip->pack_digest, ip->checksum);
	if (memcmp(ip->checksum, ip->head, id_len) != 0)
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
	/* The checksum covers the bytes up to here; a part has none. */
	const uint8_t *hashed = ip->begin ? NULL : at;

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

static int check_end(const struct index_pack *ip, struct err *err)
{
	if (ip->state == STATE_END)
		return 0;
	return damaged(ip, "it ends before it is complete", err);
}

/* ---- the result ---- */

/* Numbers in the order of the bytes. */
static uint64_t begin_of(const uint8_t *id)
{
	return (uint64_t)be_read32(id) << 32 | be_read32(id + 4);
}

static const struct pack_entry *entry_at(const struct index_pack *ip, size_t i)
{
	return &ip->entries.items[ip->order[i].value];
}

/* Ids that begin alike are next to each other now, and there are hardly any,
 * unless an object is in the pack more than once. */
static void sort_rest(struct index_pack *ip)
{
	for (size_t i = 1; i < ip->entries.len; i++) {
		const struct keysort key = ip->order[i];
		const uint8_t *id = entry_at(ip, i)->id;
		size_t at = i;
		while (at && ip->order[at - 1].key == key.key &&
		       memcmp(index_pack_id(ip, at - 1), id, GIT_ID_LEN) > 0) {
			ip->order[at] = ip->order[at - 1];
			at--;
		}
		ip->order[at] = key;
	}
}

static size_t first_bits(uint64_t begin)
{
	return (size_t)(begin >> (64 - INDEX_PACK_BITS));
}

static void find_begins(struct index_pack *ip)
{
	const size_t count = ip->entries.len;

	for (size_t bits = 0, i = 0; bits <= 1U << INDEX_PACK_BITS; bits++) {
		while (i < count && first_bits(ip->order[i].key) < bits)
			i++;
		ip->begins[bits] = (uint32_t)i;
	}
}

int index_pack_end_beside(struct index_pack *ip, struct err *err)
{
	if (ip->beside && index_beside_wait(ip->beside, err))
		return -1;
	index_beside_free(ip->beside);
	ip->beside = NULL;
	return 0;
}

int index_pack_resolve(struct index_pack *ip, struct err *err)
{
	if (check_end(ip, err) || index_pack_end_beside(ip, err))
		return -1;
	if (index_deltas_resolve(ip, err))
		return -1;
	size_t count = ip->entries.len;
	ip->order = mem_resize(NULL, count + 1, sizeof(*ip->order));
	for (size_t i = 0; i < count; i++)
		ip->order[i] =
		    (struct keysort){.key = begin_of(ip->entries.items[i].id),
			.value = (uint32_t)i};
	keysort(&ip->order, count);
	sort_rest(ip);
	find_begins(ip);
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
	return entry_at(ip, i)->id;
}

uint64_t index_pack_offset(const struct index_pack *ip, size_t i)
{
	return entry_at(ip, i)->offset;
}

bool index_pack_has(const struct index_pack *ip, const uint8_t id[GIT_ID_LEN])
{
	const uint64_t begin = begin_of(id);
	size_t low = ip->begins[first_bits(begin)];
	size_t high = ip->begins[first_bits(begin) + 1];

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (ip->order[mid].key < begin)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < ip->entries.len && ip->order[low].key == begin; low++)
		if (memcmp(id, index_pack_id(ip, low), GIT_ID_LEN) == 0)
			return true;
	return false;
}

const struct object_links *index_pack_object_links(const struct index_pack *ip)
{
	return &ip->links;
}

void index_pack_forget_object_links(struct index_pack *ip)
{
	object_links_done(&ip->links);
}

/* Offsets of 31 bits stand in the table; larger ones in a second one. */
static void add_offsets(const struct index_pack *ip, struct buf *out)
{
	uint32_t large = 0;

	for (size_t i = 0; i < ip->entries.len; i++) {
		uint64_t at = entry_at(ip, i)->offset;
		be_add32(out,
		    at < 0x80000000U ? (uint32_t)at : 0x80000000U | large++);
	}
	for (size_t i = 0; i < ip->entries.len; i++) {
		uint64_t at = entry_at(ip, i)->offset;
		if (at >= 0x80000000U) {
			be_add32(out, (uint32_t)(at >> 32));
			be_add32(out, (uint32_t)at);
		}
	}
}

void index_pack_write(const struct index_pack *ip, struct buf *out)
{
	static const uint8_t magic[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};
	const size_t id_len = git_id_len(ip->o.hash);
	size_t count = ip->entries.len;
	size_t begin = out->len;
	uint32_t fanout[256] = {0};
	uint8_t sum[GIT_ID_LEN];

	buf_reserve(out, sizeof(magic) + sizeof(fanout) + count * (id_len + 8) +
			     2 * GIT_ID_LEN);
	buf_add(out, magic, sizeof(magic));
	for (size_t i = 0; i < count; i++)
		fanout[index_pack_id(ip, i)[0]]++;
	for (size_t i = 0, sofar = 0; i < 256; i++)
		be_add32(out, (uint32_t)(sofar += fanout[i]));
	for (size_t i = 0; i < count; i++)
		buf_add(out, index_pack_id(ip, i), id_len);
	for (size_t i = 0; i < count; i++)
		be_add32(out, entry_at(ip, i)->crc);
	add_offsets(ip, out);
	buf_add(out, ip->checksum, id_len);
	digest_of(git_id_digest(ip->o.hash), out->data + begin,
	    out->len - begin, sum);
	buf_add(out, sum, id_len);
}
