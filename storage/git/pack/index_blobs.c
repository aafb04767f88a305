#include "storage/git/pack/index_blobs.h"

#include "storage/base/mem.h"
#include "storage/base/pool.h"

#include <stdlib.h>
#include <string.h>

/* Of one thread that works in order, at most so many blobs wait and one is in
 * work, so that the slot after these is of one that is done. */
enum { WAITING = 6, SLOTS = WAITING + 2 };

struct slot {
	struct index_blobs *of;
	bool full;
	uint32_t entry;
	uint8_t *data;
	size_t cap, len;
	uint8_t id[GIT_ID_LEN];
	bool failed;
	struct err err;
};

struct index_blobs {
	struct pool *pool;
	struct object_digest *digest; /* the thread's */
	struct slot slots[SLOTS];
	size_t added;
};

struct index_blobs *index_blobs_new(enum git_hash hash)
{
	struct index_blobs *b = mem_new(struct index_blobs);

	b->pool = pool_new(1, WAITING);
	b->digest = object_digest_new(hash, true);
	for (size_t i = 0; i < SLOTS; i++)
		b->slots[i].of = b;
	return b;
}

void index_blobs_free(struct index_blobs *b)
{
	if (!b)
		return;
	pool_free(b->pool);
	object_digest_free(b->digest);
	for (size_t i = 0; i < SLOTS; i++)
		free(b->slots[i].data);
	free(b);
}

static void hash(void *arg)
{
	struct slot *s = arg;

	s->failed = object_digest_of(s->of->digest, OBJECT_BLOB, s->data,
			s->len, s->id, &s->err) != 0;
}

/* Of a slot whose blob is done. */
static int take_id(
    struct slot *s, struct pack_entryvec *entries, struct err *err)
{
	if (!s->full)
		return 0;
	s->full = false;
	memcpy(entries->items[s->entry].id, s->id, GIT_ID_LEN);
	if (!s->failed)
		return 0;
	*err = s->err;
	return -1;
}

int index_blobs_add(struct index_blobs *b, struct pack_entryvec *entries,
    uint32_t entry, uint8_t **data, size_t *cap, size_t len, struct err *err)
{
	struct slot *s = &b->slots[b->added++ % SLOTS];
	uint8_t *spare = s->data;
	const size_t spare_cap = s->cap;

	if (take_id(s, entries, err))
		return -1;
	s->full = true;
	s->entry = entry;
	s->data = *data;
	s->cap = *cap;
	s->len = len;
	s->failed = false;
	memset(s->id, 0, sizeof(s->id));
	*data = spare;
	*cap = spare_cap;
	pool_submit(b->pool, hash, s);
	return 0;
}

int index_blobs_finish(
    struct index_blobs *b, struct pack_entryvec *entries, struct err *err)
{
	pool_wait(b->pool);
	for (size_t i = 0; i < SLOTS; i++)
		if (take_id(&b->slots[i], entries, err))
			return -1;
	return 0;
}
