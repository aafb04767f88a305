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
	const off_t id_len = (off_t)git_id_len(pack->hash);
	struct stat st;

	*o = (struct origin){
	    .pack = pack, .fd = open(pack->path, O_RDONLY | O_CLOEXEC)};
	if (o->fd < 0 || fstat(o->fd, &st))
		return err_system(err, errno, "cannot open %s", pack->path);
	if (st.st_size < PACK_HEADER + id_len)
		return err_set(err, ERR_FORMAT, "%s is not a pack", pack->path);
	o->end = (uint64_t)(st.st_size - id_len);
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
	return err_set(err, ERR_FORMAT,
	    "%s is damaged: an object has no head, or a delta no base",
	    o->pack->path);
}

int origin_head(const struct origin *o, const struct origin_slot *p,
    struct stored *s, struct err *err)
{
	uint64_t len = origin_slot_end(o, p) - p->offset;
	struct packed_head *h = &s->is;

	*s = (struct stored){.base = NULL};
	if (len > sizeof(s->head))
		len = sizeof(s->head);
	if (origin_read(o, p->offset, s->head, (size_t)len, err))
		return -1;
	if (packed_head_parse(o->pack->hash, s->head, (size_t)len, h) <= 0)
		return bad_base(o, err);
	if (h->kind != PACKED_OFS_DELTA)
		return 0;
	const struct origin_slot key = {.offset = p->offset - h->back};
	if (h->back < p->offset)
		s->base = bsearch(
		    &key, o->slots, o->pack->count, sizeof(key), by_offset);
	return s->base ? 0 : bad_base(o, err);
}
