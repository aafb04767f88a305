#include "storage/git/repo/packed.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/repo/base_cache.h"
#include "storage/git/repo/delta.h"
#include "storage/git/repo/packed_head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
	PIECE = 8 * 1024,
	MAX_CHAIN = 100000,
	MAX_OPEN = 128,	     /* files of packs at once */
	DELTA_SIZES_MAX = 20 /* bytes that a delta's two lengths take */
};

/* A delta on the way to its base. */
struct link {
	uint64_t offset;
	uint64_t at; /* of its data */
	uint64_t size;
};
VEC_DEFINE(linkvec, struct link);

/* What was read last. Objects lie one behind another, and the head of each
 * before its data, so that the next one often is in it. */
struct window {
	size_t pack;
	uint64_t at;
	size_t len; /* 0: nothing */
	uint8_t data[PIECE];
};

struct packed {
	const struct packs *packs;
	int *fds; /* -1: not open */
	size_t open;
	z_stream z;
	struct base_cache cache;
	struct linkvec chain;
	struct window window;
};

struct packed *packed_new(const struct packs *packs)
{
	struct packed *p = mem_new(struct packed);
	const size_t n = packs->packs.len;

	p->packs = packs;
	p->fds = mem_resize(NULL, n + 1, sizeof(*p->fds));
	for (size_t i = 0; i < n; i++)
		p->fds[i] = -1;
	if (inflateInit(&p->z) != Z_OK)
		abort();
	return p;
}

static void close_all(struct packed *p)
{
	for (size_t i = 0; i < p->packs->packs.len; i++) {
		if (p->fds[i] >= 0)
			close(p->fds[i]);
		p->fds[i] = -1;
	}
	p->open = 0;
}

void packed_free(struct packed *p)
{
	if (!p)
		return;
	close_all(p);
	inflateEnd(&p->z);
	base_cache_clear(&p->cache);
	vec_done(&p->chain);
	free(p->fds);
	free(p);
}

static const struct pack *pack_of(const struct packed *p, size_t i)
{
	return &p->packs->packs.items[i];
}

static int damaged(const struct packed *p, size_t pack, struct err *err)
{
	return err_set(err, ERR_FORMAT,
	    "%s is damaged: an object in it cannot be read",
	    pack_of(p, pack)->path);
}

static int fill_window(
    struct packed *p, size_t pack, uint64_t at, struct err *err)
{
	const struct pack *from = pack_of(p, pack);
	struct window *w = &p->window;
	size_t len = sizeof(w->data);

	if (p->fds[pack] < 0) {
		if (p->open >= MAX_OPEN)
			close_all(p);
		p->fds[pack] = open(from->path, O_RDONLY | O_CLOEXEC);
		if (p->fds[pack] < 0)
			return err_system(
			    err, errno, "cannot open %s", from->path);
		p->open++;
	}
	if (len > from->bytes - at)
		len = (size_t)(from->bytes - at);
	w->len = 0;
	if (file_pread_all(p->fds[pack], w->data, len, at, from->path, err))
		return -1;
	w->pack = pack;
	w->at = at;
	w->len = len;
	return 0;
}

/* The bytes from a position on: at least so many, unless the pack ends before.
 * How many, or -1. They stay until the next call. */
static ssize_t read_piece(struct packed *p, size_t pack, uint64_t at,
    size_t least, const uint8_t **data, struct err *err)
{
	const uint64_t bytes = pack_of(p, pack)->bytes;
	const struct window *w = &p->window;

	if (at >= bytes)
		return damaged(p, pack, err);
	if (least > bytes - at)
		least = (size_t)(bytes - at);
	if ((pack != w->pack || at < w->at || at + least > w->at + w->len) &&
	    fill_window(p, pack, at, err))
		return -1;
	*data = w->data + (at - w->at);
	return (ssize_t)(w->at + w->len - at);
}

/* The first len bytes of what is stored there, unpacked; with `all`, that is
 * everything, and out has room for one byte more. */
static int inflate_at(struct packed *p, size_t pack, uint64_t at, uint8_t *out,
    size_t len, bool all, struct err *err)
{
	int result = Z_OK;

	inflateReset(&p->z);
	p->z.avail_in = 0;
	p->z.next_out = out;
	p->z.avail_out = (unsigned)(len + all);
	while (result == Z_OK && p->z.avail_out) {
		if (!p->z.avail_in) {
			const uint8_t *in;
			ssize_t n = read_piece(p, pack, at, 1, &in, err);
			if (n < 0)
				return -1;
			p->z.next_in = (uint8_t *)(uintptr_t)in;
			p->z.avail_in = (unsigned)n;
			at += (uint64_t)n;
		}
		result = inflate(&p->z, Z_NO_FLUSH);
	}
	if (p->z.total_out != len || (all && result != Z_STREAM_END))
		return damaged(p, pack, err);
	return 0;
}

static int read_head(struct packed *p, size_t pack, uint64_t offset,
    struct packed_head *h, struct err *err)
{
	const uint8_t *head;
	ssize_t n = read_piece(p, pack, offset, PACKED_HEAD_MAX, &head, err);

	if (n < 0)
		return -1;
	if (packed_head_parse(p->packs->hash, head, (size_t)n, h) <= 0 ||
	    h->size >= UINT32_MAX)
		return damaged(p, pack, err);
	return 0;
}

/* The position at which the base of a delta begins. */
static int find_base(struct packed *p, size_t pack, uint64_t offset,
    const struct packed_head *h, uint64_t *base, struct err *err)
{
	uint32_t n;

	if (h->kind == PACKED_OFS_DELTA) {
		if (h->back >= offset)
			return damaged(p, pack, err);
		*base = offset - h->back;
		return 0;
	}
	if (!pack_find(pack_of(p, pack), h->base_id, &n))
		return damaged(p, pack, err);
	*base = pack_offset(pack_of(p, pack), n);
	return 0;
}

static bool is_delta(const struct packed_head *h)
{
	return h->kind == PACKED_OFS_DELTA || h->kind == PACKED_REF_DELTA;
}

/* Follows deltas from an object to the first base that is whole or cached: `h`
 * and `offset` become that base's, and the chain has the deltas on the way. */
static int walk_down(struct packed *p, size_t pack, uint64_t *offset,
    struct packed_head *h, struct err *err)
{
	p->chain.len = 0;
	while (!base_cache_get(&p->cache, pack, *offset)) {
		if (read_head(p, pack, *offset, h, err))
			return -1;
		if (!is_delta(h))
			return 0;
		if (p->chain.len >= MAX_CHAIN)
			return damaged(p, pack, err);
		*vec_add(&p->chain) = (struct link){
		    .offset = *offset, .at = *offset + h->len, .size = h->size};
		if (find_base(p, pack, *offset, h, offset, err))
			return -1;
	}
	return 0;
}

static uint8_t *apply(struct packed *p, size_t pack, const struct link *delta,
    const struct base *base, size_t *len, struct err *err)
{
	autofree uint8_t *data = mem_alloc((size_t)delta->size + 1);
	uint64_t base_len, result_len;

	if (inflate_at(
		p, pack, delta->at, data, (size_t)delta->size, true, err) ||
	    delta_sizes(data, (size_t)delta->size, &base_len, &result_len, err))
		return NULL;
	if (result_len >= UINT32_MAX) {
		damaged(p, pack, err);
		return NULL;
	}
	autofree uint8_t *result = mem_alloc((size_t)result_len + 1);
	if (delta_apply(data, (size_t)delta->size, base->data, base->len,
		result, (size_t)result_len, err))
		return NULL;
	*len = (size_t)result_len;
	return steal(result);
}

/* A whole one as it is stored. */
static uint8_t *read_whole(struct packed *p, size_t pack, uint64_t offset,
    const struct packed_head *h, struct err *err)
{
	autofree uint8_t *data = mem_alloc((size_t)h->size + 1);

	return inflate_at(
		   p, pack, offset + h->len, data, (size_t)h->size, true, err)
		   ? NULL
		   : steal(data);
}

/* The content that the deltas begin with: of a base that is cached, or else
 * read. */
static int read_base(struct packed *p, size_t pack, uint64_t offset,
    struct base *base, bool *kept, struct err *err)
{
	struct packed_head h = {.kind = 0};

	if (walk_down(p, pack, &offset, &h, err))
		return -1;
	const struct base *known = base_cache_get(&p->cache, pack, offset);
	*kept = known != NULL;
	if (known) {
		*base = *known;
		return 0;
	}
	*base = (struct base){.pack = pack,
	    .offset = offset,
	    .type = h.kind,
	    .data = read_whole(p, pack, offset, &h, err),
	    .len = (size_t)h.size};
	return base->data ? 0 : -1;
}

uint8_t *packed_read(struct packed *p, size_t pack, uint64_t offset,
    enum object_type *type, size_t *len, struct err *err)
{
	struct base base;
	bool kept;

	if (read_base(p, pack, offset, &base, &kept, err))
		return NULL;
	while (p->chain.len) {
		const struct link *delta = &p->chain.items[--p->chain.len];
		struct base next = {
		    .pack = pack, .offset = delta->offset, .type = base.type};
		next.data = apply(p, pack, delta, &base, &next.len, err);
		if (!kept)
			base_cache_put(&p->cache, base);
		if (!next.data)
			return NULL;
		base = next;
		kept = false;
	}
	uint8_t *data = mem_dup(base.data, base.len);
	*type = base.type;
	*len = base.len;
	if (!kept)
		base_cache_put(&p->cache, base);
	return data;
}

/* A delta begins with the length of its result. */
static int delta_info(struct packed *p, size_t pack, const struct link *delta,
    uint64_t *size, struct err *err)
{
	uint8_t start[DELTA_SIZES_MAX];
	uint64_t base_len;
	size_t len = sizeof(start);

	if (delta->size < len)
		len = (size_t)delta->size;
	return inflate_at(p, pack, delta->at, start, len, false, err) ||
		       delta_sizes(start, len, &base_len, size, err)
		   ? -1
		   : 0;
}

int packed_info(struct packed *p, size_t pack, uint64_t offset,
    enum object_type *type, uint64_t *size, struct err *err)
{
	struct packed_head h = {.kind = 0};

	if (walk_down(p, pack, &offset, &h, err))
		return -1;
	const struct base *known = base_cache_get(&p->cache, pack, offset);
	*type = known ? known->type : h.kind;
	if (p->chain.len)
		return delta_info(p, pack, &p->chain.items[0], size, err);
	*size = known ? known->len : h.size;
	return 0;
}
