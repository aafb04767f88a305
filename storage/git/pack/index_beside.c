#include "storage/git/pack/index_beside.h"

#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/git/repo/delta.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Reading keeps one processor busy, so that more would wait for it. */
	THREADS = 2,
	BATCH_BYTES = 256 * 1024,
	BATCH_OBJECTS = 1024,
	/* What is hashed stays until its batch is filled again: most deltas are
	 * of an object that was made a few MiB before. */
	BATCHES = 14,
};

struct object {
	uint32_t entry;
	size_t at, len;
	uint8_t id[GIT_ID_LEN];
};

struct batch {
	struct index_beside *of;
	struct object objects[BATCH_OBJECTS]; /* in the order of the entries */
	enum object_type types[BATCH_OBJECTS];
	size_t count;
	uint8_t *data;
	size_t used, cap;
	struct object_digest *digest;
	bool failed;
	struct err err;
	bool busy; /* being hashed; under the lock */
};

struct index_beside {
	struct index_pack *ip;
	struct pool *pool; /* NULL: hashed where it is added */
	pthread_mutex_t links_lock;
	pthread_mutex_t lock;
	pthread_cond_t hashed;
	struct batch batches[BATCHES];
	size_t current;
};

struct index_beside *index_beside_new(struct index_pack *ip, bool threads)
{
	struct index_beside *b = mem_new(struct index_beside);

	b->ip = ip;
	b->pool = threads ? pool_new(THREADS, BATCHES) : NULL;
	pthread_mutex_init(&b->links_lock, NULL);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->hashed, NULL);
	for (size_t i = 0; i < BATCHES; i++) {
		b->batches[i].of = b;
		b->batches[i].digest =
		    object_digest_new(ip->o.hash, !ip->o.checked_before);
	}
	return b;
}

void index_beside_free(struct index_beside *b)
{
	if (!b)
		return;
	pool_free(b->pool);
	for (size_t i = 0; i < BATCHES; i++) {
		object_digest_free(b->batches[i].digest);
		free(b->batches[i].data);
	}
	pthread_cond_destroy(&b->hashed);
	pthread_mutex_destroy(&b->lock);
	pthread_mutex_destroy(&b->links_lock);
	free(b);
}

/* ---- hashing ---- */

static int hash_one(struct batch *batch, size_t i, struct err *err)
{
	struct index_beside *b = batch->of;
	struct object *o = &batch->objects[i];
	const enum object_type type = batch->types[i];
	const uint8_t *data = batch->data + o->at;

	if (index_entry_hash(
		b->ip, batch->digest, type, data, o->len, o->id, err))
		return -1;
	if (type == OBJECT_BLOB)
		return 0;
	pthread_mutex_lock(&b->links_lock);
	int failed = index_entry_links(
	    b->ip, &b->ip->links, type, data, o->len, o->id, err);
	pthread_mutex_unlock(&b->links_lock);
	return failed;
}

static void hash(void *arg)
{
	struct batch *batch = arg;
	struct index_beside *b = batch->of;

	for (size_t i = 0; i < batch->count && !batch->failed; i++)
		batch->failed = hash_one(batch, i, &batch->err) != 0;
	pthread_mutex_lock(&b->lock);
	batch->busy = false;
	pthread_cond_signal(&b->hashed);
	pthread_mutex_unlock(&b->lock);
}

static void submit(struct index_beside *b)
{
	struct batch *batch = &b->batches[b->current];

	b->current = (b->current + 1) % BATCHES;
	batch->busy = true;
	if (b->pool)
		pool_submit(b->pool, hash, batch);
	else
		hash(batch);
}

/* Empties a batch once it is hashed. */
static int take(struct index_beside *b, struct batch *batch, struct err *err)
{
	pthread_mutex_lock(&b->lock);
	while (batch->busy)
		pthread_cond_wait(&b->hashed, &b->lock);
	pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; i < batch->count; i++) {
		const struct object *o = &batch->objects[i];
		memcpy(b->ip->entries.items[o->entry].id, o->id, GIT_ID_LEN);
	}
	batch->count = batch->used = 0;
	if (!batch->failed)
		return 0;
	*err = batch->err;
	return -1;
}

int index_beside_wait(struct index_beside *b, struct err *err)
{
	if (b->batches[b->current].count)
		submit(b);
	for (size_t i = 0; i < BATCHES; i++)
		if (take(b, &b->batches[(b->current + i) % BATCHES], err))
			return -1;
	return 0;
}

/* ---- objects ---- */

uint8_t *index_beside_room(struct index_beside *b, size_t len, struct err *err)
{
	struct batch *batch = &b->batches[b->current];

	if (batch->count == BATCH_OBJECTS ||
	    (batch->count && len >= batch->cap - batch->used)) {
		submit(b);
		batch = &b->batches[b->current];
		if (take(b, batch, err))
			return NULL;
	}
	if (len >= batch->cap - batch->used) {
		batch->cap = len < BATCH_BYTES ? BATCH_BYTES : len + 1;
		batch->data = mem_resize(batch->data, batch->cap, 1);
	}
	return batch->data + batch->used;
}

static void add(struct index_beside *b, enum object_type type, size_t len)
{
	struct batch *batch = &b->batches[b->current];
	const uint32_t last = (uint32_t)b->ip->entries.len - 1;

	b->ip->entries.items[last].type = (uint8_t)type;
	batch->types[batch->count] = type;
	batch->objects[batch->count++] =
	    (struct object){.entry = last, .at = batch->used, .len = len};
	batch->used += len;
}

void index_beside_add(struct index_beside *b)
{
	const struct pack_entry *e =
	    &b->ip->entries.items[b->ip->entries.len - 1];

	add(b, e->kind, (size_t)e->size);
}

static int by_entry(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return (x->entry > y->entry) - (x->entry < y->entry);
}

/* NULL if it is not at hand. */
static const uint8_t *find(
    const struct index_beside *b, uint32_t entry, size_t *len)
{
	const struct object key = {.entry = entry};

	for (size_t i = 0; i < BATCHES; i++) {
		const struct batch *batch =
		    &b->batches[(b->current + BATCHES - i) % BATCHES];
		const size_t n = batch->count;
		if (!n || batch->objects[0].entry > entry)
			continue;
		const struct object *o =
		    bsearch(&key, batch->objects, n, sizeof(key), by_entry);
		if (!o)
			return NULL;
		*len = o->len;
		return batch->data + o->at;
	}
	return NULL;
}

int index_beside_add_delta(
    struct index_beside *b, const uint8_t *delta, struct err *err)
{
	const struct pack_entry *entries = b->ip->entries.items;
	const struct pack_entry *e = &entries[b->ip->entries.len - 1];
	struct err ignored = ERR_INIT;
	uint64_t base_bytes, bytes;
	size_t base_len;

	/* index_deltas.c says what is wrong with it. */
	if (!find(b, e->base, &base_len) ||
	    delta_sizes(
		delta, (size_t)e->size, &base_bytes, &bytes, &ignored) ||
	    bytes > INDEX_BESIDE_MAX)
		return 0;
	uint8_t *room = index_beside_room(b, (size_t)bytes, err);
	if (!room)
		return -1;
	/* The room may be where it was. */
	const uint8_t *base = find(b, e->base, &base_len);
	if (base && !delta_apply(delta, (size_t)e->size, base, base_len, room,
			(size_t)bytes, &ignored))
		add(b, entries[e->base].type, (size_t)bytes);
	return 0;
}
