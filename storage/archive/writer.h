/*
 * The archive while it is being made: a pax tar, compressed, on its way into a
 * sink. Captures run side by side and still the bytes come out in one order:
 * each puts its entries into lanes (lane.h), and lanes are written in the order
 * of their rank and index, whatever finishes first. Two runs over the same
 * input with the same clock give the same bytes.
 *
 * Within a rank the indexes start at 0 and have no gaps; every index that was
 * opened is committed or freed, and work on a rank starts in the order of its
 * indexes, so that waiting for one's turn always ends.
 *
 * CONTENTS.json is the writer's own last entry: path, size, SHA-256, source
 * and facts of every entry, spooled, so that memory does not grow with them.
 */
#ifndef STORAGE_ARCHIVE_WRITER_H
#define STORAGE_ARCHIVE_WRITER_H

#include "storage/archive/contents.h"
#include "storage/archive/format.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kind of source that an entry comes from. Also the order in the archive:
 * first what is streamed from a network, last the mirrors, which are on disk.
 */
enum archive_rank { RANK_KUBERNETES, RANK_TERRAFORM, RANK_GIT, RANK_COUNT };

struct archive_options {
	enum archive_compression compression;
	int level;   /* 0: 2 for zstd, 6 for gzip */
	int threads; /* for zstd, of what is large; 0: one per core, at most 4
		      */
	const char *scratch; /* directory for spools; borrowed */
	int64_t mtime;	     /* of entries without one of their own, seconds */
	/* For tests, as in reader_options. 0: CONTENTS_ENTRIES_MAX. */
	uint64_t max_entries;
	/* CONTENTS_LIST where the manifest is to be a list (manifest.h). */
	enum contents_form form;
	/* Of CONTENTS_LIST: entries whose content and attributes are those of
	 * the snapshot before are named, not written. NULL: all are written.
	 * Borrowed while the writer lives. */
	const struct known *known;
};

struct archive_writer;
struct known;
struct known_entry;

struct archive_totals {
	uint64_t entries;
	uint64_t bytes; /* of content, before compression */
};

/* Owns the sink. NULL on error (the sink is released). */
struct archive_writer *archive_writer_new(
    const struct archive_options *o, struct sink *sink, struct err *err);
/* Whether nothing more can be added, because an entry was begun and could not
 * be ended. Every other failure of a lane affects that lane alone. From any
 * thread. */
bool archive_writer_is_spoilt(struct archive_writer *w);
/* No more lanes will be opened in this rank. Every rank needs it once. */
void archive_writer_rank_done(struct archive_writer *w, enum archive_rank r);
/* After all ranks are done: writes CONTENTS.json and finishes the sink. */
int archive_writer_finish(
    struct archive_writer *w, struct archive_totals *totals, struct err *err);
/* After it was finished. */
struct contents_where archive_writer_index(const struct archive_writer *w);
/* How much of the totals was named, not written. */
struct archive_totals archive_writer_known(struct archive_writer *w);
/* What the snapshot before has of an entry of that path and length, without
 * attributes; NULL: nothing. Borrowed from `known`. From any thread. */
const struct known_entry *archive_writer_before(
    const struct archive_writer *w, const char *path, uint64_t bytes);
/* Whether that entry was in an earlier one already, so that the snapshot before
 * had named it. */
bool archive_writer_was_named(
    const struct archive_writer *w, const struct known_entry *e);
/* Whether anything is named of archive i of the snapshot before (known.h): only
 * those belong on the list of the manifest, in the same order. After it was
 * finished. */
bool archive_writer_needs(const struct archive_writer *w, size_t i);
/* The text of CONTENTS.json, borrowed from the writer. After it was finished.
 */
struct source *archive_writer_contents(const struct archive_writer *w);
void archive_writer_free(struct archive_writer *w); /* aborts if unfinished */
void archive_writer_freep(struct archive_writer **w);
/* How much has been written so far, to show progress; from any thread. */
struct archive_totals archive_writer_progress(struct archive_writer *w);

#endif
