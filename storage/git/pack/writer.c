#include "storage/git/pack/writer.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/git/repo/refs.h"

#include <stdlib.h>
#include <zlib.h>

enum { CHUNK = 64 * 1024, HEADER_MAX = 10 };

void pack_writer_init(struct pack_writer *w, enum git_hash hash,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel)
{
	*w = (struct pack_writer){.on_data = on_data,
	    .ctx = ctx,
	    .cancel = cancel,
	    .hash = hash,
	    .digest = digest_new(git_id_digest(hash))};
}

void pack_writer_done(struct pack_writer *w)
{
	digest_free(w->digest);
}

int pack_writer_raw(
    struct pack_writer *w, const void *data, size_t len, struct err *err)
{
	if (cancel_check(w->cancel, err) || w->on_data(w->ctx, data, len, err))
		return -1;
	digest_add(w->digest, data, len);
	w->written += len;
	return 0;
}

int pack_writer_start(struct pack_writer *w, uint32_t count, struct err *err)
{
	const uint8_t header[] = {'P', 'A', 'C', 'K', 0, 0, 0, 2,
	    (uint8_t)(count >> 24), (uint8_t)(count >> 16),
	    (uint8_t)(count >> 8), (uint8_t)count};

	return pack_writer_raw(w, header, sizeof(header), err);
}

/* Four bits of the length beside the type, then seven in each byte. */
static int put_header(struct pack_writer *w, enum object_type type,
    uint64_t size, struct err *err)
{
	uint8_t out[HEADER_MAX];
	size_t n = 0;

	out[n] = (uint8_t)((unsigned)type << 4 | (size & 15));
	for (size >>= 4; size; size >>= 7) {
		out[n++] |= 0x80;
		out[n] = size & 0x7f;
	}
	return pack_writer_raw(w, out, n + 1, err);
}

/* Everything that zlib makes of what it was given. */
static int deflate_piece(struct pack_writer *w, z_stream *z, int flush,
    uint8_t *out, struct err *err)
{
	do {
		z->next_out = out;
		z->avail_out = CHUNK;
		deflate(z, flush);
		size_t n = CHUNK - z->avail_out;
		if (n && pack_writer_raw(w, out, n, err))
			return -1;
	} while (z->avail_out == 0);
	return 0;
}

static int deflate_all(struct pack_writer *w, z_stream *z, uint64_t size,
    struct source *from, struct err *err)
{
	autofree uint8_t *in = mem_alloc(CHUNK);
	autofree uint8_t *out = mem_alloc(CHUNK);
	uint64_t got = 0;

	for (;;) {
		ssize_t n = source_read(from, in, CHUNK, err);
		if (n < 0)
			return -1;
		got += (uint64_t)n;
		if (got > size || (n == 0 && got < size))
			return err_set(err, ERR_FORMAT,
			    "an object is not as long as it says");
		z->next_in = in;
		z->avail_in = (unsigned)n;
		if (deflate_piece(w, z, n ? Z_NO_FLUSH : Z_FINISH, out, err))
			return -1;
		if (n == 0)
			return 0;
	}
}

int pack_writer_object(struct pack_writer *w, enum object_type type,
    uint64_t size, struct source *from, struct err *err)
{
	z_stream z = {.next_in = NULL};

	if (put_header(w, type, size, err))
		return -1;
	if (deflateInit(&z, Z_DEFAULT_COMPRESSION) != Z_OK)
		abort();
	int result = deflate_all(w, &z, size, from, err);
	deflateEnd(&z);
	return result;
}

int pack_writer_end(struct pack_writer *w, struct err *err)
{
	uint8_t sum[GIT_ID_LEN];

	digest_finish(w->digest, sum);
	return w->on_data(w->ctx, sum, git_id_len(w->hash), err);
}
