/*
 * Streams of bytes. A sink is written to, then finished or aborted exactly
 * once, then released; releasing never commits: a sink that is released without
 * a finish is aborted. A source is read until it returns 0.
 *
 * A stage embeds `struct sink` as its first member and sets ops. It owns the
 * next stage, and finishing it finishes that one.
 */
#ifndef STORAGE_BASE_STREAM_H
#define STORAGE_BASE_STREAM_H

#include "storage/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sink;

struct sink_ops {
	int (*write)(
	    struct sink *s, const void *data, size_t len, struct err *err);
	int (*finish)(struct sink *s, struct err *err);
	void (*abort)(
	    struct sink *s); /* never called after a finish that succeeded */
	void (*release)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	int ended; /* set by a finish that succeeded, and by abort */
};

int sink_write(struct sink *s, const void *data, size_t len, struct err *err);
int sink_finish(struct sink *s, struct err *err);
void sink_abort(struct sink *s);
void sink_free(struct sink *s); /* takes NULL; aborts what is not finished */
void sink_freep(struct sink **s);

struct source;

struct source_ops {
	/* Up to len bytes; 0 at the end, -1 on error. */
	ssize_t (*read)(
	    struct source *s, void *data, size_t len, struct err *err);
	void (*release)(struct source *s);
};

struct source {
	const struct source_ops *ops;
};

ssize_t source_read(struct source *s, void *data, size_t len, struct err *err);
/* Reads on behind the first *len bytes of `data` until there are `cap` of them:
 * 0; 1 where the source ends before; -1. *len counts all that was read, also
 * before an error. */
int source_fill(
    struct source *s, void *data, size_t cap, size_t *len, struct err *err);
/* To its end, for what it checks there. */
int source_read_rest(struct source *s, struct err *err);
void source_free(struct source *s); /* takes NULL */
void source_freep(struct source **s);

/* Writes all of a source into a sink, without finishing the sink. Returns the
 * number of bytes, or -1. */
int64_t stream_copy(struct source *from, struct sink *to, struct err *err);

/* A sink that writes to another sink, which it borrows: finishing it does not
 * finish the other. */
struct sink *sink_onto(struct sink *to);

/* A source that reads another source, which it borrows. */
struct source *source_onto(struct source *from);

/* A source that reads memory it borrows; for small content. */
struct source *source_from_memory(const void *data, size_t len);
/* A part of a source, which it owns: what follows the first `skip` bytes, at
 * most `len` of it. Where there is less, it ends early. */
struct source *source_part(struct source *from, uint64_t skip, uint64_t len);
/* A source that reports after each piece how much of it was read, behind
 * `before` bytes of others; `total` is handed on. Owns `from`. */
struct source *source_counted(struct source *from, uint64_t before,
    uint64_t total, void (*progress)(void *ctx, uint64_t done, uint64_t total),
    void *ctx);
/* A source that reads a file descriptor, which it owns. `name` for errors. */
struct source *source_from_fd(int fd, const char *name);
/* A sink that writes a file descriptor, which it owns, from where it is: finish
 * closes it and reports what closing says, and syncs nothing. */
struct sink *sink_to_fd(int fd, const char *name);
/* A sink that computes the SHA-256 and the length of what it passes to `next`,
 * which it owns (NULL: nothing is passed on). Read them after finish. */
struct sink *sink_digest(struct sink *next, uint8_t *sha256, uint64_t *bytes);

#endif
