/*
 * Compression into Zstandard frames, one after the other (RFC 8878 allows a
 * file to consist of many). Content that compresses is compressed by libzstd,
 * several frames at a time in threads; content that does not, such as packs of
 * Git, is stored in frames of raw blocks, which cost next to nothing. Nothing
 * of libzstd appears here. The same input gives the same bytes.
 */
#ifndef STORAGE_ARCHIVE_ZSTD_H
#define STORAGE_ARCHIVE_ZSTD_H

#include "storage/archive/frames.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* Owns the next stage, also on failure. level: 0 is libzstd's own default.
 * threads: 0 compresses in the writer's own thread; the bytes do not depend on
 * their number, but on whether there are any. A compressed frame ends after
 * FRAMES_BYTES. Each frame is appended to `frames` (borrowed, or NULL) once it
 * is written, all of them by the time of finish. */
struct sink *zstd_compress(int level, int threads, struct frames *frames,
    struct sink *next, struct err *err);
/* The next byte starts a new frame. */
int zstd_end_frame(struct sink *zstd, struct err *err);
/* The position of the next byte: its frame by the index in `frames`. */
struct frames_position zstd_position(const struct sink *zstd);
/* From here on, content is stored as it is, or compressed again. */
int zstd_store(struct sink *zstd, bool stored, struct err *err);

/* Whether samples of a file show that compressing it is worth its time. True if
 * it cannot be read: whoever reads it next gets the error. */
bool zstd_gains(int fd, uint64_t bytes);

#endif
