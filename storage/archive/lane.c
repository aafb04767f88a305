#include "storage/archive/lane.h"

#include "storage/archive/lane_items.h"
#include "storage/archive/writer_lanes.h"
#include "storage/base/mem.h"

#include <stdlib.h>

struct archive_lane {
	struct archive_writer *writer;
	enum archive_rank rank;
	size_t index;
	struct lane_items items;
};

struct archive_lane *archive_lane_open(
    struct archive_writer *w, enum archive_rank rank, size_t index)
{
	struct archive_lane *l = mem_new(struct archive_lane);

	l->writer = w;
	l->rank = rank;
	l->index = index;
	lane_items_init(
	    &l->items, &w->body.compress, &w->body.form, w->scratch, w->mtime);
	lane_order_set(&w->lane_order, rank, index, LANE_OPEN);
	return l;
}

void archive_lane_reset(struct archive_lane *l)
{
	lane_items_done(&l->items);
}

/* Also without a commit, the next lane gets its turn. */
void archive_lane_free(struct archive_lane *l)
{
	if (!l)
		return;
	lane_items_done(&l->items);
	lane_order_set(&l->writer->lane_order, l->rank, l->index, LANE_DONE);
	free(l);
}

struct archive_totals archive_lane_totals(const struct archive_lane *l)
{
	return (struct archive_totals){
	    .entries = l->items.entries, .bytes = l->items.bytes};
}

int archive_lane_add(struct archive_lane *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err)
{
	return lane_items_add(&l->items, e, data, len, err);
}

int archive_lane_add_file(struct archive_lane *l, const struct archive_entry *e,
    const char *file, struct err *err)
{
	return lane_items_add_file(&l->items, e, file, err);
}

int archive_lane_end(struct archive_lane *l, struct err *err)
{
	return lane_items_end(&l->items, err);
}

/* ---- committing ---- */

static int check_new(void *ctx, const char *path, struct err *err)
{
	const struct archive_writer *w = ctx;

	if (!pathset_has(&w->paths, path))
		return 0;
	return err_set(err, ERR_EXISTS,
	    "'%s' is in the archive already: two sources would be mixed up",
	    path);
}

/* All paths are checked before any content is written, so that of a lane with a
 * duplicate path nothing is. */
static int check_paths(const struct archive_lane *l, struct err *err)
{
	const struct lane_items *items = &l->items;

	if (!pathset_meets(&items->paths, &l->writer->paths))
		return 0;
	/* To name it. */
	return lane_items_each_path(items, check_new, l->writer, err);
}

static int write_lane(struct archive_lane *l, struct err *err)
{
	struct lane_items *items = &l->items;

	if (lane_items_end(items, err) || check_paths(l, err))
		return -1;
	uint64_t max = l->writer->max_entries;
	if (items->entries > max - archive_writer_progress(l->writer).entries)
		return err_set(err, ERR_FORMAT,
		    "there is more to put into it than the %llu entries that "
		    "an archive holds; make several backups of less each",
		    (unsigned long long)max);
	pathset_merge(&l->writer->paths, &items->paths);
	pathset_done(&items->paths);
	VEC_EACH (&items->items, i)
		if (body_add(&l->writer->body, i, err))
			return l->writer->body.spoilt
				   ? archive_writer_spoil(l->writer, err)
				   : -1;
	return 0;
}

int archive_lane_commit(struct archive_lane *l, struct err *err)
{
	lane_order_wait(&l->writer->lane_order, l->rank, l->index);
	int r = archive_writer_check(l->writer, err);
	if (!r)
		r = write_lane(l, err);
	lane_items_done(&l->items);
	lane_order_set(&l->writer->lane_order, l->rank, l->index, LANE_DONE);
	return r;
}
