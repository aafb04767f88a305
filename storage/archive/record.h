/*
 * A row of entries in memory, each followed by its content: how a lane keeps
 * small entries until they are written. Pure.
 */
#ifndef STORAGE_ARCHIVE_RECORD_H
#define STORAGE_ARCHIVE_RECORD_H

#include "storage/archive/entry.h"
#include "storage/archive/tar.h"
#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An entry as it is written: archive_entry with its facts as text and the full
 * names of its attributes. */
struct record {
	const char *path;
	const char *source; /* or NULL */
	const char *facts;  /* JSON text on one line, or NULL */
	int64_t mtime;	    /* seconds */
	uint64_t bytes;	    /* of content */
	uint8_t *sha256;    /* receives the digest of the content; or NULL */
	struct tar_attrs attrs;
};

/* Appends e and its content; mtime is that of an entry without one. */
void record_add(struct buf *to, const struct archive_entry *e, int64_t mtime,
    const void *data, size_t len);

/* Reads the record at *at and moves on to the next; false at the end. *out and
 * *data borrow from the buf, except the vec of attrs, which is reused for each
 * record and released by the caller with vec_done. */
bool record_next(
    const struct buf *from, size_t *at, struct record *out, const char **data);

#endif
