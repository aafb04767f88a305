#include "storage/archive/tar.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BLOCK = 128 * 1024, ATTRS_MAX_BYTES = 1024 * 1024 };

void tar_attrs_add(
    struct tar_attrs *v, const char *name, const void *value, size_t value_len)
{
	char *copy = mem_alloc(value_len + 1);

	if (value_len)
		memcpy(copy, value, value_len);
	copy[value_len] = '\0';
	*vec_add(v) = (struct tar_attr){
	    .name = str_dup(name), .value = copy, .value_len = value_len};
}

void tar_attrs_done(struct tar_attrs *v)
{
	VEC_EACH (v, a) {
		free(a->name);
		free(a->value);
	}
	vec_done(v);
}

/* libarchive converts names by the thread's locale, and pax wants UTF-8. */
struct utf8 {
	locale_t locale;
};

static void utf8_init(struct utf8 *u)
{
	u->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static void utf8_done(struct utf8 *u)
{
	if (u->locale)
		freelocale(u->locale);
}

static locale_t utf8_enter(const struct utf8 *u)
{
	return u->locale ? uselocale(u->locale) : uselocale((locale_t)0);
}

static int failed(
    struct archive *a, const struct err *below, struct err *err, const char *at)
{
	const char *text = archive_error_string(a);

	if (below->code != ERR_NONE) {
		*err = *below;
		return -1;
	}
	return err_set(err, ERR_FORMAT, "%s: %s", at,
	    text ? text : "libarchive gives no reason");
}

/* ---- writing ---- */

struct tar_writer {
	struct archive *archive;
	struct archive_entry *entry;
	struct sink *sink;
	struct err below; /* what the sink said */
	struct utf8 utf8;
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

static int set_up_filter(
    struct archive *a, enum archive_compression c, int level, int threads)
{
	char text[16];
	const char *name = c == ARCHIVE_GZIP ? "gzip" : "zstd";

	if (c == ARCHIVE_GZIP ? archive_write_add_filter_gzip(a)
			      : archive_write_add_filter_zstd(a))
		return -1;
	if (c == ARCHIVE_GZIP &&
	    archive_write_set_filter_option(a, name, "timestamp", NULL))
		return -1;
	snprintf(text, sizeof text, "%d", level);
	if (level &&
	    archive_write_set_filter_option(a, name, "compression-level", text))
		return -1;
	/* Never 0: without worker threads zstd makes other bytes. */
	snprintf(text, sizeof text, "%d", threads < 1 ? 1 : threads);
	return c == ARCHIVE_ZSTD &&
		       archive_write_set_filter_option(a, name, "threads", text)
		   ? -1
		   : 0;
}

static int set_up_writer(struct archive *a, enum archive_compression c,
    int level, int threads, struct tar_writer *t)
{
	return archive_write_set_format_pax_restricted(a) ||
	       archive_write_set_format_option(
		   a, "pax", "xattrheader", "SCHILY") ||
	       set_up_filter(a, c, level, threads) ||
	       archive_write_set_bytes_per_block(a, 0) ||
	       archive_write_open(a, t, NULL, write_block, NULL);
}

struct tar_writer *tar_writer_new(enum archive_compression c, int level,
    int threads, struct sink *sink, struct err *err)
{
	struct tar_writer *t = mem_new(struct tar_writer);

	t->sink = sink;
	utf8_init(&t->utf8);
	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	if (!t->archive || !t->entry)
		abort();
	if (set_up_writer(t->archive, c, level, threads, t)) {
		failed(t->archive, &t->below, err, "setting up the archive");
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
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)bytes);
	archive_entry_set_mtime(e, mtime, 0);
	for (size_t i = 0; attrs && i < attrs->len; i++)
		archive_entry_xattr_add_entry(e, attrs->items[i].name,
		    attrs->items[i].value, attrs->items[i].value_len);
}

int tar_writer_entry(struct tar_writer *t, const char *path, uint64_t bytes,
    int64_t mtime, const struct tar_attrs *attrs, struct err *err)
{
	locale_t before = utf8_enter(&t->utf8);

	fill_entry(t->entry, path, bytes, mtime, attrs);
	int r = archive_write_header(t->archive, t->entry);
	uselocale(before);
	/* A name that is no UTF-8 is written as it is, with a warning. */
	if (r == ARCHIVE_OK ||
	    (r == ARCHIVE_WARN && !str_utf8_valid(path, strlen(path))))
		return 0;
	failed(t->archive, &t->below, err, "writing an entry's header");
	return err_wrap(err, "archive entry '%s'", path);
}

int tar_writer_data(
    struct tar_writer *t, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len) {
		la_ssize_t n = archive_write_data(t->archive, p, len);
		if (n <= 0)
			return failed(t->archive, &t->below, err,
			    "writing an entry's content");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int tar_writer_finish(struct tar_writer *t, struct err *err)
{
	if (archive_write_close(t->archive) != ARCHIVE_OK)
		return failed(t->archive, &t->below, err, "ending the archive");
	if (sink_finish(t->sink, err))
		return -1;
	t->finished = true;
	return 0;
}

void tar_writer_free(struct tar_writer *t)
{
	if (!t)
		return;
	/* Freeing would pad, close and say that all is well. */
	if (!t->finished) {
		archive_write_fail(t->archive);
		sink_abort(t->sink);
	}
	archive_write_free(t->archive);
	archive_entry_free(t->entry);
	sink_free(t->sink);
	utf8_done(&t->utf8);
	free(t);
}

/* ---- reading ---- */

struct tar_reader {
	struct archive *archive;
	struct source *from;
	struct err below; /* what the source said */
	struct utf8 utf8;
	char block[READ_BLOCK];
};

void tar_entry_done(struct tar_entry *e)
{
	free(e->path);
	tar_attrs_done(&e->attrs);
	*e = (struct tar_entry){.path = NULL};
}

static la_ssize_t read_block(struct archive *a, void *ctx, const void **block)
{
	struct tar_reader *t = ctx;
	ssize_t n = source_read(t->from, t->block, READ_BLOCK, &t->below);

	*block = t->block;
	if (n < 0)
		archive_set_error(a, EIO, "reading failed");
	return n < 0 ? ARCHIVE_FATAL : n;
}

struct tar_reader *tar_reader_new(
    enum archive_compression c, struct source *from, struct err *err)
{
	struct tar_reader *t = mem_new(struct tar_reader);

	t->from = from;
	utf8_init(&t->utf8);
	t->archive = archive_read_new();
	if (!t->archive)
		abort();
	if ((c == ARCHIVE_GZIP
		    ? archive_read_support_filter_gzip(t->archive)
		    : archive_read_support_filter_zstd(t->archive)) ||
	    archive_read_support_format_tar(t->archive) ||
	    archive_read_open(t->archive, t, NULL, read_block, NULL)) {
		failed(t->archive, &t->below, err, "opening the archive");
		tar_reader_free(t);
		return NULL;
	}
	return t;
}

void tar_reader_free(struct tar_reader *t)
{
	if (!t)
		return;
	archive_read_free(t->archive);
	source_free(t->from);
	utf8_done(&t->utf8);
	mem_wipe(t->block, sizeof t->block);
	free(t);
}

void tar_reader_freep(struct tar_reader **t)
{
	tar_reader_free(*t);
}

/* What stands behind the end of the tar is not read by libarchive; it must be
 * read all the same, for its end to be known as genuine. */
static int drain(struct tar_reader *t, struct err *err)
{
	for (;;) {
		ssize_t n = source_read(t->from, t->block, READ_BLOCK, err);
		if (n <= 0)
			return (int)n;
	}
}

static int take_attrs(
    struct archive_entry *a, struct tar_attrs *out, struct err *err)
{
	const char *name;
	const void *value;
	size_t len, total = 0;

	archive_entry_xattr_reset(a);
	while (archive_entry_xattr_next(a, &name, &value, &len) == ARCHIVE_OK) {
		total += strlen(name) + len;
		if (total > ATTRS_MAX_BYTES)
			return err_set(
			    err, ERR_FORMAT, "its attributes are over 1 MiB");
		tar_attrs_add(out, name, value, len);
	}
	return 0;
}

static const char *kind_of(struct archive_entry *a)
{
	if (archive_entry_hardlink(a))
		return "a hard link";
	switch (archive_entry_filetype(a)) {
	case AE_IFREG:
		return archive_entry_sparse_count(a) ? "a sparse file" : NULL;
	case AE_IFLNK:
		return "a symbolic link";
	case AE_IFDIR:
		return "a directory";
	default:
		return "a device or another special file";
	}
}

static int take_entry(
    struct archive_entry *a, struct tar_entry *e, struct err *err)
{
	const char *path = archive_entry_pathname(a);
	const char *kind = kind_of(a);

	if (!path)
		return err_set(err, ERR_FORMAT,
		    "an entry of the archive has no readable name");
	if (kind)
		return err_set(err, ERR_FORMAT,
		    "archive entry '%.200s' is %s: only plain files belong in "
		    "a snapshot",
		    path, kind);
	if (!archive_entry_size_is_set(a) || archive_entry_size(a) < 0)
		return err_set(err, ERR_FORMAT,
		    "archive entry '%.200s' has no size", path);
	*e = (struct tar_entry){.path = str_dup(path),
	    .bytes = (uint64_t)archive_entry_size(a),
	    .mtime = archive_entry_mtime(a)};
	if (take_attrs(a, &e->attrs, err)) {
		err_wrap(err, "archive entry '%.200s'", e->path);
		tar_entry_done(e);
		return -1;
	}
	return 1;
}

int tar_reader_next(struct tar_reader *t, struct tar_entry *e, struct err *err)
{
	struct archive_entry *a = NULL;
	locale_t before = utf8_enter(&t->utf8);
	int r = archive_read_next_header(t->archive, &a);
	int result;

	if (r == ARCHIVE_EOF)
		result = drain(t, err);
	else if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		result = take_entry(a, e, err);
	else
		result =
		    failed(t->archive, &t->below, err, "reading the archive");
	uselocale(before);
	return result;
}

ssize_t tar_reader_data(
    struct tar_reader *t, void *data, size_t len, struct err *err)
{
	la_ssize_t n = archive_read_data(t->archive, data, len);

	if (n < 0)
		return failed(
		    t->archive, &t->below, err, "reading the archive");
	return n;
}
