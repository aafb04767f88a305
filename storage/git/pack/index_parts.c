#include "storage/git/pack/index_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/git/pack/index_entry.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEADER_BYTES = 12,
	READ_BYTES = 256 * 1024,
	/* Parts need different times: with several for each thread, the threads
	 * end at about the same time. */
	PARTS_PER_THREAD = 4,
	SMALLEST_PART = 256 * 1024,
};

/* One part or, if `index` is NULL, the checksum over everything. */
struct part {
	struct index_pack *whole;
	struct index_pack *index;
	uint64_t begin, end;
	struct err err;
	bool failed;
};
VEC_DEFINE(partvec, struct part);

static int damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "the pack is damaged: %s", what);
}

/* Calls `use` for all bytes from begin to end, in order. */
static int read_part(struct part *p,
    int (*use)(void *ctx, const void *, size_t, struct err *), void *ctx)
{
	const struct index_pack_options *o = &p->whole->o;
	autofree uint8_t *data = mem_alloc(READ_BYTES);

	for (uint64_t at = p->begin; at < p->end;) {
		size_t len = p->end - at < READ_BYTES ? (size_t)(p->end - at)
						      : READ_BYTES;
		if (cancel_check(o->cancel, &p->err) ||
		    o->read_at(o->ctx, at, data, len, &p->err) ||
		    use(ctx, data, len, &p->err))
			return -1;
		at += len;
	}
	return 0;
}

static int use_checksum(
    void *digest, const void *data, size_t len, struct err *err)
{
	(void)err;
	digest_add(digest, data, len);
	return 0;
}

static int check_checksum(struct part *p)
{
	struct index_pack *ip = p->whole;
	const size_t id_len = git_id_len(ip->o.hash);
	uint8_t trailer[GIT_ID_LEN];

	if (read_part(p, use_checksum, ip->pack_digest) ||
	    ip->o.read_at(ip->o.ctx, p->end, trailer, id_len, &p->err))
		return -1;
	digest_finish(ip->pack_digest, ip->checksum);
	return memcmp(ip->checksum, trailer, id_len) == 0
		   ? 0
		   : damaged("its checksum is wrong", &p->err);
}

static int use_objects(
    void *index, const void *data, size_t len, struct err *err)
{
	return index_pack_feed(index, data, len, err);
}

static int read_objects(struct part *p)
{
	if (read_part(p, use_objects, p->index))
		return -1;
	return p->index->state == STATE_END
		   ? index_pack_end_beside(p->index, &p->err)
		   : damaged("an object has no end", &p->err);
}

static void work(void *parts, size_t i)
{
	struct part *p = (struct part *)parts + i;

	p->failed = (p->index ? read_objects(p) : check_checksum(p)) != 0;
}

/* ---- the parts ---- */

static int check_header(
    const struct index_pack *ip, const struct index_parts *p, struct err *err)
{
	uint8_t head[HEADER_BYTES];

	if (!p->count || p->offsets[0] != HEADER_BYTES ||
	    p->offsets[p->count - 1] >= p->bytes - git_id_len(ip->o.hash))
		return damaged("its objects are not where they should be", err);
	if (ip->o.read_at(ip->o.ctx, 0, head, sizeof(head), err))
		return -1;
	const uint8_t expected[] = {'P', 'A', 'C', 'K', 0, 0, 0, head[7],
	    (uint8_t)(p->count >> 24), (uint8_t)(p->count >> 16),
	    (uint8_t)(p->count >> 8), (uint8_t)p->count};
	if (memcmp(head, expected, sizeof(head)) != 0 ||
	    (head[7] != 2 && head[7] != 3))
		return damaged("its header is not that of its objects", err);
	return 0;
}

static void add_part(struct partvec *parts, struct index_pack *ip,
    const struct index_parts *p, size_t from, size_t to)
{
	struct part *part = vec_add(parts);

	part->whole = ip;
	part->begin = p->offsets[from];
	part->end =
	    to < p->count ? p->offsets[to] : p->bytes - git_id_len(ip->o.hash);
	part->index = index_pack_new(&ip->o);
	index_pack_begin_part(part->index, part->begin, (uint32_t)(to - from));
}

static void cut(
    struct partvec *parts, struct index_pack *ip, const struct index_parts *p)
{
	uint64_t bytes = p->bytes / (ip->o.threads * PARTS_PER_THREAD);
	struct part *all = vec_add(parts);

	if (bytes < SMALLEST_PART)
		bytes = SMALLEST_PART;
	if (p->part_bytes)
		bytes = p->part_bytes;
	all->whole = ip;
	all->end = p->bytes - git_id_len(ip->o.hash);
	for (size_t from = 0, i = 1; i <= p->count; i++) {
		if (i < p->count && p->offsets[i] - p->offsets[from] < bytes)
			continue;
		add_part(parts, ip, p, from, i);
		from = i;
	}
}

/* ---- together again ---- */

static void shift(uint32_t *index, uint32_t by)
{
	if (*index != PACK_NONE)
		*index += by;
}

static int join(
    struct index_pack *ip, const struct index_pack *part, struct err *err)
{
	uint32_t before = (uint32_t)ip->entries.len;
	uint8_t id[GIT_ID_LEN];

	VEC_EACH (&part->entries, e) {
		struct pack_entry *new = vec_add(&ip->entries);
		*new = *e;
		shift(&new->base, before);
		shift(&new->first_child, before);
		shift(&new->next_sibling, before);
	}
	VEC_EACH (&part->refs, r) {
		struct pack_ref_delta *new = vec_add(&ip->refs);
		memcpy(new->base, r->base, sizeof(new->base));
		new->entry = r->entry + before;
	}
	VEC_EACH (&part->far, f) {
		uint32_t base = index_pack_find_offset(ip, f->base);
		if (base == PACK_NONE)
			return damaged(
			    "a delta's base is not an object's place", err);
		index_pack_link(ip, f->entry + before, base);
	}
	for (size_t at = 0; object_links_next(&part->links, &at, id);)
		object_links_add(&ip->links, id);
	return 0;
}

int index_parts_read(
    struct index_pack *ip, const struct index_parts *p, struct err *err)
{
	struct partvec parts = VEC_INIT;
	int result = 0;

	if (p->bytes < HEADER_BYTES + git_id_len(ip->o.hash) ||
	    p->count > UINT32_MAX)
		return damaged("it is too short", err);
	if (check_header(ip, p, err))
		return -1;
	cut(&parts, ip, p);
	pool_each(ip->o.threads, parts.len, work, parts.items);
	VEC_EACH (&parts, part) {
		if (result == 0 && part->failed) {
			*err = part->err;
			result = -1;
		}
		if (result == 0 && part->index)
			result = join(ip, part->index, err);
		index_pack_free(part->index);
	}
	vec_done(&parts);
	ip->end = p->bytes - git_id_len(ip->o.hash);
	ip->offset = p->bytes;
	ip->state = STATE_END;
	return result;
}
