#include "storage/git/pack/origin.h"

#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PACK_HEADER = 12,
	OFS_DELTA = 6,
	REF_DELTA = 7,
	TYPE_MAX = 10, /* bytes of type and length */
};

int origin_read(const struct origin *o, uint64_t offset, void *data, size_t len,
    struct err *err)
{
	return file_pread_all(o->fd, data, len, offset, o->pack->path, err);
}

static int by_offset(const void *a, const void *b)
{
	const struct origin_slot *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void find_slots(struct origin *o)
{
	const uint32_t count = o->pack->count;

	o->slots = mem_resize(NULL, count + 1UL, sizeof(*o->slots));
	o->by_id = mem_resize(NULL, count + 1UL, sizeof(*o->by_id));
	for (uint32_t i = 0; i < count; i++)
		o->slots[i] = (struct origin_slot){
		    .offset = pack_offset(o->pack, i), .id = i};
	qsort(o->slots, count, sizeof(*o->slots), by_offset);
	for (uint32_t i = 0; i < count; i++)
		o->by_id[o->slots[i].id] = i;
}

int origin_open(struct origin *o, const struct pack *pack, struct err *err)
{
	struct stat st;

	*o = (struct origin){
	    .pack = pack, .fd = open(pack->path, O_RDONLY | O_CLOEXEC)};
	if (o->fd < 0 || fstat(o->fd, &st))
		return err_system(err, errno, "cannot open %s", pack->path);
	if (st.st_size < PACK_HEADER + GIT_ID_LEN)
		return err_set(err, ERR_FORMAT, "%s is no pack", pack->path);
	o->end = (uint64_t)st.st_size - GIT_ID_LEN;
	find_slots(o);
	if (pack->count && (o->slots[0].offset < PACK_HEADER ||
			       o->slots[pack->count - 1].offset >= o->end))
		return err_set(err, ERR_FORMAT,
		    "%s and its index do not belong together", pack->path);
	return 0;
}

void origin_done(struct origin *o)
{
	if (o->fd >= 0)
		close(o->fd);
	free(o->slots);
	free(o->by_id);
}

struct origin_slot *origin_find(
    const struct origin *o, const uint8_t id[GIT_ID_LEN])
{
	uint32_t n;

	return pack_find(o->pack, id, &n) ? &o->slots[o->by_id[n]] : NULL;
}

uint64_t origin_slot_end(const struct origin *o, const struct origin_slot *p)
{
	return p + 1 < o->slots + o->pack->count ? p[1].offset : o->end;
}

static int bad_base(const struct origin *o, struct err *err)
{
	return err_set(err, ERR_FORMAT, "%s is damaged: a delta has no base",
	    o->pack->path);
}

static int find_base(const struct origin *o, const struct origin_slot *p,
    struct stored *s, struct err *err)
{
	size_t n = s->type_len;
	uint64_t back = s->head[n] & 0x7f;

	while (n < sizeof(s->head) - 1 && s->head[n] & 0x80) {
		n++;
		back = ((back + 1) << 7) | (s->head[n] & 0x7f);
	}
	s->head_len = n + 1;
	const struct origin_slot key = {.offset = p->offset - back};
	if (back && back < p->offset)
		s->base = bsearch(
		    &key, o->slots, o->pack->count, sizeof(key), by_offset);
	return s->base ? 0 : bad_base(o, err);
}

int origin_head(const struct origin *o, const struct origin_slot *p,
    struct stored *s, struct err *err)
{
	uint64_t len = origin_slot_end(o, p) - p->offset;
	size_t n = 0;

	*s = (struct stored){.base = NULL};
	if (origin_read(o, p->offset, s->head,
		len < sizeof(s->head) ? (size_t)len : sizeof(s->head), err))
		return -1;
	while (n < TYPE_MAX && s->head[n] & 0x80)
		n++;
	s->type_len = s->head_len = n + 1;
	int kind = (s->head[0] >> 4) & 7;
	if (kind == OFS_DELTA && find_base(o, p, s, err))
		return -1;
	if (kind == REF_DELTA)
		s->base_id = s->head + s->type_len;
	return s->head_len > len ? bad_base(o, err) : 0;
}
