#include "storage/archive/zstd.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* A frame that a thread compresses, or that waits to be written. */
struct job {
	struct compressor *compressor;
	ZSTD_CCtx *ctx;
	char *in, *out;
	size_t in_len, out_room;
	size_t result;	/* bytes in `out`, or an error of libzstd */
	bool submitted; /* compressed and not written yet */
	bool done;	/* under the lock: whether it has a result */
};

struct compressor {
	struct sink sink;
	struct sink *next;
	struct frames *frames;
	ZSTD_CCtx *ctx;
	char *out;
	size_t out_bytes;
	bool stored;
	bool in_frame;
	struct frames_position at; /* the position of the next byte */
	uint64_t bytes;		   /* bytes written of the open frame */

	/* With threads: a ring of jobs, which are written in the order in which
	 * they were filled. */
	struct pool *pool;
	struct job *jobs;
	size_t job_count, filling;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static int failed(struct err *err, size_t code)
{
	return err_set(err, ERR_SYSTEM, "compressing: %s (libzstd %s)",
	    ZSTD_getErrorName(code), ZSTD_versionString());
}

static int put(
    struct compressor *c, const void *data, size_t len, struct err *err)
{
	c->bytes += len;
	return len ? sink_write(c->next, data, len, err) : 0;
}

static void note_frame(struct compressor *c, uint64_t bytes, uint64_t unpacked)
{
	if (c->frames)
		frames_add(c->frames, bytes, unpacked);
}

/* --- frames that libzstd makes in the writer's own thread */

/* Writes what libzstd still holds back. */
static int step(struct compressor *c, ZSTD_inBuffer *in, ZSTD_EndDirective what,
    size_t *left, struct err *err)
{
	ZSTD_outBuffer out = {.dst = c->out, .size = c->out_bytes};

	*left = ZSTD_compressStream2(c->ctx, &out, in, what);
	if (ZSTD_isError(*left))
		return failed(err, *left);
	return put(c, c->out, out.pos, err);
}

static int compress(
    struct compressor *c, const void *data, size_t len, struct err *err)
{
	ZSTD_inBuffer in = {.src = data, .size = len};
	size_t left;

	while (in.pos < in.size)
		if (step(c, &in, ZSTD_e_continue, &left, err))
			return -1;
	return 0;
}

static int end_compressed(struct compressor *c, struct err *err)
{
	ZSTD_inBuffer in = {.src = NULL};
	size_t left;

	do {
		if (step(c, &in, ZSTD_e_end, &left, err))
			return -1;
	} while (left);
	return 0;
}

/* --- frames that libzstd makes in threads */

static void run_job(void *arg)
{
	struct job *j = arg;
	struct compressor *c = j->compressor;
	size_t n =
	    ZSTD_compress2(j->ctx, j->out, j->out_room, j->in, j->in_len);

	pthread_mutex_lock(&c->lock);
	j->result = n;
	j->done = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

/* Waits for the job, if it was submitted. */
static int write_job(struct compressor *c, struct job *j, struct err *err)
{
	if (!j->submitted)
		return 0;
	pthread_mutex_lock(&c->lock);
	while (!j->done)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
	j->submitted = j->done = false;
	size_t unpacked = j->in_len;
	j->in_len = 0;
	if (ZSTD_isError(j->result))
		return failed(err, j->result);
	note_frame(c, j->result, unpacked);
	return sink_write(c->next, j->out, j->result, err);
}

static int submit(struct compressor *c, struct err *err)
{
	struct job *j = &c->jobs[c->filling];

	j->submitted = true;
	pool_submit(c->pool, run_job, j);
	c->filling = (c->filling + 1) % c->job_count;
	/* The oldest job in the ring was filled first, and is written next. */
	return write_job(c, &c->jobs[c->filling], err);
}

static int write_all_jobs(struct compressor *c, struct err *err)
{
	for (size_t i = 0; i < c->job_count; i++)
		if (write_job(
			c, &c->jobs[(c->filling + i) % c->job_count], err))
			return -1;
	return 0;
}

static void start_job(struct compressor *c, struct job *j)
{
	if (j->in)
		return;
	j->compressor = c;
	j->out_room = ZSTD_compressBound(FRAMES_BYTES);
	j->in = mem_alloc(FRAMES_BYTES);
	j->out = mem_alloc(j->out_room);
}

static void fill_job(struct compressor *c, const void *data, size_t len)
{
	struct job *j = &c->jobs[c->filling];

	start_job(c, j);
	memcpy(j->in + j->in_len, data, len);
	j->in_len += len;
}

/* --- frames of raw blocks (RFC 8878, 3.1.1) */

enum { BLOCK_BYTES = 128 * 1024 /* the maximum size of a block */ };

/* No size, checksum or dictionary; a window of 128 KiB. */
static const uint8_t frame_header[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3};

static int put_block(struct compressor *c, const char *data, size_t len,
    bool last, struct err *err)
{
	const uint8_t header[] = {(uint8_t)(len << 3 | last),
	    (uint8_t)(len >> 5), (uint8_t)(len >> 13)};

	if (put(c, header, sizeof header, err))
		return -1;
	return put(c, data, len, err);
}

static int store(
    struct compressor *c, const char *data, size_t len, struct err *err)
{
	if (!c->in_frame && put(c, frame_header, sizeof frame_header, err))
		return -1;
	for (size_t n; len; data += n, len -= n) {
		n = len < BLOCK_BYTES ? len : BLOCK_BYTES;
		if (put_block(c, data, n, false, err))
			return -1;
	}
	return 0;
}

/* --- the sink */

static int end_frame(struct compressor *c, struct err *err)
{
	if (!c->in_frame)
		return 0;
	c->in_frame = false;
	if (c->pool && !c->stored) {
		start_job(c, &c->jobs[c->filling]);
		c->at = (struct frames_position){.frame = c->at.frame + 1};
		return submit(c, err);
	}
	int r = c->stored ? put_block(c, NULL, 0, true, err)
			  : end_compressed(c, err);
	note_frame(c, c->bytes, c->at.offset);
	c->at = (struct frames_position){.frame = c->at.frame + 1};
	c->bytes = 0;
	return r;
}

struct frames_position zstd_position(const struct sink *zstd)
{
	return ((const struct compressor *)zstd)->at;
}

int zstd_end_frame(struct sink *zstd, struct err *err)
{
	return end_frame((struct compressor *)zstd, err);
}

static int add(
    struct compressor *c, const char *data, size_t len, struct err *err)
{
	int r = 0;

	if (c->stored)
		r = store(c, data, len, err);
	else if (c->pool)
		fill_job(c, data, len);
	else
		r = compress(c, data, len, err);
	c->in_frame = true;
	c->at.offset += len;
	return r;
}

static int zstd_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct compressor *c = (struct compressor *)s;
	const char *p = data;

	for (size_t n; len; p += n, len -= n) {
		n = len;
		if (!c->stored && n > FRAMES_BYTES - c->at.offset)
			n = (size_t)(FRAMES_BYTES - c->at.offset);
		if (add(c, p, n, err))
			return -1;
		if (!c->stored && c->at.offset == FRAMES_BYTES &&
		    end_frame(c, err))
			return -1;
	}
	return 0;
}

static int zstd_finish(struct sink *s, struct err *err)
{
	struct compressor *c = (struct compressor *)s;

	if (end_frame(c, err) || write_all_jobs(c, err))
		return -1;
	return sink_finish(c->next, err);
}

static void zstd_abort(struct sink *s)
{
	sink_abort(((struct compressor *)s)->next);
}

static void zstd_release(struct sink *s)
{
	struct compressor *c = (struct compressor *)s;

	pool_free(c->pool); /* stopped first, since its jobs use the rest */
	sink_free(c->next);
	for (size_t i = 0; i < c->job_count; i++) {
		ZSTD_freeCCtx(c->jobs[i].ctx);
		free(c->jobs[i].in);
		free(c->jobs[i].out);
	}
	free(c->jobs);
	ZSTD_freeCCtx(c->ctx);
	free(c->out);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static ZSTD_CCtx *new_ctx(int level, struct err *err)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	if (!ctx)
		abort();
	size_t code =
	    ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(code))
		return ctx;
	failed(err, code);
	ZSTD_freeCCtx(ctx);
	return NULL;
}

/* One job is filled while the others are compressed. */
static int start_threads(
    struct compressor *c, int level, int threads, struct err *err)
{
	c->job_count = (size_t)threads + 1;
	c->jobs = mem_zalloc(c->job_count * sizeof(*c->jobs));
	c->pool = pool_new((size_t)threads, c->job_count);
	for (size_t i = 0; i < c->job_count; i++) {
		c->jobs[i].ctx = new_ctx(level, err);
		if (!c->jobs[i].ctx)
			return -1;
	}
	return 0;
}

struct sink *zstd_compress(int level, int threads, struct frames *frames,
    struct sink *next, struct err *err)
{
	static const struct sink_ops ops = {.write = zstd_write,
	    .finish = zstd_finish,
	    .abort = zstd_abort,
	    .release = zstd_release};
	cleanup(sink_freep) struct sink *s =
	    (struct sink *)mem_new(struct compressor);
	struct compressor *c = (struct compressor *)s;

	s->ops = &ops;
	c->next = next;
	c->frames = frames;
	c->out_bytes = ZSTD_CStreamOutSize();
	c->out = mem_alloc(c->out_bytes);
	c->in_frame = true; /* An empty input is one frame, too */
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (threads ? start_threads(c, level, threads, err)
		    : !(c->ctx = new_ctx(level, err)))
		return NULL;
	return steal(s);
}

int zstd_store(struct sink *zstd, bool stored, struct err *err)
{
	struct compressor *c = (struct compressor *)zstd;

	if (c->stored == stored)
		return 0;
	if (end_frame(c, err))
		return -1;
	c->stored = stored;
	return stored ? write_all_jobs(c, err) : 0;
}

/* --- whether it is worth it */

enum { SAMPLES = 8, SAMPLE_BYTES = 16 * 1024 };

bool zstd_gains(int fd, uint64_t bytes)
{
	size_t room = ZSTD_compressBound(SAMPLE_BYTES), packed = 0;
	autofree char *sample = mem_alloc(SAMPLE_BYTES);
	autofree char *out = mem_alloc(room);

	if (bytes < SAMPLES * SAMPLE_BYTES)
		return true;
	for (uint64_t i = 0; i < SAMPLES; i++) {
		uint64_t at = (bytes - SAMPLE_BYTES) / (SAMPLES - 1) * i;
		if (pread(fd, sample, SAMPLE_BYTES, (off_t)at) != SAMPLE_BYTES)
			return true;
		size_t n = ZSTD_compress(out, room, sample, SAMPLE_BYTES, 1);
		if (ZSTD_isError(n))
			return true;
		packed += n;
	}
	/* Packs of Git would become smaller by one percent. */
	return packed < SAMPLES * SAMPLE_BYTES / 32 * 31;
}
