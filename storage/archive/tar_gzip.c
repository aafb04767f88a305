#include "storage/archive/tar_gzip.h"

#include "storage/archive/entry.h"
#include "storage/archive/tar_libarchive.h"
#include "storage/base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* libarchive's "raw" format: the bytes of one entry, with only its filter. */
struct compress {
	struct sink sink;
	struct archive
	    *archive; /* the compressor of the open member; or NULL */
	int level;
	struct frames *frames;
	struct frames_position at; /* the position of the next byte */
	uint64_t bytes;		   /* bytes written of the open member */
	struct sink *next;
	struct err below; /* the error of the next stage */
	bool aborted;
};

/* Never fails for libarchive: it does not release zlib's memory where a
 * callback failed (archive_write_add_filter_gzip.c, only its close does).
 * Whoever calls libarchive looks at `below` afterwards. */
static la_ssize_t write_block(
    struct archive *a, void *ctx, const void *data, size_t len)
{
	struct compress *c = ctx;

	(void)a;
	if (!c->aborted && c->below.code == ERR_NONE &&
	    sink_write(c->next, data, len, &c->below) == 0)
		c->bytes += len;
	return (la_ssize_t)len;
}

static int fail(struct compress *c, struct err *err, const char *at)
{
	return tar_failed(c->archive, &c->below, err, at);
}

static int set_up_gzip(struct archive *a, int level)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", level);
	return archive_write_add_filter_gzip(a) ||
	       archive_write_set_filter_option(a, "gzip", "timestamp", NULL) ||
	       (level && archive_write_set_filter_option(
			     a, "gzip", "compression-level", text));
}

static int set_up(struct compress *c)
{
	struct archive_entry *entry = archive_entry_new();

	if (!entry)
		abort();
	archive_entry_set_filetype(entry, AE_IFREG);
	int failed =
	    archive_write_set_format_raw(c->archive) ||
	    set_up_gzip(c->archive, c->level) ||
	    archive_write_set_bytes_per_block(c->archive, 0) ||
	    archive_write_open(c->archive, c, NULL, write_block, NULL) ||
	    archive_write_header(c->archive, entry);
	archive_entry_free(entry);
	return failed;
}

static int start_member(struct compress *c, struct err *err)
{
	c->archive = archive_write_new();
	if (!c->archive)
		abort();
	if (set_up(c) || c->below.code != ERR_NONE)
		return fail(c, err, "setting up the compression");
	return 0;
}

static int end_member(struct compress *c, struct err *err)
{
	if (!c->archive)
		return 0;
	if (archive_write_close(c->archive) != ARCHIVE_OK ||
	    c->below.code != ERR_NONE)
		return fail(c, err, "ending the compression");
	archive_write_free(c->archive);
	c->archive = NULL;
	if (c->frames)
		frames_add(c->frames, c->bytes, c->at.offset);
	c->at = (struct frames_position){.frame = c->at.frame + 1};
	c->bytes = 0;
	return 0;
}

int tar_gzip_end_frame(struct sink *gzip, struct err *err)
{
	return end_member((struct compress *)gzip, err);
}

struct frames_position tar_gzip_position(const struct sink *gzip)
{
	return ((const struct compress *)gzip)->at;
}

static int compress_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct compress *c = (struct compress *)s;
	const char *at = data;

	while (len) {
		size_t want = len;
		if (!c->archive && start_member(c, err))
			return -1;
		if (want > FRAMES_BYTES - c->at.offset)
			want = (size_t)(FRAMES_BYTES - c->at.offset);
		la_ssize_t n = archive_write_data(c->archive, at, want);
		if (n <= 0 || c->below.code != ERR_NONE)
			return fail(c, err, "compressing");
		c->at.offset += (uint64_t)n;
		at += n;
		len -= (size_t)n;
		if (c->at.offset == FRAMES_BYTES && end_member(c, err))
			return -1;
	}
	return 0;
}

static int compress_finish(struct sink *s, struct err *err)
{
	struct compress *c = (struct compress *)s;

	if (end_member(c, err))
		return -1;
	return sink_finish(c->next, err);
}

static void compress_abort(struct sink *s)
{
	struct compress *c = (struct compress *)s;

	c->aborted = true;
	sink_abort(c->next);
}

static void compress_release(struct sink *s)
{
	struct compress *c = (struct compress *)s;

	if (c->archive)
		archive_write_free(c->archive);
	sink_free(c->next);
	free(c);
}

struct sink *tar_gzip(
    int level, struct frames *frames, struct sink *next, struct err *err)
{
	static const struct sink_ops ops = {.write = compress_write,
	    .finish = compress_finish,
	    .abort = compress_abort,
	    .release = compress_release};
	struct compress *c = mem_new(struct compress);

	c->sink.ops = &ops;
	c->next = next;
	c->level = level;
	c->frames = frames;
	if (start_member(c, err) == 0)
		return &c->sink;
	sink_free(&c->sink);
	return NULL;
}
