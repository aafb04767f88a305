#include "storage/archive/tar.h"

#include "storage/archive/entry.h"
#include "storage/archive/limits.h"
#include "storage/archive/tar_libarchive.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BLOCK = 128 * 1024 };

struct tar_reader {
	struct archive *archive;
	struct source *from;
	struct err below; /* the error of the source */
	struct tar_locale locale;
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
	tar_locale_init_read(&t->locale);
	t->archive = archive_read_new();
	if (!t->archive)
		abort();
	if ((c == ARCHIVE_GZIP
		    ? archive_read_support_filter_gzip(t->archive)
		    : archive_read_support_filter_zstd(t->archive)) ||
	    archive_read_support_format_tar(t->archive) ||
	    archive_read_open(t->archive, t, NULL, read_block, NULL)) {
		tar_failed(t->archive, &t->below, err, "opening the archive");
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
	tar_locale_done(&t->locale);
	mem_wipe(t->block, sizeof t->block);
	free(t);
}

/* libarchive does not read what follows the end of the tar. It must be read all
 * the same: only its end proves that the stream was not cut. */
static int drain(struct tar_reader *t, struct err *err)
{
	for (;;) {
		ssize_t n = source_read(t->from, t->block, READ_BLOCK, err);
		if (n <= 0)
			return (int)n;
	}
}

static int read_attrs(
    struct archive_entry *a, struct tar_attrs *out, struct err *err)
{
	const char *name;
	const void *value;
	size_t len, total = 0;

	archive_entry_xattr_reset(a);
	while (archive_entry_xattr_next(a, &name, &value, &len) == ARCHIVE_OK) {
		total += strlen(name) + len + LIMITS_ATTR_REST;
		if (total > LIMITS_ATTRS_BYTES)
			return err_set(
			    err, ERR_FORMAT, "its attributes are over 960 KiB");
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

static int read_entry(
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
	if (read_attrs(a, &e->attrs, err)) {
		err_wrap(err, "archive entry '%.200s'", e->path);
		tar_entry_done(e);
		return -1;
	}
	return 1;
}

int tar_reader_next(struct tar_reader *t, struct tar_entry *e, struct err *err)
{
	struct archive_entry *a = NULL;
	locale_t before = tar_locale_enter(&t->locale);
	int r = archive_read_next_header(t->archive, &a);
	int result;

	if (r == ARCHIVE_EOF)
		result = drain(t, err);
	else if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		result = read_entry(a, e, err);
	else
		result = tar_failed(
		    t->archive, &t->below, err, "reading the archive");
	uselocale(before);
	return result;
}

ssize_t tar_reader_data(
    struct tar_reader *t, void *data, size_t len, struct err *err)
{
	la_ssize_t n = archive_read_data(t->archive, data, len);

	if (n < 0)
		return tar_failed(
		    t->archive, &t->below, err, "reading the archive");
	return n;
}
