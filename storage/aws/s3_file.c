/*
 * Reads an object directly into its destination, without memory of its own:
 * into a file by ranged gets side by side, or in order into a sink. A request
 * that breaks off is continued where it was, on the condition of the same ETag,
 * so that all of it is of one version.
 */
#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/pool.h"
#include "storage/base/str.h"
#include "storage/base/stream.h"

#include <inttypes.h>
#include <string.h>

enum {
	DEFAULT_RANGE_BYTES = 8 * 1024 * 1024,
	DEFAULT_PARALLEL = 4,
};

struct to_file {
	struct s3 *s3;
	const struct s3_get *get;
	uint64_t size;
	int fd;
	uint64_t at;
	const char *name;
	pthread_mutex_t lock;
	bool failed; /* err is the first failure; no further part is started */
	struct err *err;
};

struct range {
	struct to_file *file;
	uint64_t from; /* of the whole object */
	uint64_t len;
	uint64_t done; /* where the next attempt continues */
	bool checked;  /* this attempt's headers */
};

static int ask_rest(void *ctx, struct s3_call *c, struct err *err)
{
	struct range *r = ctx;

	(void)err;
	r->checked = false;
	/* Only the end of the answer is missing: there is no rest to ask for.
	 */
	if (r->done == r->len)
		r->done = 0;
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

	if (g->if_match && !s3_same_etag(etag, g->if_match))
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
	s3_customer_read(&c);
	c.before = ask_rest;
	c.on_data = write_part;
	c.ctx = &r;
	if (s3_call_send(&c, &why))
		return note_failure(f, &why);
	if (r.done != r.len) {
		err_set(&why, ERR_NETWORK,
		    "%s/%s: the store sent less than it announced",
		    f->s3->bucket, f->get->key);
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

/* ---- in order ---- */

struct in_order {
	const struct s3_get *get;
	struct sink *to;
	struct s3_meta *meta;
	uint64_t done;
	uint64_t size;
	bool seen;    /* meta and size are known */
	bool checked; /* this attempt's headers */
};

static int ask_on(void *ctx, struct s3_call *c, struct err *err)
{
	struct in_order *o = ctx;

	(void)err;
	o->checked = false;
	if (!o->done)
		return 0;
	aws_call_header(&c->call, "Range", "bytes=%" PRIu64 "-", o->done);
	if (o->meta->etag)
		aws_call_header(&c->call, "If-Match", "%s", o->meta->etag);
	return 0;
}

static int check_on(
    struct in_order *o, const struct s3_call *c, struct err *err)
{
	const char *etag = http_response_header(&c->response, "etag");
	const char *range = http_response_header(&c->response, "content-range");
	uint64_t from = 0, to = 0, whole = 0;

	if (!o->done) {
		s3_meta_from_response(o->meta, &c->response);
		o->size = o->meta->size;
		o->seen = true;
		return 0;
	}
	if (o->meta->etag && !s3_same_etag(etag, o->meta->etag))
		return err_set(err, ERR_EXISTS,
		    "%s/%s changed while it was read", c->s3->bucket,
		    o->get->key);
	if (!range || s3_parse_content_range(range, &from, &to, &whole) ||
	    from != o->done || whole != o->size)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store did not go on where it was asked to",
		    c->s3->bucket, o->get->key);
	return 0;
}

static int pass_on(
    void *ctx, struct s3_call *c, const void *data, size_t len, struct err *err)
{
	struct in_order *o = ctx;

	if (!o->checked && check_on(o, c, err))
		return -1;
	o->checked = true;
	if (len > o->size - o->done)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store sent more than it announced",
		    c->s3->bucket, o->get->key);
	o->done += len;
	return sink_write(o->to, data, len, err);
}

int s3_get_to_sink(struct s3 *s, const struct s3_get *g, struct sink *to,
    struct s3_meta *meta, struct err *err)
{
	struct in_order o = {.get = g, .to = to, .meta = meta};
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "GET", g->key);
	if (g->version_id)
		s3_call_query(&c, "versionId", g->version_id);
	s3_customer_read(&c);
	c.before = ask_on;
	c.on_data = pass_on;
	c.ctx = &o;
	if (s3_call_send(&c, err))
		return -1;
	/* No byte arrived. That is right only for an empty object. */
	if (!o.seen && check_on(&o, &c, err))
		return -1;
	if (o.done != o.size)
		return err_set(err, ERR_NETWORK,
		    "%s/%s: the store sent less than it announced", s->bucket,
		    g->key);
	return 0;
}
