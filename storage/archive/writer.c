#include "storage/archive/writer.h"

#include "storage/archive/contents.h"
#include "storage/archive/lane_items.h"
#include "storage/archive/part.h"
#include "storage/archive/pathset.h"
#include "storage/archive/turns.h"
#include "storage/archive/zstd.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	INDEX_MEMORY = 256 * 1024,
	CHUNK = 128 * 1024,
	/* The library's own 3 keeps twice the memory a thread, for the same
	 * size of what we archive. */
	ZSTD_LEVEL = 2,
	MAX_THREADS = 4, /* unless asked for: each holds several MiB */
	/* Content for which it pays to compress in threads, or to look whether
	 * it compresses at all. */
	LARGE_BYTES = 1024 * 1024,
};

struct archive_writer {
	struct sink *out;
	struct compress_options compress; /* without threads */
	int threads;
	const char *scratch;
	int64_t mtime;
	/* What comes as it is goes into one part after the other, each up to
	 * where something packed comes between, or something large. */
	struct part *part;  /* the open one, or NULL */
	bool part_threads;  /* it compresses in threads */
	struct spool index; /* lines of CONTENTS.json */
	struct pathset paths;
	atomic_uint_fast64_t entries, bytes;
	struct turns turns;

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

static int cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

struct archive_writer *archive_writer_new(
    const struct archive_options *o, struct sink *sink, struct err *err)
{
	cleanup(buf_done) struct buf start = BUF_INIT;
	struct archive_writer *w = mem_new(struct archive_writer);

	w->out = sink;
	w->compress = (struct compress_options){.compression = o->compression,
	    .level = o->level || o->compression != ARCHIVE_ZSTD ? o->level
								: ZSTD_LEVEL};
	w->threads = o->threads ? o->threads : cores();
	w->scratch = o->scratch;
	w->mtime = o->mtime;
	spool_init(&w->index, o->scratch, INDEX_MEMORY);
	pthread_mutex_init(&w->lock, NULL);
	turns_init(&w->turns);
	contents_write_start(&start);
	if (spool_add(&w->index, start.data, start.len, err) == 0)
		return w;
	archive_writer_free(w);
	return NULL;
}

void archive_writer_free(struct archive_writer *w)
{
	if (!w)
		return;
	part_free(w->part);
	sink_free(w->out);
	spool_done(&w->index);
	pathset_done(&w->paths);
	turns_done(&w->turns);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void archive_writer_freep(struct archive_writer **w)
{
	archive_writer_free(*w);
}

struct archive_totals archive_writer_progress(struct archive_writer *w)
{
	return (struct archive_totals){.entries = atomic_load(&w->entries),
	    .bytes = atomic_load(&w->bytes)};
}

void archive_writer_rank_done(struct archive_writer *w, enum archive_rank r)
{
	turns_rank_done(&w->turns, r);
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

/* ---- lanes ---- */

struct archive_lane *archive_lane_open(
    struct archive_writer *w, enum archive_rank rank, size_t index)
{
	struct archive_lane *l = mem_new(struct archive_lane);

	l->writer = w;
	l->rank = rank;
	l->index = index;
	lane_items_init(&l->items, &w->compress, w->scratch, w->mtime);
	turns_set(&w->turns, rank, index, TURN_OPEN);
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
	turns_set(&l->writer->turns, l->rank, l->index, TURN_DONE);
	free(l);
}

void archive_lane_freep(struct archive_lane **l)
{
	archive_lane_free(*l);
}

bool archive_lane_has(const struct archive_lane *l, const char *path)
{
	return pathset_has(&l->items.paths, path);
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

int archive_lane_add_spool(struct archive_lane *l,
    const struct archive_entry *e, struct spool *content, struct err *err)
{
	return lane_items_add_spool(&l->items, e, content, err);
}

int archive_lane_end(struct archive_lane *l, struct err *err)
{
	return lane_items_end(&l->items, err);
}

/* ---- parts ---- */

static int end_part(struct archive_writer *w, struct err *err)
{
	struct part *part = steal(w->part);
	int failed = part ? part_end(part, err) : 0;

	part_free(part);
	return failed;
}

static void count_bytes(void *ctx, uint64_t bytes)
{
	struct archive_writer *w = ctx;

	atomic_fetch_add(&w->bytes, bytes);
}

/* The part for what comes next: the one that is open, unless that is large and
 * threads pay. They hold memory, so that one with them is open only from the
 * first large one on. */
static struct part *part_for(
    struct archive_writer *w, bool large, struct err *err)
{
	struct part_options o = {.compress = w->compress,
	    .lines = &w->index,
	    .first = atomic_load(&w->entries) == 0,
	    .on_bytes = count_bytes,
	    .ctx = w};

	if (w->part && (!large || w->part_threads))
		return w->part;
	if (end_part(w, err))
		return NULL;
	w->part_threads = large;
	o.compress.threads = large ? w->threads : 0;
	w->part = part_new(&o, sink_onto(w->out), err);
	return w->part;
}

/* ---- committing ---- */

static int write_run(
    struct archive_writer *w, const struct item *i, struct err *err)
{
	struct part *part = part_for(w, i->bytes >= LARGE_BYTES, err);
	struct record r = {.attrs = VEC_INIT};
	const char *data;
	size_t at = 0;
	int failed = !part;

	while (!failed && record_next(&i->run, &at, &r, &data)) {
		if ((failed = part_add(part, &r, data, err)))
			err_wrap(err, "archiving '%s'", r.path);
		else
			atomic_fetch_add(&w->entries, 1);
	}
	vec_done(&r.attrs);
	return failed ? fail_for_good(w, err) : 0;
}

/* All of a spool from an offset on. */
static int pass_on(const struct spool *from, uint64_t offset,
    int (*to)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	cleanup(spool_window_done) struct spool_window window;
	uint64_t all = spool_len(from);

	spool_window_init(&window, from);
	for (uint64_t at = offset; at < all;) {
		size_t n = all - at < CHUNK ? (size_t)(all - at) : CHUNK;
		const char *data = spool_view(&window, at, n, err);
		if (!data || to(ctx, data, n, err))
			return -1;
		at += n;
	}
	return 0;
}

static int to_sink(void *ctx, const void *data, size_t len, struct err *err)
{
	return sink_write(ctx, data, len, err);
}

static int to_spool(void *ctx, const void *data, size_t len, struct err *err)
{
	return spool_add(ctx, data, len, err);
}

static int write_packed(
    struct archive_writer *w, const struct item *i, struct err *err)
{
	const struct packed *p = &i->packed;
	uint64_t skip = atomic_load(&w->entries) ? 0 : CONTENTS_SEPARATOR_LEN;

	if (end_part(w, err) || pass_on(&p->bytes, 0, to_sink, w->out, err) ||
	    pass_on(&p->lines, skip, to_spool, &w->index, err))
		return fail_for_good(w, err);
	atomic_fetch_add(&w->entries, i->entries);
	atomic_fetch_add(&w->bytes, i->bytes);
	return 0;
}

static struct source *open_item(
    const struct item *i, bool *store, struct err *err)
{
	*store = false;
	if (i->kind == ITEM_SPOOL)
		return spool_source(&i->spool);
	int fd = open(i->file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		*store = i->record.bytes >= LARGE_BYTES &&
			 !zstd_gains(fd, i->record.bytes);
		return source_from_fd(fd, i->file);
	}
	err_system(err, errno, "opening '%s'", i->file);
	return NULL;
}

/* Nothing is left of it behind what was written. */
static int check_end(const struct item *i, struct source *from, struct err *err)
{
	char more;
	ssize_t n = i->kind == ITEM_FILE ? source_read(from, &more, 1, err) : 0;

	if (n <= 0)
		return (int)n;
	return err_set(err, ERR_SYSTEM,
	    "'%s' grew while it was being written to the archive", i->file);
}

static int write_single(
    struct archive_writer *w, const struct item *i, struct err *err)
{
	bool store;
	cleanup(source_freep) struct source *from = open_item(i, &store, err);

	if (!from)
		return -1;
	bool large = i->record.bytes >= LARGE_BYTES && !store;
	struct part *part = part_for(w, large, err);
	if (!part || part_add_from(part, &i->record, from, store, err) ||
	    check_end(i, from, err))
		return fail_for_good(w, err);
	atomic_fetch_add(&w->entries, 1);
	return 0;
}

static int write_item(
    struct archive_writer *w, const struct item *i, struct err *err)
{
	switch (i->kind) {
	case ITEM_RUN:
		return write_run(w, i, err);
	case ITEM_PACKED:
		return write_packed(w, i, err);
	case ITEM_FILE:
	case ITEM_SPOOL:
	default:
		return write_single(w, i, err) == 0
			   ? 0
			   : err_wrap(err, "archiving '%s'", i->record.path);
	}
}

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

	if (items->doubled)
		return err_set(err, ERR_EXISTS,
		    "'%s' came twice: two sources would be mixed up",
		    items->doubled);
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
	pathset_merge(&l->writer->paths, &items->paths);
	pathset_done(&items->paths);
	VEC_EACH (&items->items, i)
		if (write_item(l->writer, i, err))
			return -1;
	return 0;
}

int archive_lane_commit(struct archive_lane *l, struct err *err)
{
	turns_wait(&l->writer->turns, l->rank, l->index);
	int r = check_useful(l->writer, err);
	if (!r)
		r = write_lane(l, err);
	lane_items_done(&l->items);
	turns_set(&l->writer->turns, l->rank, l->index, TURN_DONE);
	return r;
}

/* ---- the end ---- */

static int write_contents(struct archive_writer *w, struct err *err)
{
	cleanup(buf_done) struct buf end = BUF_INIT;
	struct record r = {.path = CONTENTS_PATH, .mtime = w->mtime};
	struct part *part = part_for(w, false, err);

	contents_write_end(&end, atomic_load(&w->entries));
	if (!part || spool_add(&w->index, end.data, end.len, err))
		return -1;
	r.bytes = spool_len(&w->index);
	cleanup(source_freep) struct source *from = spool_source(&w->index);
	return part_add_unlisted(part, &r, from, err) || part_finish(part, err)
		   ? -1
		   : 0;
}

int archive_writer_finish(
    struct archive_writer *w, struct archive_totals *totals, struct err *err)
{
	if (check_useful(w, err))
		return -1;
	if (!turns_ended(&w->turns))
		return err_set(err, ERR_USAGE,
		    "the archive was ended while sources were still open");
	*totals = archive_writer_progress(w);
	if (write_contents(w, err) || sink_finish(w->out, err))
		return err_wrap(err, "ending the archive");
	return 0;
}
