/*
 * The frames of an archive: pieces that are compressed independently, each a
 * frame of Zstandard (RFC 8878) or a member of gzip (RFC 1952). Put together,
 * every reader takes them as one stream; whoever knows where a frame lies can
 * read it without those before.
 *
 * Pure.
 */
#ifndef STORAGE_ARCHIVE_FRAMES_H
#define STORAGE_ARCHIVE_FRAMES_H

#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <stddef.h>
#include <stdint.h>

/* A frame of compressed content ends at this many bytes; content that does not
 * compress is one frame of any length. */
enum { FRAMES_BYTES = 4 * 1024 * 1024 };

struct frame {
	uint64_t offset; /* in the compressed archive, before encryption */
	uint64_t bytes;
	uint64_t unpacked; /* bytes that it holds */
};
VEC_DEFINE(frames, struct frame);

/* Where something begins. */
struct frames_position {
	uint64_t frame;	 /* the frame's number, from 0 */
	uint64_t offset; /* offset in the frame's content; at its end, the next
			    frame begins */
};

/* Appends the next frame. */
void frames_add(struct frames *f, uint64_t bytes, uint64_t unpacked);
/* Appends the frames of another part, whose offsets count from its own start,
 * behind those of f. */
void frames_append(struct frames *f, const struct frames *more);
/* Where the last frame ends. */
uint64_t frames_end(const struct frames *f);

/* Checks that a frame of an index can be the next: it begins where the one
 * before ended, is not empty, and ends by `end`. ERR_INTEGRITY says why not. */
int frames_check_next(const struct frames *f, const struct frame *next,
    uint64_t end, struct err *err);

#endif
