/*
 * The archive while it is being made: a pax tar, compressed, on its way into a
 * sink. Captures run side by side and still the bytes come out in one order:
 * each puts its entries into lanes, and lanes are written in the order of their
 * rank and index, whatever finishes first. Two runs over the same input with
 * the same clock give the same bytes.
 *
 * A lane holds what it is given until it is committed; until then it can be
 * emptied and filled again, which is how a list that expired half way is read
 * anew. What is more than a little is packed while it arrives: made into tar,
 * digested and compressed by a thread of its own, into a file without a name,
 * so that committing it is copying it. The archive is then several zstd frames
 * or gzip members, one behind the other, which every reader takes as one.
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

#include "storage/archive/format.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which source an entry comes from; also the order in the archive: what
 * streams from a network first, the mirrors that lie on disk last. */
enum archive_rank { RANK_KUBERNETES, RANK_TERRAFORM, RANK_GIT, RANK_COUNT };

struct archive_options {
	enum archive_compression compression;
	int level;   /* 0: 2 for zstd, 6 for gzip */
	int threads; /* for zstd, of what is large; 0: one per core, at most 4
		      */
	const char *scratch; /* directory for spools; borrowed */
	int64_t mtime;	     /* of entries without one of their own, seconds */
	/* For tests of it, as in reader_options. 0: CONTENTS_ENTRIES_MAX. */
	uint64_t max_entries;
};

/* A PAX header of an entry (an extended attribute `user.<name>`). */
struct archive_attr {
	const char *name;
	const char *value;
};

struct archive_entry {
	const char *path;   /* relative; file_path_is_safe */
	const char *source; /* what it was read from, for people */
	int64_t mtime;	    /* seconds; 0: the archive's */
	const struct archive_attr *attrs;
	size_t attr_count;
	/* What a plan needs to know without opening the entry (refs, uid and
	 * owners, serial and lineage), as JSON text on one line; or NULL. */
	const char *facts;
	/* Of one whose content is a file: gets that content's SHA-256 by when
	 * the lane is committed; borrowed, or NULL. */
	uint8_t *sha256;
};

struct archive_writer;
struct archive_lane;

struct archive_totals {
	uint64_t entries;
	uint64_t bytes; /* of content, before compression */
};

/* The sink passes to the writer. NULL on error (the sink is released). */
struct archive_writer *archive_writer_new(
    const struct archive_options *o, struct sink *sink, struct err *err);
/* Whether nothing more can be put into it, since what was begun could not be
 * ended. Every other failure of a lane is that lane's alone. From any thread.
 */
bool archive_writer_is_spoilt(struct archive_writer *w);
/* No more lanes will be opened in this rank. Every rank needs it once. */
void archive_writer_rank_done(struct archive_writer *w, enum archive_rank r);
/* After all ranks are done: CONTENTS.json, then the sink is finished. */
int archive_writer_finish(
    struct archive_writer *w, struct archive_totals *totals, struct err *err);
void archive_writer_free(struct archive_writer *w); /* aborts if unfinished */
void archive_writer_freep(struct archive_writer **w);
/* What has been written so far, for progress; safe from any thread. */
struct archive_totals archive_writer_progress(struct archive_writer *w);

/* Never waits. */
struct archive_lane *archive_lane_open(
    struct archive_writer *w, enum archive_rank rank, size_t index);
/* These three: ERR_EXISTS where the lane has an entry of that path, and then
 * nothing was added. This one copies data. */
int archive_lane_add(struct archive_lane *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err);
/* The file is opened and read when the lane is committed, and must not have
 * changed its length by then. */
int archive_lane_add_file(struct archive_lane *l, const struct archive_entry *e,
    const char *file, struct err *err);
void archive_lane_reset(struct archive_lane *l); /* as newly opened */
/* Nothing more is added: what was packed is made whole. Where it is not called
 * for a lane that waits for its turn, that happens at the commit. */
int archive_lane_end(struct archive_lane *l, struct err *err);
struct archive_totals archive_lane_totals(const struct archive_lane *l);
/* Waits for its turn, writes all, and passes the turn on, also on failure. */
int archive_lane_commit(struct archive_lane *l, struct err *err);
void archive_lane_free(struct archive_lane *l); /* not committed: dropped */

#endif
