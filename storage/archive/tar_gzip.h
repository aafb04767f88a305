/*
 * gzip as a stage of a stream, through libarchive: members (RFC 1952), any
 * number of which are one stream to every reader. The same input gives the same
 * bytes.
 */
#ifndef STORAGE_ARCHIVE_TAR_GZIP_H
#define STORAGE_ARCHIVE_TAR_GZIP_H

#include "storage/archive/frames.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

/* Owns the next stage, also on failure. level: 0 is gzip's own default. A
 * member ends after FRAMES_BYTES, and is then appended to `frames` (borrowed,
 * or NULL). */
struct sink *tar_gzip(
    int level, struct frames *frames, struct sink *next, struct err *err);
/* As those of zstd.h. */
int tar_gzip_end_frame(struct sink *gzip, struct err *err);
struct frames_position tar_gzip_position(const struct sink *gzip);

#endif
