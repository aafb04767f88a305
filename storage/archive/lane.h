/*
 * Entries on their way into an archive (writer.h).
 *
 * A lane holds what it is given until it is committed; until then it can be
 * emptied and filled again, which is how a list that expired half way is read
 * anew. What is more than a little is packed while it arrives: made into tar,
 * digested and compressed by a thread of its own, into a file without a name,
 * so that committing it is copying it. The archive is then several zstd frames
 * or gzip members, one behind the other, which every reader takes as one.
 */
#ifndef STORAGE_ARCHIVE_LANE_H
#define STORAGE_ARCHIVE_LANE_H

#include "storage/archive/entry.h"
#include "storage/archive/writer.h"
#include "storage/base/err.h"

#include <stddef.h>

struct archive_lane;

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
