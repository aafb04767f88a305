/*
 * What a lane of an archive holds until its turn: entries with their content,
 * in memory at first and then in a file without a name. Only writer.c uses it.
 */
#ifndef STORAGE_ARCHIVE_LANE_ITEMS_H
#define STORAGE_ARCHIVE_LANE_ITEMS_H

#include "storage/archive/pathset.h"
#include "storage/archive/tar.h"
#include "storage/archive/writer.h"
#include "storage/base/spool.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the content of an item is. A run is many items in a row whose texts
 * are in the lane's spool as well, each before its content, so that memory
 * does not grow with their number. */
enum item_kind { ITEM_IN_LANE, ITEM_FILE, ITEM_SPOOL, ITEM_RUN };

struct item {
	char *path;
	char *source;
	char *facts; /* JSON text, or NULL */
	int64_t mtime;
	struct tar_attrs attrs;
	enum item_kind kind;
	uint64_t offset; /* in the lane's spool */
	uint64_t bytes;
	uint64_t count; /* of a run */
	char *file;
	uint8_t *sha256; /* of its content, borrowed; or NULL */
	struct spool spool;
};

struct lane_items {
	struct spool spool;
	VEC_DEFINE(, struct item) items;
	struct pathset paths;
	bool doubled;  /* a path came twice */
	int64_t mtime; /* of entries without one of their own */
	uint64_t entries;
	uint64_t bytes;
};

void lane_items_init(struct lane_items *l, const char *scratch, int64_t mtime);
void lane_items_done(struct lane_items *l); /* and may be filled again */

/* As those of archive_lane; ERR_FORMAT for a path that cannot be one. */
int lane_items_add(struct lane_items *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err);
int lane_items_add_file(struct lane_items *l, const struct archive_entry *e,
    const char *file, struct err *err);
int lane_items_add_spool(struct lane_items *l, const struct archive_entry *e,
    struct spool *content, struct err *err);

/* Every entry in order, none of them ITEM_RUN; borrowed for the call. The
 * window is over the spool, and fn may move it on. */
int lane_items_each(const struct lane_items *l, struct spool_window *window,
    int (*fn)(void *ctx, const struct item *i, struct err *err), void *ctx,
    struct err *err);

#endif
