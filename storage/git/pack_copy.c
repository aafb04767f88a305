#include "storage/git/pack_copy.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK = 256 * 1024,
	PACK_HEADER = 12,
	OFS_DELTA = 6,
	HEADER_MAX = 32, /* of an object: type, length, distance */
};

/* An object of one pack, by place. */
struct place {
	uint64_t offset;
	uint64_t copied_to; /* where it is in the copy */
	uint32_t id;	    /* its number in the index */
};

struct origin {
	const struct pack *pack;
	struct place *places; /* pack->count of them, by offset */
	uint32_t *by_id;      /* index number -> place */
	uint64_t end;	      /* where the trailer begins */
	int fd;
};

struct copy {
	const struct packs *packs;
	struct origin *origins;
	int (*on_data)(
	    void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
	const struct cancel *cancel;
	struct digest *digest;
	uint64_t written;
	uint8_t *chunk;
};

static int emit(struct copy *c, const void *data, size_t len, struct err *err)
{
	if (cancel_check(c->cancel, err) || c->on_data(c->ctx, data, len, err))
		return -1;
	digest_add(c->digest, data, len);
	c->written += len;
	return 0;
}

static int read_at(const struct origin *o, uint64_t offset, void *data,
    size_t len, struct err *err)
{
	return file_pread_all(o->fd, data, len, offset, o->pack->path, err);
}

static int by_offset(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int open_origin(
    struct origin *o, const struct pack *pack, struct err *err)
{
	struct stat st;

	o->pack = pack;
	o->fd = open(pack->path, O_RDONLY | O_CLOEXEC);
	if (o->fd < 0 || fstat(o->fd, &st))
		return err_system(err, errno, "cannot open %s", pack->path);
	o->end = (uint64_t)st.st_size - GIT_ID_LEN;
	o->places = mem_resize(NULL, pack->count + 1UL, sizeof(*o->places));
	o->by_id = mem_resize(NULL, pack->count + 1UL, sizeof(*o->by_id));
	for (uint32_t i = 0; i < pack->count; i++)
		o->places[i] =
		    (struct place){.offset = pack_offset(pack, i), .id = i};
	qsort(o->places, pack->count, sizeof(*o->places), by_offset);
	for (uint32_t i = 0; i < pack->count; i++)
		o->by_id[o->places[i].id] = i;
	if (pack->count && (o->places[0].offset < PACK_HEADER ||
			       o->places[pack->count - 1].offset >= o->end))
		return err_set(err, ERR_FORMAT,
		    "%s and its index do not belong together", pack->path);
	return 0;
}

/* Where an earlier pack's copy of an object went; 0: nowhere. */
static uint64_t copied_before(
    const struct copy *c, size_t before, const uint8_t *id)
{
	for (size_t i = 0; i < before; i++) {
		const struct origin *o = &c->origins[i];
		uint32_t n;
		if (pack_find(o->pack, id, &n))
			return o->places[o->by_id[n]].copied_to;
	}
	return 0;
}

static const struct place *find_place(const struct origin *o, uint64_t offset)
{
	const struct place key = {.offset = offset};

	return bsearch(&key, o->places, o->pack->count, sizeof(key), by_offset);
}

/* The bytes of the distance to a base (gitformat-pack(5)); their number. */
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

/* The head of an object that is a delta of an earlier one, with its new
 * distance. Sets how much of the old head was used. */
static int put_head(struct copy *c, const struct origin *o,
    const struct place *p, size_t len, size_t *used, struct err *err)
{
	uint8_t head[HEADER_MAX] = {0};
	uint8_t out[HEADER_MAX];
	size_t n = 0;

	*used = 0;
	if (read_at(
		o, p->offset, head, len < HEADER_MAX ? len : HEADER_MAX, err))
		return -1;
	if (((head[0] >> 4) & 7) != OFS_DELTA)
		return 0;
	while (n < 12 && head[n] & 0x80)
		n++;
	memcpy(out, head, ++n);
	size_t type_len = n;
	uint64_t back = head[n] & 0x7f;
	while (n < HEADER_MAX - 1 && head[n] & 0x80) {
		n++;
		back = ((back + 1) << 7) | (head[n] & 0x7f);
	}
	n++;
	const struct place *base =
	    back < p->offset ? find_place(o, p->offset - back) : NULL;
	if (!base || !base->copied_to || n > len)
		return err_set(err, ERR_FORMAT,
		    "%s is damaged: a delta has no base", o->pack->path);
	size_t out_len = type_len + put_distance(c->written - base->copied_to,
					out + type_len);
	*used = n;
	return emit(c, out, out_len, err);
}

static int copy_object(struct copy *c, const struct origin *o, struct place *p,
    uint64_t end, struct err *err)
{
	size_t used;
	uint64_t at = c->written;

	if (put_head(c, o, p, (size_t)(end - p->offset), &used, err))
		return -1;
	p->copied_to = at;
	for (uint64_t from = p->offset + used; from < end;) {
		size_t n = end - from < CHUNK ? (size_t)(end - from) : CHUNK;
		if (read_at(o, from, c->chunk, n, err) ||
		    emit(c, c->chunk, n, err))
			return -1;
		from += n;
	}
	return 0;
}

static uint64_t place_end(const struct origin *o, uint32_t i)
{
	return i + 1 < o->pack->count ? o->places[i + 1].offset : o->end;
}

/* The first pack is copied as it lies; of the others what is not there yet. */
static int copy_origin(struct copy *c, size_t index, struct err *err)
{
	struct origin *o = &c->origins[index];

	for (uint32_t i = 0; i < o->pack->count; i++) {
		struct place *p = &o->places[i];
		p->copied_to = copied_before(c, index, pack_id(o->pack, p->id));
		if (!p->copied_to && copy_object(c, o, p, place_end(o, i), err))
			return -1;
	}
	return 0;
}

static int put_pack_header(struct copy *c, uint32_t count, struct err *err)
{
	const uint8_t header[PACK_HEADER] = {'P', 'A', 'C', 'K', 0, 0, 0, 2,
	    (uint8_t)(count >> 24), (uint8_t)(count >> 16),
	    (uint8_t)(count >> 8), (uint8_t)count};

	return emit(c, header, sizeof(header), err);
}

static uint32_t count_objects(const struct copy *c)
{
	uint32_t count = 0;

	for (size_t k = 0; k < c->packs->packs.len; k++) {
		const struct pack *p = c->origins[k].pack;
		for (uint32_t i = 0; i < p->count; i++) {
			bool seen = false;
			for (size_t j = 0; j < k && !seen; j++)
				seen = pack_find(
				    c->origins[j].pack, pack_id(p, i), NULL);
			count += !seen;
		}
	}
	return count;
}

static int copy_all(struct copy *c, struct err *err)
{
	size_t n = c->packs->packs.len;
	uint8_t sum[GIT_ID_LEN];

	for (size_t i = 0; i < n; i++)
		c->origins[i].fd = -1;
	for (size_t i = 0; i < n; i++)
		if (open_origin(&c->origins[i], &c->packs->packs.items[i], err))
			return -1;
	if (put_pack_header(c, count_objects(c), err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (copy_origin(c, i, err))
			return -1;
	digest_finish(c->digest, sum);
	return c->on_data(c->ctx, sum, sizeof(sum), err);
}

/* One pack is its own copy. */
static int copy_single(struct copy *c, const char *path, struct err *err)
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
		if (cancel_check(c->cancel, err) ||
		    c->on_data(c->ctx, c->chunk, (size_t)n, err))
			return -1;
	}
}

int pack_copy_all(const struct packs *packs,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err)
{
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA1);
	autofree uint8_t *chunk = mem_alloc(CHUNK);
	size_t n = packs->packs.len;
	struct copy c = {.packs = packs,
	    .on_data = on_data,
	    .ctx = ctx,
	    .cancel = cancel,
	    .digest = digest,
	    .chunk = chunk};

	if (n == 1)
		return copy_single(&c, packs->packs.items[0].path, err);
	c.origins = mem_zalloc((n + 1) * sizeof(*c.origins));
	int result = copy_all(&c, err);
	for (size_t i = 0; i < n; i++) {
		if (c.origins[i].fd >= 0)
			close(c.origins[i].fd);
		free(c.origins[i].places);
		free(c.origins[i].by_id);
	}
	free(c.origins);
	return result;
}
