/*
 * Compression into Zstandard frames, one after the other (RFC 8878, which lets
 * a file be many): what compresses by libzstd, several frames at a time in
 * threads; what does not, such as packs of Git, as frames of raw blocks that
 * cost next to nothing. Nothing of libzstd shows here. The same input gives the
 * same bytes.
 */
#ifndef STORAGE_ARCHIVE_ZSTD_H
#define STORAGE_ARCHIVE_ZSTD_H

#include "storage/archive/frames.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* Owns the next one, also on failure. level: 0 is libzstd's own. threads: 0
 * compresses in the writer's own; the bytes do not depend on how many there
 * are, but on whether there are any. A frame that is compressed ends after
 * FRAMES_BYTES. Each one is added to `frames` (borrowed, or NULL) once it was
 * written, all of them by the time of finish. */
struct sink *zstd_compress(int level, int threads, struct frames *frames,
    struct sink *next, struct err *err);
/* What is written from here on starts a new frame. */
int zstd_end_frame(struct sink *zstd, struct err *err);
/* Where the next byte goes: its frame by its place in `frames`. */
struct frames_place zstd_place(const struct sink *zstd);
/* What is written from here on is stored as it is, or compressed again. */
int zstd_store(struct sink *zstd, bool stored, struct err *err);

/* Whether samples of a file say that compressing it gains anything worth its
 * time. What cannot be read is said to compress: who reads it will see. */
bool zstd_gains(int fd, uint64_t bytes);

#endif
