#include "storage/archive/tar.h"

#include "storage/archive/entry.h"
#include "storage/archive/tar_gzip.h"
#include "storage/archive/tar_libarchive.h"
#include "storage/archive/zstd.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much an entry needs with a pax header; more with many attributes. */
enum { HEADER_BYTES = 3 * 512 };

struct tar_writer {
	struct archive *archive;
	struct archive_entry *entry;
	struct sink *sink;
	bool zstd;	  /* whether the sink is one of zstd.h */
	struct err below; /* the error of the sink */
	struct tar_locale locale;
	bool finished;
};

static la_ssize_t write_block(
    struct archive *a, void *ctx, const void *data, size_t len)
{
	struct tar_writer *t = ctx;

	(void)a;
	if (t->below.code != ERR_NONE ||
	    sink_write(t->sink, data, len, &t->below))
		return -1;
	return (la_ssize_t)len;
}

static int set_up_writer(struct archive *a, struct tar_writer *t)
{
	return archive_write_set_format_pax_restricted(a) ||
	       archive_write_set_format_option(
		   a, "pax", "xattrheader", "SCHILY") ||
	       /* Names are bytes and must come back unchanged. Without this,
		* libarchive normalises the Unicode of a name when it reads it.
		*/
	       archive_write_set_format_option(
		   a, "pax", "hdrcharset", "BINARY") ||
	       archive_write_set_bytes_per_block(a, 0) ||
	       archive_write_open(a, t, NULL, write_block, NULL);
}

/* libarchive's own filters are not used: none can end a frame before the
 * archive ends, and none can store what does not compress. */
struct tar_writer *tar_writer_new(const struct compress_options *o,
    struct frames *frames, struct sink *sink, struct err *err)
{
	bool zstd = o->compression == ARCHIVE_ZSTD;

	sink = zstd ? zstd_compress(o->level, o->threads, frames, sink, err)
		    : tar_gzip(o->level, frames, sink, err);
	if (!sink)
		return NULL;
	struct tar_writer *t = mem_new(struct tar_writer);
	t->sink = sink;
	t->zstd = zstd;
	tar_locale_init_write(&t->locale);
	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	if (!t->archive || !t->entry)
		abort();
	if (set_up_writer(t->archive, t)) {
		tar_failed(
		    t->archive, &t->below, err, "setting up the archive");
		tar_writer_free(t);
		return NULL;
	}
	return t;
}

static void fill_entry(struct archive_entry *e, const char *path,
    uint64_t bytes, int64_t mtime, const struct tar_attrs *attrs)
{
	archive_entry_clear(e);
	archive_entry_copy_pathname(e, path);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0600); /* The content may contain secrets */
	archive_entry_set_size(e, (la_int64_t)bytes);
	archive_entry_set_mtime(e, mtime, 0);
	for (size_t i = 0; attrs && i < attrs->len; i++)
		archive_entry_xattr_add_entry(e, attrs->items[i].name,
		    attrs->items[i].value, attrs->items[i].value_len);
}

struct frames_position tar_writer_position(const struct tar_writer *t)
{
	return t->zstd ? zstd_position(t->sink) : tar_gzip_position(t->sink);
}

/* Including the padding of the entry before, which belongs to its frame. */
int tar_writer_end_frame(struct tar_writer *t, struct err *err)
{
	if (archive_write_finish_entry(t->archive) < ARCHIVE_WARN)
		return tar_failed(
		    t->archive, &t->below, err, "ending an entry");
	if (!tar_writer_position(t).offset)
		return 0;
	return t->zstd ? zstd_end_frame(t->sink, err)
		       : tar_gzip_end_frame(t->sink, err);
}

/* Whether the entry starts a new frame, so that reading it does not mean
 * reading two. Short frames compress worse. */
static bool starts_frame(const struct tar_writer *t, uint64_t bytes)
{
	uint64_t at = tar_writer_position(t).offset;

	return at >= FRAMES_BYTES / 4 &&
	       bytes + HEADER_BYTES + at > FRAMES_BYTES;
}

int tar_writer_entry(struct tar_writer *t, const char *path, uint64_t bytes,
    int64_t mtime, const struct tar_attrs *attrs, struct err *err)
{
	if (starts_frame(t, bytes) && tar_writer_end_frame(t, err))
		return -1;
	if (t->zstd && zstd_store(t->sink, false, err))
		return -1;
	locale_t before = tar_locale_enter(&t->locale);
	fill_entry(t->entry, path, bytes, mtime, attrs);
	int r = archive_write_header(t->archive, t->entry);
	uselocale(before);
	/* A name that is not UTF-8 is written as it is; libarchive warns. */
	if (r == ARCHIVE_OK ||
	    (r == ARCHIVE_WARN && !str_utf8_valid(path, strlen(path))))
		return 0;
	tar_failed(t->archive, &t->below, err, "writing an entry's header");
	return err_wrap(err, "archive entry '%s'", path);
}

int tar_writer_store(struct tar_writer *t, struct err *err)
{
	return t->zstd ? zstd_store(t->sink, true, err) : 0;
}

int tar_writer_data(
    struct tar_writer *t, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len) {
		la_ssize_t n = archive_write_data(t->archive, p, len);
		if (n <= 0)
			return tar_failed(t->archive, &t->below, err,
			    "writing an entry's content");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int end_sink(struct tar_writer *t, struct err *err)
{
	if (sink_finish(t->sink, err))
		return -1;
	t->finished = true;
	return 0;
}

int tar_writer_end(struct tar_writer *t, struct err *err)
{
	if (archive_write_finish_entry(t->archive) != ARCHIVE_OK)
		return tar_failed(
		    t->archive, &t->below, err, "ending an entry");
	return end_sink(t, err);
}

int tar_writer_finish(struct tar_writer *t, struct err *err)
{
	if (t->zstd && zstd_store(t->sink, false, err))
		return -1;
	if (archive_write_close(t->archive) != ARCHIVE_OK)
		return tar_failed(
		    t->archive, &t->below, err, "ending the archive");
	return end_sink(t, err);
}

void tar_writer_free(struct tar_writer *t)
{
	if (!t)
		return;
	/* Freeing the archive would otherwise pad and close it as if it were
	 * complete. */
	archive_write_fail(t->archive);
	if (!t->finished)
		sink_abort(t->sink);
	archive_write_free(t->archive);
	archive_entry_free(t->entry);
	sink_free(t->sink);
	tar_locale_done(&t->locale);
	free(t);
}
