/*
 * CONTENTS.json, the last entry of an archive: what is in it. One JSON
 * document, laid out with an entry a line, so that it can be read without
 * holding it:
 *
 *   {"version":1,"entries":[
 *   {"path":"git/a.git/HEAD","bytes":23,"sha256":"…","mtime":1767323045,
 *    "source":"…","facts":{…}},       (on one line, in archive order)
 *   …
 *   ],"count":2}
 *
 * The reader takes exactly this layout, lines up to CONTENTS_LINE_MAX bytes, up
 * to CONTENTS_ENTRIES_MAX entries, and paths that are safe; the writer is to
 * put no more into it.
 */
#ifndef STORAGE_ARCHIVE_CONTENTS_H
#define STORAGE_ARCHIVE_CONTENTS_H

#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

#define CONTENTS_PATH "CONTENTS.json"

/* A line holds the references of a repository, of which a host may have some
 * for each pull request. */
enum {
	CONTENTS_LINE_MAX = 64 * 1024 * 1024,
	CONTENTS_ENTRIES_MAX = 10 * 1000 * 1000
};

struct contents_entry {
	const char *path;
	uint64_t bytes;
	uint8_t sha256[DIGEST_SHA256_LEN];
	const char *source;	   /* NULL where none was given */
	int64_t mtime;		   /* seconds */
	struct json_object *facts; /* NULL where none were given */
};

/* The text in three parts, each appended. An entry's is as it stands behind
 * another one; of the first, its first byte is left out
 * (CONTENTS_SEPARATOR_LEN). The facts of an entry are given as JSON text on one
 * line, or NULL; e->facts is for reading only. */
enum { CONTENTS_SEPARATOR_LEN = 1 };
/* Whether an entry's line is one that the reader takes. */
bool contents_fits(
    const char *path, const char *source, const char *facts_text);
void contents_write_start(struct buf *out);
void contents_write_entry(
    struct buf *out, const struct contents_entry *e, const char *facts_text);
void contents_write_end(struct buf *out, uint64_t count);

/* Calls `entry` for each, in order; what it is given is borrowed for the call.
 * It returns 0, or -1 with err set to stop. ERR_FORMAT on bad input. */
int contents_each(struct source *from,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);

#endif
