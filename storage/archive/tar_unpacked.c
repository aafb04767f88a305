#include "storage/archive/tar_unpacked.h"

#include "storage/archive/tar_libarchive.h"
#include "storage/base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { BLOCK = 128 * 1024 };

struct unpacked {
	struct source source;
	struct source *from;
	struct archive *archive;
	struct err below; /* what `from` said */
	bool begun;	  /* something came of `from` */
	bool empty;
	char block[BLOCK];
};

static la_ssize_t read_block(struct archive *a, void *ctx, const void **block)
{
	struct unpacked *u = ctx;
	ssize_t n = source_read(u->from, u->block, BLOCK, &u->below);

	*block = u->block;
	u->begun |= n > 0;
	if (n < 0)
		archive_set_error(a, EIO, "reading failed");
	return n < 0 ? ARCHIVE_FATAL : n;
}

static ssize_t unpacked_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct unpacked *u = (struct unpacked *)source;
	la_ssize_t n = u->empty ? 0 : archive_read_data(u->archive, data, len);

	if (n < 0)
		return tar_failed(
		    u->archive, &u->below, err, "unpacking a frame");
	return n;
}

static void unpacked_release(struct source *source)
{
	struct unpacked *u = (struct unpacked *)source;

	archive_read_free(u->archive);
	source_free(u->from);
	mem_wipe(u->block, sizeof u->block);
	free(u);
}

/* libarchive's "raw" format: everything is one entry. The filter is named, not
 * supported: of content that begins like something compressed, libarchive would
 * unpack that, too (archive_read_append_filter(3)). */
static int set_up(struct unpacked *u, enum archive_compression c)
{
	struct archive_entry *entry;

	if (archive_read_append_filter(u->archive, c == ARCHIVE_GZIP
						       ? ARCHIVE_FILTER_GZIP
						       : ARCHIVE_FILTER_ZSTD) ||
	    archive_read_support_format_raw(u->archive) ||
	    archive_read_support_format_empty(u->archive) ||
	    archive_read_open(u->archive, u, NULL, read_block, NULL))
		return -1;
	int r = archive_read_next_header(u->archive, &entry);
	if (r == ARCHIVE_OK)
		return 0;
	/* To libarchive, what cannot be unpacked is as empty as nothing. No
	 * frame is written without content. */
	if (r == ARCHIVE_EOF && u->begun)
		archive_set_error(u->archive, EINVAL,
		    "it is damaged, or is not compressed in "
		    "that format");
	u->empty = r == ARCHIVE_EOF && !u->begun && u->below.code == ERR_NONE;
	return u->empty ? 0 : -1;
}

struct source *tar_unpacked(
    enum archive_compression c, struct source *from, struct err *err)
{
	static const struct source_ops ops = {
	    .read = unpacked_read, .release = unpacked_release};
	struct unpacked *u = mem_new(struct unpacked);

	u->source.ops = &ops;
	u->from = from;
	u->archive = archive_read_new();
	if (!u->archive)
		abort();
	if (set_up(u, c) == 0)
		return &u->source;
	tar_failed(u->archive, &u->below, err, "unpacking a frame");
	source_free(&u->source);
	return NULL;
}
