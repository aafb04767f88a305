#include "storage/archive/writer.h"

#include "storage/archive/body.h"
#include "storage/archive/contents.h"
#include "storage/archive/lane_items.h"
#include "storage/archive/lane_order.h"
#include "storage/archive/pathset.h"
#include "storage/base/mem.h"

#include <pthread.h>
#include <stdlib.h>

struct archive_writer {
	struct body body;
	const char *scratch;
	int64_t mtime;
	uint64_t max_entries;
	struct pathset paths;
	struct lane_order lane_order;

	pthread_mutex_t lock; /* over what follows */
	struct err failure;   /* what made the archive useless */
};

struct archive_lane {
	struct archive_writer *writer;
	enum archive_rank rank;
	size_t index;
	struct lane_items items;
};

/* ---- the writer ---- */

struct archive_writer *archive_writer_new(
    const struct archive_options *o, struct sink *sink, struct err *err)
{
	struct archive_writer *w = mem_new(struct archive_writer);

	w->scratch = o->scratch;
	w->mtime = o->mtime;
	w->max_entries = o->max_entries ? o->max_entries : CONTENTS_ENTRIES_MAX;
	pthread_mutex_init(&w->lock, NULL);
	lane_order_init(&w->lane_order);
	if (body_init(&w->body, o, sink, err) == 0)
		return w;
	archive_writer_free(w);
	return NULL;
}

void archive_writer_free(struct archive_writer *w)
{
	if (!w)
		return;
	body_done(&w->body);
	pathset_done(&w->paths);
	lane_order_done(&w->lane_order);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void archive_writer_freep(struct archive_writer **w)
{
	archive_writer_free(*w);
}

struct archive_totals archive_writer_progress(struct archive_writer *w)
{
	return body_totals(&w->body);
}

void archive_writer_rank_done(struct archive_writer *w, enum archive_rank r)
{
	lane_order_rank_done(&w->lane_order, r);
}

/* From here on nothing can be added: an entry was begun and not ended. */
static int fail_for_good(struct archive_writer *w, const struct err *err)
{
	pthread_mutex_lock(&w->lock);
	if (w->failure.code == ERR_NONE)
		w->failure = *err;
	pthread_mutex_unlock(&w->lock);
	return -1;
}

static int check_useful(struct archive_writer *w, struct err *err)
{
	pthread_mutex_lock(&w->lock);
	struct err failure = w->failure;
	pthread_mutex_unlock(&w->lock);
	if (failure.code == ERR_NONE)
		return 0;
	*err = failure;
	return -1;
}

bool archive_writer_is_spoilt(struct archive_writer *w)
{
	struct err ignored = ERR_INIT;

	return check_useful(w, &ignored) != 0;
}

/* ---- lanes ---- */

struct archive_lane *archive_lane_open(
    struct archive_writer *w, enum archive_rank rank, size_t index)
{
	struct archive_lane *l = mem_new(struct archive_lane);

	l->writer = w;
	l->rank = rank;
	l->index = index;
	lane_items_init(&l->items, &w->body.compress, w->scratch, w->mtime);
	lane_order_set(&w->lane_order, rank, index, LANE_OPEN);
	return l;
}

void archive_lane_reset(struct archive_lane *l)
{
	lane_items_done(&l->items);
}

/* Without a commit the lane's turn is passed on all the same. */
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

/* All paths are checked before any content goes in, so that of a lane that
 * collides with another nothing does. */
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
				   ? fail_for_good(l->writer, err)
				   : -1;
	return 0;
}

int archive_lane_commit(struct archive_lane *l, struct err *err)
{
	lane_order_wait(&l->writer->lane_order, l->rank, l->index);
	int r = check_useful(l->writer, err);
	if (!r)
		r = write_lane(l, err);
	lane_items_done(&l->items);
	lane_order_set(&l->writer->lane_order, l->rank, l->index, LANE_DONE);
	return r;
}

/* ---- the end ---- */

int archive_writer_finish(
    struct archive_writer *w, struct archive_totals *totals, struct err *err)
{
	if (check_useful(w, err))
		return -1;
	if (!lane_order_ended(&w->lane_order))
		return err_set(err, ERR_USAGE,
		    "the archive was ended while sources were still open");
	*totals = archive_writer_progress(w);
	if (body_finish(&w->body, err))
		return err_wrap(err, "ending the archive");
	return 0;
}
