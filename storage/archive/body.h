/*
 * The parts of an archive in their order: parts that are compressed while they
 * are written, parts that were packed before, and at the end CONTENTS.json. For
 * one thread at a time, except the totals. Within writer.c and lane.c alone,
 * which know whose turn it is.
 */
#ifndef STORAGE_ARCHIVE_BODY_H
#define STORAGE_ARCHIVE_BODY_H

#include "storage/archive/lane_items.h"
#include "storage/archive/part.h"
#include "storage/archive/writer.h"

#include <stdatomic.h>
#include <stdbool.h>

struct body {
	struct sink *out;
	struct compress_options compress; /* without threads */
	int contents_level;
	int threads;
	int64_t mtime; /* of CONTENTS.json */
	/* Entries that are compressed now go into one part after another. A
	 * part ends where a packed part comes between, or a large entry. */
	struct part *part;   /* the open one, or NULL */
	bool part_threads;   /* it compresses in threads */
	struct spool index;  /* lines of CONTENTS.json, in the end all of it */
	size_t start_len;    /* of what comes before the lines */
	const char *scratch; /* borrowed */
	struct part_form form;
	uint64_t *counts;     /* entries of each archive, by known.h; or NULL */
	struct frames frames; /* of all that was written */
	struct contents_where where;
	atomic_uint_fast64_t entries, bytes; /* with those that were named: */
	atomic_uint_fast64_t known, known_bytes;
	/* An entry was begun and could not be ended: nothing more can be added.
	 */
	bool spoilt;
};

/* Zeroed before; owns the sink, also on failure. */
int body_init(struct body *b, const struct archive_options *o,
    struct sink *sink, struct err *err);
void body_done(struct body *b); /* aborts if unfinished */
/* A failure before anything of the item was written does not spoil it. */
int body_add(struct body *b, const struct item *i, struct err *err);
/* Writes CONTENTS.json and finishes the sink. */
int body_finish(struct body *b, struct err *err);
struct archive_totals body_totals(struct body *b); /* from any thread */
struct archive_totals body_known(struct body *b);  /* the same */
bool body_needs(const struct body *b, size_t archive);

#endif
