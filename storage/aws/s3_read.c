/*
 * Large objects by ranged gets side by side. Every range demands the ETag that
 * the first one saw, so that the parts are of one version.
 */
#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
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

/* ---- into a file ---- */

struct to_file {
	struct s3 *s3;
	const struct s3_get *get;
	uint64_t size;
	int fd;
	uint64_t at;
	const char *name;
	pthread_mutex_t lock;
	bool failed; /* err is the first failure; the rest need not start */
	struct err *err;
};

struct range {
	struct to_file *file;
	uint64_t from; /* of the whole object */
	uint64_t len;
	uint64_t done; /* a further attempt goes on here */
	bool checked;  /* this attempt's headers */
};

static int ask_rest(void *ctx, struct s3_call *c, struct err *err)
{
	struct range *r = ctx;

	(void)err;
	r->checked = false;
	aws_call_header(&c->call, "Range", "bytes=%" PRIu64 "-%" PRIu64,
	    r->from + r->done, r->from + r->len - 1);
	return 0;
}

static int check_headers(
    const struct range *r, const struct s3_call *c, struct err *err)
{
	const struct s3_get *g = r->file->get;
	const char *etag = http_response_header(&c->response, "etag");
	const char *range = http_response_header(&c->response, "content-range");
	uint64_t from = 0, to = 0, whole = 0;

	if (g->if_match && !str_eq(etag, g->if_match))
		return err_set(err, ERR_EXISTS,
		    "%s/%s changed while it was read", c->s3->bucket, g->key);
	if (!range || s3_parse_content_range(range, &from, &to, &whole) ||
	    from != r->from + r->done)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store did not answer with the part that was "
		    "asked for",
		    c->s3->bucket, g->key);
	return 0;
}

static int write_part(
    void *ctx, struct s3_call *c, const void *data, size_t len, struct err *err)
{
	struct range *r = ctx;
	struct to_file *f = r->file;

	if (!r->checked && check_headers(r, c, err))
		return -1;
	r->checked = true;
	if (len > r->len - r->done)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store sent more than was asked for",
		    c->s3->bucket, f->get->key);
	if (file_pwrite_all(f->fd, data, len,
		f->at + (r->from - f->get->offset) + r->done, f->name, err))
		return -1;
	r->done += len;
	return 0;
}

static void note_failure(struct to_file *f, const struct err *why)
{
	pthread_mutex_lock(&f->lock);
	if (!f->failed) {
		f->failed = true;
		*f->err = *why;
	}
	pthread_mutex_unlock(&f->lock);
}

static void get_range(void *ctx, size_t i)
{
	struct to_file *f = ctx;
	struct range r = {.file = f};
	struct err why = ERR_INIT;
	uint64_t skip = (uint64_t)i * DEFAULT_RANGE_BYTES;

	pthread_mutex_lock(&f->lock);
	bool stop = f->failed;
	pthread_mutex_unlock(&f->lock);
	if (stop)
		return;
	r.from = f->get->offset + skip;
	r.len = f->size - skip < DEFAULT_RANGE_BYTES ? f->size - skip
						     : DEFAULT_RANGE_BYTES;
	cleanup(s3_call_done) struct s3_call c;
	s3_call_init(&c, f->s3, "GET", f->get->key);
	if (f->get->version_id)
		s3_call_query(&c, "versionId", f->get->version_id);
	if (f->get->if_match)
		aws_call_header(&c.call, "If-Match", "%s", f->get->if_match);
	c.before = ask_rest;
	c.on_data = write_part;
	c.ctx = &r;
	if (s3_call_send(&c, &why))
		return note_failure(f, &why);
	if (r.done != r.len) {
		err_set(&why, ERR_NETWORK,
		    "%s/%s: the store sent less than it said", f->s3->bucket,
		    f->get->key);
		note_failure(f, &why);
	}
}

int s3_get_to_fd(struct s3 *s, const struct s3_get *g, uint64_t size, int fd,
    uint64_t at, const char *name, int parallel, struct err *err)
{
	struct to_file f = {
	    .s3 = s,
	    .get = g,
	    .size = size - g->offset,
	    .fd = fd,
	    .at = at,
	    .name = name,
	    .err = err,
	};

	if (g->len && g->len < f.size)
		f.size = g->len;
	pthread_mutex_init(&f.lock, NULL);
	pool_each(parallel > 0 ? (size_t)parallel : DEFAULT_PARALLEL,
	    (size_t)((f.size + DEFAULT_RANGE_BYTES - 1) / DEFAULT_RANGE_BYTES),
	    get_range, &f);
	pthread_mutex_destroy(&f.lock);
	return f.failed ? -1 : 0;
}

/* ---- as a source ---- */

/* A range that is under way, ready, or to be asked for. */
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
	size_t taken; /* bytes of the first slot */
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

static void ask_ahead(struct s3_source *s)
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

static ssize_t source_take(
    struct source *base, void *data, size_t len, struct err *err)
{
	struct s3_source *s = (struct s3_source *)base;

	if (!s->used)
		return 0;
	struct slot *slot = &s->slots[s->first];
	if (await(s, slot, err))
		return -1;
	size_t left = slot->data.len - s->taken;
	size_t n = len < left ? len : left;
	memcpy(data, slot->data.data + s->taken, n);
	s->taken += n;
	if (s->taken == slot->data.len) {
		s->taken = 0;
		s->first = (s->first + 1) % s->slot_count;
		s->used--;
		ask_ahead(s);
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

static const struct source_ops source_ops = {source_take, source_release};

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
	s->range_bytes = range_bytes ? range_bytes : DEFAULT_RANGE_BYTES;
	s->slot_count = parallel > 0 ? (size_t)parallel : DEFAULT_PARALLEL;
	s->slots = mem_resize(NULL, s->slot_count, sizeof(*s->slots));
	memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
	for (size_t i = 0; i < s->slot_count; i++)
		s->slots[i].source = s;
	s->pool = pool_new(s->slot_count, s->slot_count);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	return s;
}

struct source *s3_source(struct s3 *s3, const struct s3_get *g,
    size_t range_bytes, int parallel, struct s3_meta *meta, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta head = S3_META_INIT;

	if (s3_head(s3, g->key, g->version_id, &head, err))
		return NULL;
	if (g->if_match && !str_eq(g->if_match, head.etag)) {
		err_set(err, ERR_EXISTS, "%s/%s is not the one expected",
		    s3->bucket, g->key);
		return NULL;
	}
	if (g->offset > head.size) {
		err_set(err, ERR_FORMAT, "%s/%s is only %" PRIu64 " bytes long",
		    s3->bucket, g->key, head.size);
		return NULL;
	}
	struct s3_source *s = source_over(s3, g, &head, range_bytes, parallel);
	ask_ahead(s);
	if (meta) {
		s3_meta_done(meta);
		*meta = head;
		head = (struct s3_meta)S3_META_INIT;
	}
	return &s->base;
}
