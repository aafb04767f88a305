/*
 * Lanes: entries on their way into an archive (writer.h).
 *
 * A lane keeps its entries until it is committed. Until then it can be emptied
 * and filled again, which is needed when a list expires half way and is read
 * again. If there are many, they are packed while they arrive: a thread makes
 * them into tar, digests them and compresses them into a file without a name,
 * so that a commit only copies it. The archive then consists of several zstd
 * frames or gzip members, which every reader takes as one.
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
/* These three return ERR_EXISTS if the lane has an entry of that path, and then
 * add nothing. This one copies data. */
int archive_lane_add(struct archive_lane *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err);
/* The file is opened and read when the lane is committed. Its length must not
 * change until then. Where the snapshot before has an entry of that path and
 * length, it is digested at once, and what is the same is not opened again. */
int archive_lane_add_file(struct archive_lane *l, const struct archive_entry *e,
    const char *file, struct err *err);
void archive_lane_reset(struct archive_lane *l); /* as newly opened */
/* No more entries follow: completes what is being packed. Without this call,
 * that happens at the commit, when others may wait. */
int archive_lane_end(struct archive_lane *l, struct err *err);
struct archive_totals archive_lane_totals(const struct archive_lane *l);
/* Waits for its turn, writes everything, and passes the turn on, also on
 * failure. */
int archive_lane_commit(struct archive_lane *l, struct err *err);
void archive_lane_free(struct archive_lane *l); /* not committed: dropped */

#endif
