#include "storage/archive/writer.h"

#include "storage/archive/contents.h"
#include "storage/archive/lane_items.h"
#include "storage/archive/pathset.h"
#include "storage/archive/tar.h"
#include "storage/archive/turns.h"
#include "storage/archive/zstd.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	INDEX_MEMORY = 1024 * 1024,
	CHUNK = 128 * 1024,
	STORED_BYTES = 1024 * 1024, /* smaller ones are always compressed */
	/* The library's own 3 keeps twice the memory a thread, for the same
	 * size of what we archive. */
	ZSTD_LEVEL = 2,
	MAX_THREADS = 4, /* unless asked for: each holds several MiB */
};

struct archive_writer {
	struct tar_writer *tar;
	const char *scratch;
	int64_t mtime;
	struct spool index;
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
	int level =
	    o->level || o->compression != ARCHIVE_ZSTD ? o->level : ZSTD_LEVEL;
	struct tar_writer *tar = tar_writer_new(o->compression, level,
	    o->threads ? o->threads : cores(), sink, err);

	if (!tar)
		return NULL;
	struct archive_writer *w = mem_new(struct archive_writer);
	w->tar = tar;
	w->scratch = o->scratch;
	w->mtime = o->mtime;
	spool_init(&w->index, o->scratch, INDEX_MEMORY);
	pthread_mutex_init(&w->lock, NULL);
	turns_init(&w->turns);
	contents_write_start(&start);
	if (spool_add(&w->index, start.data, start.len, err)) {
		archive_writer_free(w);
		return NULL;
	}
	return w;
}

void archive_writer_free(struct archive_writer *w)
{
	if (!w)
		return;
	tar_writer_free(w->tar);
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
	lane_items_init(&l->items, w->scratch, w->mtime);
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

/* ---- committing ---- */

static struct source *open_item(
    const struct item *i, bool *compress, struct err *err)
{
	*compress = true;
	if (i->kind == ITEM_SPOOL)
		return spool_source(&i->spool);
	int fd = open(i->file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		*compress = i->bytes < STORED_BYTES || zstd_gains(fd, i->bytes);
		return source_from_fd(fd, i->file);
	}
	err_system(err, errno, "opening '%s'", i->file);
	return NULL;
}

static int changed(const struct item *i, struct err *err)
{
	return err_set(err, ERR_SYSTEM,
	    "'%s' changed its length while it was being written to the "
	    "archive",
	    i->file ? i->file : i->path);
}

/* Content through a source; exactly i->bytes of it. */
static int write_stream(struct archive_writer *w, const struct item *i,
    struct source *from, struct digest *digest, struct err *err)
{
	autofree char *chunk = mem_alloc(CHUNK);
	uint64_t left = i->bytes;

	while (left) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = source_read(from, chunk, want, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return changed(i, err);
		digest_add(digest, chunk, (size_t)n);
		if (tar_writer_data(w->tar, chunk, (size_t)n, err))
			return -1;
		atomic_fetch_add(&w->bytes, (uint64_t)n);
		left -= (uint64_t)n;
	}
	ssize_t more =
	    i->kind == ITEM_FILE ? source_read(from, chunk, 1, err) : 0;
	return more > 0 ? changed(i, err) : (int)more;
}

/* Content out of the lane's own spool, at its offset. */
static int write_from_lane(struct archive_writer *w, const struct item *i,
    struct spool_window *window, struct digest *digest, struct err *err)
{
	for (uint64_t at = 0; at < i->bytes;) {
		uint64_t left = i->bytes - at;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		const char *chunk = spool_view(window, i->offset + at, n, err);
		if (!chunk)
			return -1;
		digest_add(digest, chunk, n);
		if (tar_writer_data(w->tar, chunk, n, err))
			return -1;
		atomic_fetch_add(&w->bytes, n);
		at += n;
	}
	return 0;
}

static int index_item(struct archive_writer *w, const struct item *i,
    struct digest *digest, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct contents_entry e = {.path = i->path,
	    .bytes = i->bytes,
	    .source = i->source,
	    .mtime = i->mtime};

	digest_finish(digest, e.sha256);
	if (i->sha256)
		memcpy(i->sha256, e.sha256, sizeof(e.sha256));
	contents_write_entry(&line, &e, i->facts, atomic_load(&w->entries));
	atomic_fetch_add(&w->entries, 1);
	return spool_add(&w->index, line.data, line.len, err);
}

static int write_item(struct archive_writer *w, const struct item *i,
    struct spool_window *window, struct err *err)
{
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA256);
	cleanup(source_freep) struct source *from = NULL;
	bool compress = true;

	if (i->kind != ITEM_IN_LANE && !(from = open_item(i, &compress, err)))
		return -1;
	if (tar_writer_entry(
		w->tar, i->path, i->bytes, i->mtime, &i->attrs, err) ||
	    (!compress && tar_writer_store(w->tar, err)))
		return fail_for_good(w, err);
	if ((from ? write_stream(w, i, from, digest, err)
		  : write_from_lane(w, i, window, digest, err)) ||
	    index_item(w, i, digest, err))
		return fail_for_good(w, err);
	return 0;
}

struct visit {
	struct archive_lane *lane;
	struct spool_window window;
	struct pathset own;
};

static int check_new(void *ctx, const struct item *i, struct err *err)
{
	struct visit *v = ctx;

	if (pathset_add(&v->own, i->path) &&
	    !pathset_has(&v->lane->writer->paths, i->path))
		return 0;
	return err_set(err, ERR_EXISTS,
	    "'%s' is in the archive already: two sources would be mixed up",
	    i->path);
}

static int write_one(void *ctx, const struct item *i, struct err *err)
{
	struct visit *v = ctx;

	if (write_item(v->lane->writer, i, &v->window, err))
		return err_wrap(err, "archiving '%s'", i->path);
	return 0;
}

/* All paths are checked before any content goes in, so that of a lane that
 * collides with another nothing does. */
static int check_paths(struct visit *v, struct err *err)
{
	const struct lane_items *l = &v->lane->items;

	if (!l->doubled && !pathset_meets(&l->paths, &v->lane->writer->paths))
		return 0;
	/* To name it. */
	return lane_items_each(l, &v->window, check_new, v, err);
}

static int write_lane(struct archive_lane *l, struct err *err)
{
	struct visit v = {.lane = l, .own = PATHSET_INIT};

	spool_window_init(&v.window, &l->items.spool);
	int failed = check_paths(&v, err);
	if (!failed) {
		pathset_merge(&l->writer->paths, &l->items.paths);
		pathset_done(&l->items.paths);
		failed =
		    lane_items_each(&l->items, &v.window, write_one, &v, err);
	}
	pathset_done(&v.own);
	spool_window_done(&v.window);
	return failed;
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
	cleanup(digest_freep) struct digest *unused = digest_new(DIGEST_SHA256);
	struct item i = {.path = NULL, .kind = ITEM_SPOOL};

	contents_write_end(&end, atomic_load(&w->entries));
	if (spool_add(&w->index, end.data, end.len, err))
		return -1;
	i.bytes = spool_len(&w->index);
	cleanup(source_freep) struct source *from = spool_source(&w->index);
	if (tar_writer_entry(
		w->tar, CONTENTS_PATH, i.bytes, w->mtime, NULL, err))
		return -1;
	return write_stream(w, &i, from, unused, err);
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
	if (write_contents(w, err) || tar_writer_finish(w->tar, err))
		return err_wrap(err, "ending the archive");
	return 0;
}
