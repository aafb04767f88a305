/*
 * A stream of unknown length into one object: one put if it is short, a
 * multipart upload if it is long.
 */
#include "storage/aws/s3_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MIB = 1024 * 1024,
	DEFAULT_MEMORY_BYTES = 64 * MIB,
	DEFAULT_PARALLEL = 4,
	/* The memory of a part, if there is a directory for the rest. */
	PART_MEMORY_BYTES = 64 * 1024,
};

struct part {
	struct upload *upload;
	struct part *next_free;
	int number;
	struct spool data;
};

struct upload {
	struct sink base;
	struct s3 *s3;
	char *key;
	struct s3_upload o;
	struct s3_meta *written;
	bool has_turn; /* one of the session's uploads of many parts */
	struct part *filling;
	struct pool *pool;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	size_t in_flight_bytes; /* capacity of parts not sent yet */
	int in_flight;
	struct s3_parts parts;
	bool failed;
	struct err err;
};

static size_t part_bytes(const struct upload *u, int number)
{
	return s3_part_bytes(number, u->o.expected_bytes, u->o.memory_bytes);
}

/* ---- parts under way ---- */

static void part_free(struct part *p)
{
	if (!p)
		return;
	spool_done(&p->data);
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
	spool_init(&p->data, u->o.scratch,
	    u->o.scratch ? PART_MEMORY_BYTES : SIZE_MAX);
	return p;
}

static void wait_for_turn(struct upload *u)
{
	while (!u->has_turn && sem_wait(&u->s3->aws->uploads) && errno == EINTR)
		;
	u->has_turn = true;
}

static int begin(struct upload *u, struct err *err)
{
	wait_for_turn(u);
	if (s3_parts_begin(&u->parts, err))
		return -1;
	u->pool = pool_new((size_t)u->o.parallel, 1);
	return 0;
}

static void part_job(void *arg)
{
	struct part *p = arg;
	struct upload *u = p->upload;
	struct s3_sent sent = {0};
	struct err why = ERR_INIT;
	size_t size = part_bytes(u, p->number);
	int number = p->number;

	pthread_mutex_lock(&u->lock);
	bool stop = u->failed;
	pthread_mutex_unlock(&u->lock);
	int failed =
	    stop ? 0
		 : s3_parts_send(&u->parts, p->number, &p->data, &sent, &why);
	part_free(p);
	pthread_mutex_lock(&u->lock);
	if (failed && !u->failed) {
		u->failed = true;
		u->err = why;
	}
	if (!failed && !stop)
		u->parts.sent.items[number - 1] = sent;
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
	if (!u->parts.upload_id && begin(u, err))
		return -1;
	if (u->parts.sent.len == S3_MAX_PARTS)
		return err_set(err, ERR_FORMAT,
		    "%s/%s: %d parts are full: give uploads more memory than "
		    "%zu MiB, which is how large a part can be",
		    u->s3->bucket, u->key, S3_MAX_PARTS,
		    u->o.memory_bytes / MIB);
	pthread_mutex_lock(&u->lock);
	vec_add(&u->parts.sent);
	u->in_flight++;
	pthread_mutex_unlock(&u->lock);
	pool_submit(u->pool, part_job, steal(u->filling));
	return failed_so_far(u, err);
}

static int upload_write(
    struct sink *base, const void *data, size_t len, struct err *err)
{
	struct upload *u = (struct upload *)base;
	const char *at = data;

	while (len) {
		/* The part is full and more data follows, so it is not the
		 * last. */
		if (u->filling &&
		    spool_len(&u->filling->data) ==
			part_bytes(u, u->filling->number) &&
		    submit(u, err))
			return -1;
		if (!u->filling)
			u->filling = part_new(u, (int)u->parts.sent.len + 1);
		size_t size = part_bytes(u, u->filling->number);
		size_t room = size - (size_t)spool_len(&u->filling->data);
		size_t n = len < room ? len : room;
		if (spool_add(&u->filling->data, at, n, err))
			return -1;
		at += n;
		len -= n;
		u->parts.bytes += n;
	}
	return 0;
}

/* ---- the end ---- */

/* All of it fits into one part, which is put from memory. */
static int put_whole(struct upload *u, struct s3_meta *meta, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	size_t len = u->filling ? (size_t)spool_len(&u->filling->data) : 0;

	buf_reserve(&data, len);
	if (len && spool_read(&u->filling->data, 0, data.data, len, err))
		return -1;
	return s3_put(u->s3, &u->o.put, len ? data.data : "", len, meta, err);
}

static int upload_finish(struct sink *base, struct err *err)
{
	struct upload *u = (struct upload *)base;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	int failed;

	if (!u->parts.upload_id) {
		failed = put_whole(u, &meta, err);
	} else {
		failed = u->filling && submit(u, err);
		pool_wait(u->pool);
		if (!failed)
			failed = failed_so_far(u, err);
		if (!failed)
			failed = s3_parts_complete(&u->parts, &meta, err);
	}
	if (failed)
		return err_wrap(
		    err, "upload of %s to %s", u->key, u->s3->description);
	s3_parts_abort_unknown(&u->parts);
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

	pthread_mutex_lock(&u->lock);
	if (!u->failed)
		err_set(&u->err, ERR_CANCELLED, "the upload was given up");
	u->failed = true; /* parts that wait are not sent */
	pthread_mutex_unlock(&u->lock);
	if (!u->parts.upload_id)
		return;
	pool_wait(u->pool);
	s3_parts_abort(&u->parts);
}

static void upload_release(struct sink *base)
{
	struct upload *u = (struct upload *)base;

	pool_free(u->pool);
	if (u->has_turn)
		sem_post(&u->s3->aws->uploads);
	part_free(u->filling);
	s3_parts_done(&u->parts);
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
	size_t memory =
	    o->memory_bytes ? o->memory_bytes : DEFAULT_MEMORY_BYTES;

	if (o->expected_bytes > s3_parts_hold(o->expected_bytes, memory)) {
		err_set(err, ERR_USAGE,
		    "%s/%s: %" PRIu64 " bytes do not fit %d parts of at most "
		    "%zu MiB: give uploads more memory",
		    s->bucket, o->put.key, o->expected_bytes, S3_MAX_PARTS,
		    memory / MIB);
		return NULL;
	}
	struct upload *u = mem_new(struct upload);
	u->base.ops = &upload_ops;
	u->s3 = s;
	u->o = *o;
	u->key = str_dup(o->put.key);
	u->o.put.key = u->key;
	u->parts.s3 = s;
	u->parts.put = &u->o.put;
	u->o.memory_bytes = memory;
	if (u->o.parallel < 1)
		u->o.parallel = DEFAULT_PARALLEL;
	u->written = written;
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->changed, NULL);
	/* Waits before the first part is filled, since that needs memory, too.
	 */
	if (o->expected_bytes > part_bytes(u, 1))
		wait_for_turn(u);
	return &u->base;
}
