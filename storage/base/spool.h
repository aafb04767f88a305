/*
 * Bytes that wait for their turn: in memory while they are few, in a file
 * without a name once they are many. A run that dies leaves nothing of it
 * behind.
 */
#ifndef STORAGE_BASE_SPOOL_H
#define STORAGE_BASE_SPOOL_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stddef.h>
#include <stdint.h>

struct spool {
	const char *dir;     /* borrowed; the directory of the file */
	size_t memory_bytes; /* more than that goes to the file */
	struct buf memory;   /* what the file does not hold yet */
	int fd;		     /* -1 while all is in memory */
	uint64_t file_bytes;
};

void spool_init(struct spool *s, const char *dir, size_t memory_bytes);
void spool_done(struct spool *s);
void spool_reset(struct spool *s); /* empty again */
int spool_add(struct spool *s, const void *data, size_t len, struct err *err);
uint64_t spool_len(const struct spool *s); /* bytes */
/* len bytes from offset, all of them or an error. */
int spool_read(const struct spool *s, uint64_t offset, void *data, size_t len,
    struct err *err);
/* For reads that mostly go forward: reads ahead in large pieces. */
struct spool_window {
	const struct spool *spool; /* borrowed; unchanged meanwhile */
	struct buf data;	   /* what was read, from `at` on */
	uint64_t at;
};
void spool_window_init(struct spool_window *w, const struct spool *s);
void spool_window_done(struct spool_window *w);
/* len bytes from offset, valid until the next view; NULL as spool_read. */
const char *spool_view(
    struct spool_window *w, uint64_t offset, size_t len, struct err *err);
/* A sink that appends to it; the spool must outlive the sink. Neither finishing
 * nor aborting the sink changes what was appended. */
struct sink *spool_sink(struct spool *s);
/* A source over the whole; the spool must outlive it and stay unchanged. */
struct source *spool_source(const struct spool *s);
/* The same over `len` bytes from an offset, all of which exist. */
struct source *spool_source_of(
    const struct spool *s, uint64_t offset, uint64_t len);

#endif
