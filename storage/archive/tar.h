/*
 * Tar with pax headers through libarchive, compressed by zstd.h or tar_gzip.h:
 * regular files only. Nothing of libarchive appears here. The same input gives
 * the same bytes.
 */
#ifndef STORAGE_ARCHIVE_TAR_H
#define STORAGE_ARCHIVE_TAR_H

#include "storage/archive/format.h"
#include "storage/archive/frames.h"
#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/base/vec.h"

#include <stddef.h>
#include <stdint.h>

struct tar_attr {
	char *name; /* of the extended attribute, with its `user.` */
	char *value;
	size_t value_len;
};
VEC_DEFINE(tar_attrs, struct tar_attr);
void tar_attrs_done(struct tar_attrs *v);
void tar_attrs_add(struct tar_attrs *v, const char *name, const void *value,
    size_t value_len); /* copies */

struct tar_writer;

struct compress_options {
	enum archive_compression compression;
	int level; /* 0: the format's own */
	/* For zstd; 0: compress in the writer's own thread. The number does not
	 * change the bytes, but it matters whether there are any. Each needs
	 * several MiB. */
	int threads;
};

/* Owns the sink, also on failure. Each frame is appended to `frames` (borrowed,
 * or NULL) once it is written, all of them by the end. */
struct tar_writer *tar_writer_new(const struct compress_options *o,
    struct frames *frames, struct sink *sink, struct err *err);
/* The next entry starts a new frame. */
int tar_writer_end_frame(struct tar_writer *t, struct err *err);
/* The position of the next byte of content, counted in this writer's frames. */
struct frames_position tar_writer_position(const struct tar_writer *t);
/* Starts an entry; exactly `bytes` of data must follow. An entry that fits into
 * a frame is not split over two. */
int tar_writer_entry(struct tar_writer *t, const char *path, uint64_t bytes,
    int64_t mtime, const struct tar_attrs *attrs, struct err *err);
/* The rest of this entry does not compress: no time is spent on trying, if the
 * compression supports that. */
int tar_writer_store(struct tar_writer *t, struct err *err);
int tar_writer_data(
    struct tar_writer *t, const void *data, size_t len, struct err *err);
/* Both finish the sink: the first if another writer's entries follow, the
 * second if the archive ends here. */
int tar_writer_end(struct tar_writer *t, struct err *err);
int tar_writer_finish(struct tar_writer *t, struct err *err);
void tar_writer_free(struct tar_writer *t); /* aborts if not finished */

struct tar_entry {
	char *path; /* as it is in the archive: not to be trusted */
	uint64_t bytes;
	int64_t mtime;
	struct tar_attrs attrs;
};
void tar_entry_done(struct tar_entry *e);

struct tar_reader;

/* Owns the source, also on failure. */
struct tar_reader *tar_reader_new(
    enum archive_compression c, struct source *from, struct err *err);
/* The next entry: 1; 0 at the end (the source is then read to its own end); -1.
 * ERR_FORMAT for anything but a regular file, and for more attributes than
 * LIMITS_ATTRS_BYTES. The caller releases e only after 1. */
int tar_reader_next(struct tar_reader *t, struct tar_entry *e, struct err *err);
/* Up to len bytes of the entry; 0 at its end. */
ssize_t tar_reader_data(
    struct tar_reader *t, void *data, size_t len, struct err *err);
void tar_reader_free(struct tar_reader *t);

#endif
