#include "storage/base/gunzip.h"

#include "storage/base/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	CHUNK_BYTES = 16 * 1024,
	GZIP_WINDOW = 15 + 16, /* zlib's window bits that mean: accept gzip, and
				  nothing else */
};

bool gunzip_is_gzip(const void *data, size_t len)
{
	return len >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

/* 1: continue; 0: the member is complete, or its data is used up. */
static int step(z_stream *z, unsigned char chunk[CHUNK_BYTES], size_t *n,
    bool *whole, struct err *err)
{
	z->next_out = chunk;
	z->avail_out = CHUNK_BYTES;
	int result = inflate(z, Z_NO_FLUSH);
	*n = CHUNK_BYTES - z->avail_out;
	*whole = result == Z_STREAM_END;
	if (result == Z_BUF_ERROR || (result == Z_OK && !z->avail_in && !*n))
		return 0;
	if (result == Z_OK)
		return 1;
	if (result != Z_STREAM_END)
		return err_set(err, ERR_FORMAT, "it is not valid gzip: %s",
		    z->msg ? z->msg : "something is broken");
	return z->avail_in
		   ? err_set(err, ERR_FORMAT,
			 "%u bytes follow the end of the gzip", z->avail_in)
		   : 0;
}

int gunzip(const void *data, size_t len, uint64_t max_bytes,
    void (*emit)(void *ctx, const void *data, size_t len), void *ctx,
    bool *whole, struct err *err)
{
	unsigned char chunk[CHUNK_BYTES];
	z_stream z = {.zalloc = NULL};
	uint64_t done = 0;
	int more = 1;

	*whole = false;
	if (len > UINT_MAX)
		return err_set(err, ERR_FORMAT, "gzip of %zu bytes", len);
	/* zlib's type is not const, but it does not write here. */
	memcpy(&z.next_in, &data, sizeof(z.next_in));
	z.avail_in = (uInt)len;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		abort(); /* out of memory */
	while (more > 0) {
		size_t n = 0;
		more = step(&z, chunk, &n, whole, err);
		if (more >= 0 && n > max_bytes - done)
			more = err_set(err, ERR_FORMAT,
			    "it unpacks to more than %llu bytes",
			    (unsigned long long)max_bytes);
		if (more < 0 || !n)
			continue;
		done += n;
		emit(ctx, chunk, n);
	}
	inflateEnd(&z);
	/* The content may have been a Secret. */
	mem_wipe(chunk, sizeof(chunk));
	return more;
}
