/*
 * What a lane of an archive keeps until its turn: entries with their content,
 * in memory while they are few, and from then on in a part of the archive that
 * is packed while they arrive. Within lane.c and body.c alone.
 */
#ifndef STORAGE_ARCHIVE_LANE_ITEMS_H
#define STORAGE_ARCHIVE_LANE_ITEMS_H

#include "storage/archive/entry.h"
#include "storage/archive/packer.h"
#include "storage/archive/pathset.h"
#include "storage/base/digest.h"
#include "storage/base/spool.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* A run is a row of entries with their content (record.h). */
enum item_kind { ITEM_RUN, ITEM_PACKED, ITEM_FILE };

struct item {
	enum item_kind kind;
	struct buf run;
	struct packed packed;
	uint64_t entries; /* of a run, or packed */
	uint64_t bytes;	  /* of their content */
	/* For a single entry: what is written, and where its content is. */
	struct record record;
	struct buf texts; /* the texts of the record */
	char *file;
	/* Where an entry of its path and length is known (known.h): */
	bool digested;
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of the file */
};

struct lane_items {
	struct compress_options compress;
	struct part_form form;
	const char *scratch;
	VEC_DEFINE(, struct item) items;
	struct item open;      /* the run that entries are added to, or none */
	struct packer *packer; /* of that run, once it is long; or NULL */
	struct pathset paths;
	int64_t mtime; /* of entries without one of their own */
	uint64_t entries;
	uint64_t bytes;
};

void lane_items_init(struct lane_items *l, const struct compress_options *o,
    const struct part_form *form, const char *scratch, int64_t mtime);
void lane_items_done(
    struct lane_items *l); /* empties it; it may be filled again */

/* As those of archive_lane; ERR_FORMAT for a path that cannot be one. */
int lane_items_add(struct lane_items *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err);
int lane_items_add_file(struct lane_items *l, const struct archive_entry *e,
    const char *file, struct err *err);
/* Its file is at its end; else ERR_SYSTEM: it grew. */
int lane_items_check_end(
    const struct item *i, struct source *from, struct err *err);
/* Moves everything that was added into items. */
int lane_items_end(struct lane_items *l, struct err *err);
/* For all that is in items; fn returns -1 with err set to stop. */
int lane_items_each_path(const struct lane_items *l,
    int (*fn)(void *ctx, const char *path, struct err *err), void *ctx,
    struct err *err);

#endif
