/*
 * The frames of an archive: stretches that are compressed by themselves, one
 * behind the other, each a frame of Zstandard (RFC 8878) or a member of gzip
 * (RFC 1952), which every reader takes as one stream. Whoever knows where one
 * lies reads it without those before.
 *
 * Pure.
 */
#ifndef STORAGE_ARCHIVE_FRAMES_H
#define STORAGE_ARCHIVE_FRAMES_H

#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <stddef.h>
#include <stdint.h>

/* What of an archive is compressed ends a frame at this many bytes; what does
 * not compress is one frame, however long. */
enum { FRAMES_BYTES = 4 * 1024 * 1024 };

struct frame {
	uint64_t offset; /* in the compressed archive, before encryption */
	uint64_t bytes;
	uint64_t unpacked; /* bytes that it holds */
};
VEC_DEFINE(frames, struct frame);

/* Where something begins. */
struct frames_place {
	uint64_t frame;	 /* its place among them, from 0 */
	uint64_t offset; /* in what the frame holds; its end: the next one */
};

/* Adds the one that follows the last. */
void frames_add(struct frames *f, uint64_t bytes, uint64_t unpacked);
/* Adds those of another stretch, whose offsets count from its own start, behind
 * all that f has. */
void frames_append(struct frames *f, const struct frames *more);
/* Where the last one ends. */
uint64_t frames_end(const struct frames *f);

/* Whether one that an index names can be the next: it begins where the one
 * before ended, is not empty, and ends by `end`. ERR_INTEGRITY says why not. */
int frames_check_next(const struct frames *f, const struct frame *next,
    uint64_t end, struct err *err);

#endif
