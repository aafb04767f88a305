#include "storage/archive/zstd.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

struct compressor {
	struct sink sink;
	struct sink *next;
	ZSTD_CCtx *ctx;
	char *out;
	size_t out_bytes;
	bool stored;
	bool in_frame;
};

static int failed(struct err *err, size_t code)
{
	return err_set(err, ERR_SYSTEM, "compressing: %s (libzstd %s)",
	    ZSTD_getErrorName(code), ZSTD_versionString());
}

/* --- frames that libzstd makes */

/* Sets what libzstd still holds back. */
static int step(struct compressor *c, ZSTD_inBuffer *in, ZSTD_EndDirective what,
    size_t *left, struct err *err)
{
	ZSTD_outBuffer out = {.dst = c->out, .size = c->out_bytes};

	*left = ZSTD_compressStream2(c->ctx, &out, in, what);
	if (ZSTD_isError(*left))
		return failed(err, *left);
	return out.pos ? sink_write(c->next, c->out, out.pos, err) : 0;
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

/* --- frames of raw blocks (RFC 8878, 3.1.1) */

enum { BLOCK_BYTES = 128 * 1024 /* the most that a block may have */ };

/* No size, checksum or dictionary; a window of 128 KiB. */
static const uint8_t frame_header[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3};

static int put_block(struct compressor *c, const char *data, size_t len,
    bool last, struct err *err)
{
	const uint8_t header[] = {(uint8_t)(len << 3 | last),
	    (uint8_t)(len >> 5), (uint8_t)(len >> 13)};

	if (sink_write(c->next, header, sizeof header, err))
		return -1;
	return len ? sink_write(c->next, data, len, err) : 0;
}

static int store(
    struct compressor *c, const char *data, size_t len, struct err *err)
{
	if (!c->in_frame &&
	    sink_write(c->next, frame_header, sizeof frame_header, err))
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
	return c->stored ? put_block(c, NULL, 0, true, err)
			 : end_compressed(c, err);
}

static int zstd_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct compressor *c = (struct compressor *)s;

	if (!len)
		return 0;
	if (c->stored ? store(c, data, len, err) : compress(c, data, len, err))
		return -1;
	c->in_frame = true;
	return 0;
}

static int zstd_finish(struct sink *s, struct err *err)
{
	struct compressor *c = (struct compressor *)s;

	if (end_frame(c, err))
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

	sink_free(c->next);
	ZSTD_freeCCtx(c->ctx);
	free(c->out);
	free(c);
}

static int configure(ZSTD_CCtx *ctx, int level, int threads, struct err *err)
{
	size_t code =
	    ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);

	if (!ZSTD_isError(code))
		code = ZSTD_CCtx_setParameter(ctx, ZSTD_c_nbWorkers, threads);
	return ZSTD_isError(code) ? failed(err, code) : 0;
}

struct sink *zstd_compress(
    int level, int threads, struct sink *next, struct err *err)
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
	c->out_bytes = ZSTD_CStreamOutSize();
	c->out = mem_alloc(c->out_bytes);
	c->in_frame = true; /* also nothing at all is a frame */
	c->ctx = ZSTD_createCCtx();
	if (!c->ctx)
		abort();
	if (configure(c->ctx, level, threads, err))
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
	return 0;
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
	/* Packs of Git come down by a hundredth. */
	return packed < SAMPLES * SAMPLE_BYTES / 32 * 31;
}
