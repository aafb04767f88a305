#include "storage/archive/writer.h"

#include "storage/archive/contents.h"
#include "storage/archive/known.h"
#include "storage/archive/writer_lanes.h"
#include "storage/base/mem.h"

#include <stdlib.h>

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

int archive_writer_spoil(struct archive_writer *w, const struct err *err)
{
	pthread_mutex_lock(&w->lock);
	if (w->failure.code == ERR_NONE)
		w->failure = *err;
	pthread_mutex_unlock(&w->lock);
	return -1;
}

int archive_writer_check(struct archive_writer *w, struct err *err)
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

	return archive_writer_check(w, &ignored) != 0;
}

struct archive_totals archive_writer_known(struct archive_writer *w)
{
	return body_known(&w->body);
}

const struct known_entry *archive_writer_before(
    const struct archive_writer *w, const char *path, uint64_t bytes)
{
	static const struct tar_attrs none = VEC_INIT;
	const struct known *known = w->body.form.known;

	return known ? known_find(known, path, bytes, &none) : NULL;
}

bool archive_writer_was_named(
    const struct archive_writer *w, const struct known_entry *e)
{
	return e->archive + 1 < known_archives(w->body.form.known);
}

bool archive_writer_needs(const struct archive_writer *w, size_t i)
{
	return body_needs(&w->body, i);
}

struct source *archive_writer_contents(const struct archive_writer *w)
{
	return spool_source(&w->body.index);
}

struct contents_where archive_writer_index(const struct archive_writer *w)
{
	return w->body.where;
}

int archive_writer_finish(
    struct archive_writer *w, struct archive_totals *totals, struct err *err)
{
	if (archive_writer_check(w, err))
		return -1;
	if (!lane_order_ended(&w->lane_order))
		return err_set(err, ERR_USAGE,
		    "the archive was ended while sources were still open");
	*totals = archive_writer_progress(w);
	if (body_finish(&w->body, err))
		return err_wrap(err, "ending the archive");
	return 0;
}
