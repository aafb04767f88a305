/*
 * A stream of unknown length into one object: one put where it is short, a
 * multipart upload where it is not.
 *
 * Parts double in size every thousand, up to what the memory cap allows, so
 * that a stream may be long without its first parts being large:
 * 8 MiB * 1000 + 16 * 1000 + 32 * 1000 + 64 * 7000 is about 490 GiB.
 */
#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/base/str.h"
#include "storage/base/xml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MIB = 1024 * 1024,
	MIN_PART_BYTES = 5 * MIB, /* S3's own, but for the last */
	FIRST_PART_BYTES = 8 * MIB,
	GROW_EVERY = 1000,
	MAX_PARTS = 10000,
	DEFAULT_MEMORY_BYTES = 64 * MIB,
	DEFAULT_PARALLEL = 4,
};

struct part {
	struct upload *upload;
	struct part *next_free;
	int number;
	struct buf data;
};

struct sent {
	char *etag;
	uint8_t md5[DIGEST_MD5_LEN];
};
VEC_DEFINE(sent_vec, struct sent);

struct upload {
	struct sink base;
	struct s3 *s3;
	char *key;
	struct s3_upload o;
	struct s3_meta *written;
	char *upload_id;
	bool has_turn;	  /* one of the session's uploads of many parts */
	bool begun_twice; /* the store may have one that we do not know of */
	struct part *filling;
	struct pool *pool;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	size_t in_flight_bytes; /* capacity of parts that are not free */
	int in_flight;
	struct sent_vec sent; /* by number - 1 */
	bool failed;
	struct err err;
	uint64_t bytes;
	int parts;
};

static size_t part_bytes(const struct upload *u, int number)
{
	size_t cap = u->o.memory_bytes;
	size_t size = FIRST_PART_BYTES;

	/* What is known to be long needs large parts from the start. */
	while (u->o.expected_bytes / MAX_PARTS + 1 > size)
		size *= 2;
	for (int grown = (number - 1) / GROW_EVERY; grown > 0; grown--)
		if (size <= cap / 2)
			size *= 2;
	if (size > cap)
		size = cap;
	return size < MIN_PART_BYTES ? MIN_PART_BYTES : size;
}

/* ---- parts under way ---- */

static void part_free(struct part *p)
{
	if (!p)
		return;
	buf_done(&p->data);
	free(p);
}

/* Waits until there is memory for one more part. */
static struct part *part_new(struct upload *u, int number)
{
	struct part *p = mem_new(struct part);
	size_t size = part_bytes(u, number);

	pthread_mutex_lock(&u->lock);
	while (u->in_flight && u->in_flight_bytes + size > u->o.memory_bytes)
		pthread_cond_wait(&u->changed, &u->lock);
	u->in_flight_bytes += size;
	pthread_mutex_unlock(&u->lock);
	p->upload = u;
	p->number = number;
	return p;
}

static void take_turn(struct upload *u)
{
	while (!u->has_turn && sem_wait(&u->s3->aws->uploads) && errno == EINTR)
		;
	u->has_turn = true;
}

static int begin(struct upload *u, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(s3_meta_done) struct s3_meta there = S3_META_INIT;
	struct err why = ERR_INIT;

	/* Not every store knows the condition on Complete. */
	if (u->o.put.if_none_match) {
		if (!s3_head(u->s3, u->key, NULL, &there, &why))
			return err_set(err, ERR_EXISTS,
			    "%s/%s is there already", u->s3->bucket, u->key);
		if (why.code != ERR_NOT_FOUND) {
			*err = why;
			return -1;
		}
	}
	take_turn(u);
	s3_call_init(&c, u->s3, "POST", u->key);
	s3_call_query(&c, "uploads", "");
	s3_call_put_headers(&c, &u->o.put);
	if (s3_call_send(&c, err))
		return -1;
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "InitiateMultipartUploadResult", err);
	if (!x)
		return -1;
	const char *id = xml_text(x, "UploadId");
	if (!id || !*id)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store began an upload and did not name it",
		    u->s3->bucket, u->key);
	u->upload_id = str_dup(id);
	u->begun_twice = c.call.repeated;
	u->pool = pool_new((size_t)u->o.parallel, 1);
	return 0;
}

static int send_part(struct part *p, struct sent *sent, struct err *err)
{
	struct upload *u = p->upload;
	cleanup(s3_call_done) struct s3_call c;
	char number[16];

	digest_of(DIGEST_MD5, p->data.data, p->data.len, sent->md5);
	snprintf(number, sizeof(number), "%d", p->number);
	s3_call_init(&c, u->s3, "PUT", u->key);
	s3_call_query(&c, "partNumber", number);
	s3_call_query(&c, "uploadId", u->upload_id);
	s3_call_content_md5(&c, sent->md5);
	s3_call_body(&c, p->data.data, p->data.len);
	if (s3_call_send(&c, err))
		return -1;
	const char *etag = http_response_header(&c.response, "etag");
	if (!etag)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: the store took a part and gave it no ETag",
		    u->s3->bucket, u->key);
	sent->etag = str_dup(etag);
	return 0;
}

static void part_job(void *arg)
{
	struct part *p = arg;
	struct upload *u = p->upload;
	struct sent sent = {0};
	struct err why = ERR_INIT;
	size_t size = part_bytes(u, p->number);
	int number = p->number;

	pthread_mutex_lock(&u->lock);
	bool stop = u->failed;
	pthread_mutex_unlock(&u->lock);
	int failed = stop ? 0 : send_part(p, &sent, &why);
	part_free(p);
	pthread_mutex_lock(&u->lock);
	if (failed && !u->failed) {
		u->failed = true;
		u->err = why;
	}
	if (!failed && !stop)
		u->sent.items[number - 1] = sent;
	u->in_flight_bytes -= size;
	u->in_flight--;
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

static int failed_so_far(struct upload *u, struct err *err)
{
	pthread_mutex_lock(&u->lock);
	bool failed = u->failed;
	if (failed)
		*err = u->err;
	pthread_mutex_unlock(&u->lock);
	return failed ? -1 : 0;
}

static int submit(struct upload *u, struct err *err)
{
	if (!u->upload_id && begin(u, err))
		return -1;
	if (u->parts == MAX_PARTS)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: %d parts are full: give uploads more memory than "
		    "%zu MiB, which is how large a part can be",
		    u->s3->bucket, u->key, MAX_PARTS, u->o.memory_bytes / MIB);
	pthread_mutex_lock(&u->lock);
	vec_add(&u->sent);
	u->in_flight++;
	pthread_mutex_unlock(&u->lock);
	u->parts++;
	pool_submit(u->pool, part_job, steal(u->filling));
	return failed_so_far(u, err);
}

static int upload_write(
    struct sink *base, const void *data, size_t len, struct err *err)
{
	struct upload *u = (struct upload *)base;
	const char *at = data;

	while (len) {
		/* Full, and there is more: so it is not the last. */
		if (u->filling &&
		    u->filling->data.len == part_bytes(u, u->filling->number) &&
		    submit(u, err))
			return -1;
		if (!u->filling)
			u->filling = part_new(u, u->parts + 1);
		size_t size = part_bytes(u, u->filling->number);
		size_t room = size - u->filling->data.len;
		size_t n = len < room ? len : room;
		buf_add(&u->filling->data, at, n);
		at += n;
		len -= n;
		u->bytes += n;
	}
	return 0;
}

/* ---- the end ---- */

/* "<md5 of the parts' md5>-<parts>", as stores name what was uploaded in
 * parts without a key of their own. */
static char *expected_etag(const struct upload *u)
{
	struct buf all = BUF_INIT;
	uint8_t md5[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];

	VEC_EACH (&u->sent, s)
		buf_add(&all, s->md5, sizeof(s->md5));
	digest_of(DIGEST_MD5, all.data, all.len, md5);
	digest_hex(md5, sizeof(md5), hex);
	buf_done(&all);
	return str_printf("\"%s-%d\"", hex, u->parts);
}

/* The upload is unknown to the store: because it was completed by a request
 * whose answer was lost, if the object is there and made of our parts. */
static bool was_completed(struct upload *u, struct s3_meta *meta)
{
	struct err ignored = ERR_INIT;
	autofree char *etag = expected_etag(u);

	if (s3_head(u->s3, u->key, NULL, meta, &ignored) ||
	    meta->size != u->bytes || !meta->etag)
		return false;
	if (str_eq(meta->etag, etag))
		return true;
	/* Encrypted by the store with a key, an ETag tells the parts' number
	 * only. */
	return meta->sse_kms_key_id &&
	       str_eq(strrchr(meta->etag, '-'), strrchr(etag, '-'));
}

static void completion(const struct upload *u, struct buf *body)
{
	int number = 0;

	buf_add_str(body, "<CompleteMultipartUpload "
			  "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	VEC_EACH (&u->sent, s) {
		buf_printf(
		    body, "<Part><PartNumber>%d</PartNumber><ETag>", ++number);
		xml_add_text(body, s->etag);
		buf_add_str(body, "</ETag></Part>");
	}
	buf_add_str(body, "</CompleteMultipartUpload>");
}

static int complete_once(struct upload *u, bool condition, struct s3_meta *meta,
    bool *unknown_condition, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct err why = ERR_INIT;

	s3_call_init(&c, u->s3, "POST", u->key);
	s3_call_query(&c, "uploadId", u->upload_id);
	if (condition)
		aws_call_header(&c.call, "If-None-Match", "*");
	completion(u, &body);
	s3_call_body(&c, body.data, body.len);
	if (s3_call_send(&c, &why)) {
		bool lost = str_eq(c.call.code, "NoSuchUpload") ||
			    (condition && why.code == ERR_EXISTS) ||
			    why.code == ERR_NETWORK;
		if (lost && was_completed(u, meta))
			return 0;
		*unknown_condition =
		    condition && str_eq(c.call.code, "NotImplemented");
		*err = why;
		return -1;
	}
	cleanup(xml_freep) struct xml *x =
	    s3_call_xml(&c, "CompleteMultipartUploadResult", err);
	if (!x)
		return was_completed(u, meta) ? 0 : -1;
	const char *etag = xml_text(x, "ETag");
	/* Ceph leaves it empty. */
	if (!etag || !*etag)
		return s3_head(u->s3, u->key, NULL, meta, err);
	s3_meta_done(meta);
	meta->etag = str_dup(etag);
	meta->version_id =
	    str_dup(http_response_header(&c.response, "x-amz-version-id"));
	meta->size = u->bytes;
	return 0;
}

static int complete(struct upload *u, struct s3_meta *meta, struct err *err)
{
	bool unknown_condition = false;
	struct err why = ERR_INIT;

	if (!complete_once(
		u, u->o.put.if_none_match, meta, &unknown_condition, &why))
		return 0;
	if (unknown_condition &&
	    !complete_once(u, false, meta, &unknown_condition, &why))
		return 0;
	*err = why;
	return -1;
}

/* A begin whose answer was lost left an upload without a name. Who writes a
 * key has it alone: names of snapshots are of one run, states are locked. */
static void abort_unknown(struct upload *u)
{
	cleanup(s3_multiparts_done) struct s3_multipart_vec all = VEC_INIT;
	struct err ignored = ERR_INIT;

	if (!u->begun_twice ||
	    s3_list_multiparts(u->s3, u->key, &all, &ignored))
		return;
	VEC_EACH (&all, m)
		if (str_eq(m->key, u->key) &&
		    !str_eq(m->upload_id, u->upload_id))
			s3_abort_multipart(
			    u->s3, m->key, m->upload_id, &ignored);
}

static int upload_finish(struct sink *base, struct err *err)
{
	struct upload *u = (struct upload *)base;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	int failed;

	if (!u->upload_id) {
		const struct buf *data = u->filling ? &u->filling->data : NULL;
		failed = s3_put(u->s3, &u->o.put, data ? data->data : "",
		    data ? data->len : 0, &meta, err);
	} else {
		failed = u->filling && submit(u, err);
		pool_wait(u->pool);
		if (!failed)
			failed = failed_so_far(u, err);
		if (!failed)
			failed = complete(u, &meta, err);
	}
	if (failed)
		return err_wrap(
		    err, "upload of %s to %s", u->key, u->s3->description);
	abort_unknown(u);
	if (u->written) {
		s3_meta_done(u->written);
		*u->written = meta;
		meta = (struct s3_meta)S3_META_INIT;
	}
	return 0;
}

static void upload_abort(struct sink *base)
{
	struct upload *u = (struct upload *)base;
	struct err ignored = ERR_INIT;

	pthread_mutex_lock(&u->lock);
	if (!u->failed)
		err_set(&u->err, ERR_CANCELLED, "the upload was given up");
	u->failed = true; /* parts that wait are not sent any more */
	pthread_mutex_unlock(&u->lock);
	if (!u->upload_id)
		return;
	pool_wait(u->pool);
	/* Failing, it is left for the vault's look at unfinished uploads. */
	aws_cleanup_begin(u->s3->aws);
	s3_abort_multipart(u->s3, u->key, u->upload_id, &ignored);
	abort_unknown(u);
	aws_cleanup_end(u->s3->aws);
}

static void upload_release(struct sink *base)
{
	struct upload *u = (struct upload *)base;

	pool_free(u->pool);
	if (u->has_turn)
		sem_post(&u->s3->aws->uploads);
	part_free(u->filling);
	VEC_EACH (&u->sent, s)
		free(s->etag);
	vec_done(&u->sent);
	free(u->upload_id);
	free(u->key);
	pthread_mutex_destroy(&u->lock);
	pthread_cond_destroy(&u->changed);
	free(u);
}

static const struct sink_ops upload_ops = {
    upload_write, upload_finish, upload_abort, upload_release};

struct sink *s3_sink(struct s3 *s, const struct s3_upload *o,
    struct s3_meta *written, struct err *err)
{
	struct upload *u = mem_new(struct upload);

	(void)err;
	u->base.ops = &upload_ops;
	u->s3 = s;
	u->o = *o;
	u->key = str_dup(o->put.key);
	u->o.put.key = u->key;
	if (!u->o.memory_bytes)
		u->o.memory_bytes = DEFAULT_MEMORY_BYTES;
	if (u->o.parallel < 1)
		u->o.parallel = DEFAULT_PARALLEL;
	u->written = written;
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->changed, NULL);
	/* Before a first part is filled, which is not small either. */
	if (o->expected_bytes > part_bytes(u, 1))
		take_turn(u);
	return &u->base;
}
