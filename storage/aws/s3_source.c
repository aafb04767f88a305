/*
 * A large object as a stream, read ahead in ranges side by side. Each range is
 * requested on the condition of the ETag that the first one had, so that all
 * parts are of one version.
 */
#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/base/str.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_RANGE_BYTES = 8 * 1024 * 1024,
	DEFAULT_PARALLEL = 4,
};

/* A range that is requested, ready, or still to be requested. */
struct slot {
	struct s3_source *source;
	uint64_t from;
	size_t len;
	struct buf data;
	bool ready;
	bool failed;
	struct err err;
};

struct s3_source {
	struct source base;
	struct s3 *s3;
	char *key;
	char *version_id;
	char *etag;
	uint64_t next; /* to be asked for */
	uint64_t end;
	size_t range_bytes;
	struct slot *slots; /* a ring */
	size_t slot_count;
	size_t first; /* what read() takes from */
	size_t used;
	size_t consumed; /* bytes of the first slot */
	struct pool *pool;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void fill_slot(void *arg)
{
	struct slot *slot = arg;
	struct s3_source *s = slot->source;
	const struct s3_get g = {
	    .key = s->key,
	    .version_id = s->version_id,
	    .if_match = s->etag,
	    .offset = slot->from,
	    .len = slot->len,
	};

	int failed =
	    s3_get(s->s3, &g, slot->len, &slot->data, NULL, &slot->err);
	if (!failed && slot->data.len != slot->len)
		failed = err_set(&slot->err, ERR_FORMAT,
		    "%s/%s: %zu bytes came where %zu were asked for",
		    s->s3->bucket, s->key, slot->data.len, slot->len);
	pthread_mutex_lock(&s->lock);
	slot->failed = failed != 0;
	slot->ready = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void prefetch(struct s3_source *s)
{
	while (s->used < s->slot_count && s->next < s->end) {
		struct slot *slot =
		    &s->slots[(s->first + s->used) % s->slot_count];
		uint64_t left = s->end - s->next;
		slot->from = s->next;
		slot->len =
		    left < s->range_bytes ? (size_t)left : s->range_bytes;
		slot->ready = slot->failed = false;
		s->next += slot->len;
		s->used++;
		pool_submit(s->pool, fill_slot, slot);
	}
}

static int await(struct s3_source *s, struct slot *slot, struct err *err)
{
	pthread_mutex_lock(&s->lock);
	while (!slot->ready)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (slot->failed)
		*err = slot->err;
	return slot->failed ? -1 : 0;
}

static ssize_t source_read_slot(
    struct source *base, void *data, size_t len, struct err *err)
{
	struct s3_source *s = (struct s3_source *)base;

	if (!s->used)
		return 0;
	struct slot *slot = &s->slots[s->first];
	if (await(s, slot, err))
		return -1;
	size_t left = slot->data.len - s->consumed;
	size_t n = len < left ? len : left;
	memcpy(data, slot->data.data + s->consumed, n);
	s->consumed += n;
	if (s->consumed == slot->data.len) {
		s->consumed = 0;
		s->first = (s->first + 1) % s->slot_count;
		s->used--;
		prefetch(s);
	}
	return (ssize_t)n;
}

static void source_release(struct source *base)
{
	struct s3_source *s = (struct s3_source *)base;

	pool_free(s->pool);
	for (size_t i = 0; i < s->slot_count; i++)
		buf_done(&s->slots[i].data);
	free(s->slots);
	free(s->key);
	free(s->version_id);
	free(s->etag);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s);
}

static const struct source_ops source_ops = {source_read_slot, source_release};

/* The first range has arrived. */
static void read_first(struct s3_source *s, struct buf *data)
{
	struct slot *slot = &s->slots[0];

	slot->from = s->next;
	slot->len = data->len;
	slot->data = *data;
	*data = (struct buf)BUF_INIT;
	slot->ready = true;
	s->next += slot->len;
	s->used = slot->len ? 1 : 0;
}

static struct s3_source *source_over(struct s3 *s3, const struct s3_get *g,
    const struct s3_meta *meta, size_t range_bytes, int parallel)
{
	struct s3_source *s = mem_new(struct s3_source);

	s->base.ops = &source_ops;
	s->s3 = s3;
	s->key = str_dup(g->key);
	s->version_id = str_dup(g->version_id);
	s->etag = str_dup(meta->etag);
	s->next = g->offset;
	s->end = g->len && g->len < meta->size - g->offset ? g->offset + g->len
							   : meta->size;
	s->range_bytes = range_bytes;
	s->slot_count = parallel > 0 ? (size_t)parallel : DEFAULT_PARALLEL;
	s->slots = mem_resize(NULL, s->slot_count, sizeof(*s->slots));
	memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
	for (size_t i = 0; i < s->slot_count; i++)
		s->slots[i].source = s;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	return s;
}

/* The store refuses a range of an empty object; that is how an empty one is
 * recognised. */
static int fetch_head(struct s3 *s3, const struct s3_get *g,
    struct s3_meta *meta, struct err *err)
{
	struct err why = ERR_INIT;

	if (err->code != ERR_FORMAT)
		return -1;
	if (s3_head(s3, g->key, g->version_id, meta, &why))
		return -1;
	if (g->offset > meta->size)
		return err_set(err, ERR_FORMAT,
		    "%s/%s is only %" PRIu64 " bytes long", s3->bucket, g->key,
		    meta->size);
	return g->offset == meta->size ? 0 : -1;
}

/* One request returns what the object is, and all of a small one. */
static int get_first(struct s3 *s3, const struct s3_get *g, size_t range_bytes,
    struct buf *data, struct s3_meta *meta, struct err *err)
{
	struct s3_get first = *g;
	struct err why = ERR_INIT;

	if (!first.len || first.len > range_bytes)
		first.len = range_bytes;
	if (!s3_get(s3, &first, range_bytes, data, meta, &why) ||
	    !fetch_head(s3, g, meta, &why))
		return 0;
	*err = why;
	return -1;
}

struct source *s3_source(struct s3 *s3, const struct s3_get *g,
    size_t range_bytes, int parallel, struct s3_meta *meta, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta seen = S3_META_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	size_t range = range_bytes ? range_bytes : DEFAULT_RANGE_BYTES;

	if (get_first(s3, g, range, &data, &seen, err))
		return NULL;
	struct s3_source *s = source_over(s3, g, &seen, range, parallel);
	read_first(s, &data);
	if (s->next < s->end) {
		s->pool = pool_new(s->slot_count, s->slot_count);
		prefetch(s);
	}
	if (meta) {
		s3_meta_done(meta);
		*meta = seen;
		seen = (struct s3_meta)S3_META_INIT;
	}
	return &s->base;
}
