#include "storage/git/pack/copy.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/git/pack/origin.h"
#include "storage/git/pack/writer.h"
#include "storage/git/repo/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

struct copy {
	const struct packs *packs;
	const struct object_links *wanted; /* NULL: all */
	struct repo *repo;		   /* only where some are wanted */
	struct origin *origins;
	struct pack_writer out;
	uint8_t *chunk;
};

/* Where in the copy an earlier pack's copy of the object is; 0: nowhere. */
static uint64_t copied_before(
    const struct copy *c, size_t before, const uint8_t *id)
{
	for (size_t i = 0; i < before; i++) {
		const struct origin_slot *p = origin_find(&c->origins[i], id);
		if (p)
			return p->copied_to;
	}
	return 0;
}

/* Writes the distance to a base (gitformat-pack(5)); returns the number of
 * bytes. */
static size_t put_distance(uint64_t distance, uint8_t *out)
{
	uint8_t bytes[10];
	size_t n = 0;

	bytes[n++] = distance & 0x7f;
	while (distance >>= 7)
		bytes[n++] = (uint8_t)(0x80 | (--distance & 0x7f));
	for (size_t i = 0; i < n; i++)
		out[i] = bytes[n - 1 - i];
	return n;
}

/* The base of the delta is not copied, so the delta cannot be copied as it is.
 */
static bool loses_base(const struct copy *c, const struct stored *s)
{
	if (s->base)
		return !s->base->copied_to;
	return s->is.kind == PACKED_REF_DELTA && c->wanted &&
	       !object_links_has(c->wanted, s->is.base_id);
}

/* With its new distance, where it has one. */
static int put_head(struct copy *c, const struct stored *s, struct err *err)
{
	uint8_t out[PACKED_HEAD_MAX];
	size_t n = s->is.type_len;

	memcpy(out, s->head, s->is.len);
	if (s->is.kind == PACKED_REF_DELTA)
		n = s->is.len;
	else if (s->base)
		n += put_distance(c->out.written - s->base->copied_to, out + n);
	return pack_writer_raw(&c->out, out, n, err);
}

static int copy_whole(struct copy *c, const uint8_t *id, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	enum object_type type;

	if (!c->repo) /* if all objects are copied, every base comes before its
			 deltas */
		return err_set(err, ERR_FORMAT,
		    "a pack is damaged: two objects begin at one place");
	if (repo_read(c->repo, id, &type, &data, err))
		return -1;
	cleanup(source_freep) struct source *from =
	    source_from_memory(data.data, data.len);
	return pack_writer_object(&c->out, type, data.len, from, err);
}

static int copy_object(struct copy *c, const struct origin *o,
    struct origin_slot *p, struct err *err)
{
	const uint64_t end = origin_slot_end(o, p);
	struct stored s;

	if (origin_head(o, p, &s, err))
		return -1;
	p->copied_to = c->out.written;
	if (loses_base(c, &s))
		return copy_whole(c, pack_id(o->pack, p->id).bytes, err);
	if (put_head(c, &s, err))
		return -1;
	for (uint64_t from = p->offset + s.is.len; from < end;) {
		size_t n = end - from < CHUNK ? (size_t)(end - from) : CHUNK;
		if (origin_read(o, from, c->chunk, n, err) ||
		    pack_writer_raw(&c->out, c->chunk, n, err))
			return -1;
		from += n;
	}
	return 0;
}

/* The first pack is copied as it is; from the others, what is not there yet. */
static int copy_origin(struct copy *c, size_t index, struct err *err)
{
	struct origin *o = &c->origins[index];

	for (uint32_t i = 0; i < o->pack->count; i++) {
		struct origin_slot *p = &o->slots[i];
		const struct git_id id = pack_id(o->pack, p->id);
		if (c->wanted && !object_links_has(c->wanted, id.bytes))
			continue;
		p->copied_to = copied_before(c, index, id.bytes);
		if (!p->copied_to && copy_object(c, o, p, err))
			return -1;
	}
	return 0;
}

static uint32_t count_objects(const struct copy *c)
{
	uint32_t count = 0;

	for (size_t k = 0; k < c->packs->packs.len; k++) {
		const struct pack *p = c->origins[k].pack;
		for (uint32_t i = 0; i < p->count; i++) {
			const struct git_id id = pack_id(p, i);
			bool seen = false;
			for (size_t j = 0; j < k && !seen; j++)
				seen = pack_find(
				    c->origins[j].pack, id.bytes, NULL);
			count += !seen;
		}
	}
	return count;
}

static int copy_origins(struct copy *c, struct err *err)
{
	for (size_t i = 0; i < c->packs->packs.len; i++)
		if (copy_origin(c, i, err))
			return -1;
	return 0;
}

static int open_origins(struct copy *c, struct err *err)
{
	size_t n = c->packs->packs.len;

	c->origins = mem_zalloc((n + 1) * sizeof(*c->origins));
	for (size_t i = 0; i < n; i++)
		c->origins[i] = (struct origin)ORIGIN_INIT;
	for (size_t i = 0; i < n; i++)
		if (origin_open(&c->origins[i], &c->packs->packs.items[i], err))
			return -1;
	return 0;
}

static void copy_init(struct copy *c, const struct packs *packs,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel)
{
	*c = (struct copy){.packs = packs, .chunk = mem_alloc(CHUNK)};
	pack_writer_init(&c->out, packs->hash, on_data, ctx, cancel);
}

static void copy_done(struct copy *c)
{
	for (size_t i = 0; c->origins && i < c->packs->packs.len; i++)
		origin_done(&c->origins[i]);
	free(c->origins);
	free(c->chunk);
	pack_writer_done(&c->out);
}

/* A single pack is its own copy. */
static int copy_single(const struct copy *c, const char *path, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_system(err, errno, "cannot open %s", path);
	for (;;) {
		ssize_t n = read(fd, c->chunk, CHUNK);
		if (n < 0)
			return err_system(err, errno, "cannot read %s", path);
		if (n == 0)
			return 0;
		if (cancel_check(c->out.cancel, err) ||
		    c->out.on_data(c->out.ctx, c->chunk, (size_t)n, err))
			return -1;
	}
}

int pack_copy_all(const struct packs *packs,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err)
{
	cleanup(copy_done) struct copy c;

	copy_init(&c, packs, on_data, ctx, cancel);
	if (packs->packs.len == 1)
		return copy_single(&c, packs->packs.items[0].path, err);
	if (open_origins(&c, err) ||
	    pack_writer_start(&c.out, count_objects(&c), err) ||
	    copy_origins(&c, err))
		return -1;
	return pack_writer_end(&c.out, err);
}

/* The object may have been packed meanwhile, or may be in a pack that cannot be
 * read in pieces. The library still finds it. */
static int copy_unpacked(struct copy *c, const struct strvec *dirs,
    const uint8_t *id, struct err *err)
{
	struct err why = ERR_INIT;
	enum object_type type;
	uint64_t size;
	cleanup(source_freep) struct source *from =
	    loose_open(dirs, c->packs->hash, id, &type, &size, &why);

	if (from)
		return pack_writer_object(&c->out, type, size, from, err);
	if (why.code == ERR_NOT_FOUND)
		return copy_whole(c, id, err);
	*err = why;
	return -1;
}

static int copy_rest(struct copy *c, const struct strvec *dirs, struct err *err)
{
	uint8_t id[GIT_ID_LEN];

	for (size_t at = 0; object_links_next(c->wanted, &at, id);)
		if (!packs_has(c->packs, id) && copy_unpacked(c, dirs, id, err))
			return -1;
	return 0;
}

int pack_copy_some(const struct pack_copy_from *from,
    const struct object_links *wanted,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err)
{
	cleanup(copy_done) struct copy c;

	copy_init(&c, from->packs, on_data, ctx, cancel);
	if (wanted->len > UINT32_MAX)
		return err_set(
		    err, ERR_FORMAT, "more objects than a pack can hold");
	c.wanted = wanted;
	c.repo = from->repo;
	if (open_origins(&c, err) ||
	    pack_writer_start(&c.out, (uint32_t)wanted->len, err) ||
	    copy_origins(&c, err) || copy_rest(&c, from->object_dirs, err))
		return -1;
	return pack_writer_end(&c.out, err);
}
