/*
 * What an archive consists of, in the order in which it comes: stretches of
 * entries that are compressed as they are written, and those that were packed
 * before; and behind them CONTENTS.json. For one thread at a time, but for the
 * totals. Only writer.c uses it, and knows whose turn it is.
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
	int threads;
	int64_t mtime; /* of CONTENTS.json */
	/* What comes as it is goes into one part after the other, each up to
	 * where something packed comes between, or something large. */
	struct part *part;    /* the open one, or NULL */
	bool part_threads;    /* it compresses in threads */
	struct spool index;   /* lines of CONTENTS.json */
	struct frames frames; /* of all that is written */
	struct contents_where where;
	atomic_uint_fast64_t entries, bytes;
	/* An entry was begun and not ended: nothing more can be added. */
	bool spoilt;
};

/* Zeroed before; the sink passes to it, also on failure. */
int body_init(struct body *b, const struct archive_options *o,
    struct sink *sink, struct err *err);
void body_done(struct body *b); /* aborts if unfinished */
/* A failure before anything of the item was written leaves it unspoilt. */
int body_add(struct body *b, const struct item *i, struct err *err);
/* CONTENTS.json, and the sink is finished. */
int body_finish(struct body *b, struct err *err);
struct archive_totals body_totals(struct body *b); /* from any thread */

#endif
