#include "storage/archive/writer.h"

#include "storage/archive/contents.h"
#include "storage/archive/pathset.h"
#include "storage/archive/tar.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LANE_MEMORY = 256 * 1024,
	INDEX_MEMORY = 1024 * 1024,
	CHUNK = 128 * 1024,
	/* The library's own 3 keeps twice the memory a thread, for the same
	 * size of what we archive. */
	ZSTD_LEVEL = 2,
	MAX_THREADS = 4, /* unless asked for: each holds several MiB */
};

/* Where the content of an item is. A run is many items in a row whose texts
 * are in the lane's spool as well, each before its content, so that memory
 * does not grow with their number. */
enum item_kind { ITEM_IN_LANE, ITEM_FILE, ITEM_SPOOL, ITEM_RUN };

/* What stands before the content of an item of a run, followed by the texts,
 * each with its NUL. */
struct record {
	uint64_t bytes;
	int64_t mtime;
	uint32_t path_len;
	uint32_t source_len; /* with one more for being there at all */
	uint32_t facts_len;  /* the same */
};

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
	struct spool spool;
};
VEC_DEFINE(items, struct item);

enum lane_state { LANE_UNKNOWN, LANE_OPEN, LANE_DONE };
VEC_DEFINE(lane_states, enum lane_state);

struct archive_writer {
	struct tar_writer *tar;
	const char *scratch;
	int64_t mtime;
	struct spool index;
	struct pathset paths;
	atomic_uint_fast64_t entries, bytes;

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t turn_passed;
	struct lane_states lanes[RANK_COUNT];
	bool rank_done[RANK_COUNT];
	size_t turn_rank, turn_index;
	struct err failure; /* what made the archive useless */
};

struct archive_lane {
	struct archive_writer *writer;
	enum archive_rank rank;
	size_t index;
	struct spool spool;
	struct items items;
	struct pathset paths;
	bool doubled; /* a path came twice */
	uint64_t entries;
	uint64_t bytes;
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
	pthread_cond_init(&w->turn_passed, NULL);
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
	for (size_t r = 0; r < RANK_COUNT; r++)
		vec_done(&w->lanes[r]);
	pthread_cond_destroy(&w->turn_passed);
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

/* Moves the turn past what is done. Needs the lock. */
static void pass_turn(struct archive_writer *w)
{
	while (w->turn_rank < RANK_COUNT) {
		struct lane_states *lanes = &w->lanes[w->turn_rank];
		if (w->turn_index < lanes->len) {
			if (lanes->items[w->turn_index] != LANE_DONE)
				break;
			w->turn_index++;
		} else if (w->rank_done[w->turn_rank]) {
			w->turn_rank++;
			w->turn_index = 0;
		} else {
			break;
		}
	}
	pthread_cond_broadcast(&w->turn_passed);
}

void archive_writer_rank_done(struct archive_writer *w, enum archive_rank r)
{
	pthread_mutex_lock(&w->lock);
	w->rank_done[r] = true;
	pass_turn(w);
	pthread_mutex_unlock(&w->lock);
}

static void set_lane(struct archive_writer *w, enum archive_rank rank,
    size_t index, enum lane_state state)
{
	struct lane_states *lanes = &w->lanes[rank];

	pthread_mutex_lock(&w->lock);
	while (lanes->len <= index)
		*vec_add(lanes) = LANE_UNKNOWN;
	lanes->items[index] = state;
	pass_turn(w);
	pthread_mutex_unlock(&w->lock);
}

static int wait_for_turn(const struct archive_lane *l, struct err *err)
{
	struct archive_writer *w = l->writer;
	int r = 0;

	pthread_mutex_lock(&w->lock);
	while (w->turn_rank != (size_t)l->rank || w->turn_index != l->index)
		pthread_cond_wait(&w->turn_passed, &w->lock);
	if (w->failure.code != ERR_NONE) {
		*err = w->failure;
		r = -1;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
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

/* ---- lanes ---- */

struct archive_lane *archive_lane_open(
    struct archive_writer *w, enum archive_rank rank, size_t index)
{
	struct archive_lane *l = mem_new(struct archive_lane);

	l->writer = w;
	l->rank = rank;
	l->index = index;
	spool_init(&l->spool, w->scratch, LANE_MEMORY);
	set_lane(w, rank, index, LANE_OPEN);
	return l;
}

static void item_done(struct item *i)
{
	free(i->path);
	free(i->source);
	free(i->facts);
	free(i->file);
	tar_attrs_done(&i->attrs);
	if (i->kind == ITEM_SPOOL)
		spool_done(&i->spool);
}

void archive_lane_reset(struct archive_lane *l)
{
	VEC_EACH (&l->items, i)
		item_done(i);
	vec_done(&l->items);
	pathset_done(&l->paths);
	l->doubled = false;
	spool_reset(&l->spool);
	l->entries = l->bytes = 0;
}

/* Without a commit the lane's turn is passed on all the same. */
void archive_lane_free(struct archive_lane *l)
{
	if (!l)
		return;
	archive_lane_reset(l);
	set_lane(l->writer, l->rank, l->index, LANE_DONE);
	free(l);
}

void archive_lane_freep(struct archive_lane **l)
{
	archive_lane_free(*l);
}

bool archive_lane_has(const struct archive_lane *l, const char *path)
{
	return pathset_has(&l->paths, path);
}

struct archive_totals archive_lane_totals(const struct archive_lane *l)
{
	return (struct archive_totals){
	    .entries = l->entries, .bytes = l->bytes};
}

static int take_path(
    struct archive_lane *l, const struct archive_entry *e, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	if (file_path_is_safe(e->path) && !str_eq(e->path, CONTENTS_PATH)) {
		l->doubled |= !pathset_add(&l->paths, e->path);
		return 0;
	}
	str_add_printable(&shown, e->path, strlen(e->path));
	return err_set(err, ERR_FORMAT,
	    "'%.300s' cannot be a path in an archive", buf_str(&shown));
}

static struct item *new_item(struct archive_lane *l,
    const struct archive_entry *e, enum item_kind kind, uint64_t bytes,
    struct err *err)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;

	if (take_path(l, e, err))
		return NULL;
	struct item *i = vec_add(&l->items);
	*i = (struct item){.path = str_dup(e->path),
	    .source = str_dup(e->source),
	    .mtime = e->mtime ? e->mtime : l->writer->mtime,
	    .kind = kind,
	    .bytes = bytes};
	for (size_t n = 0; n < e->attr_count; n++) {
		autofree char *name = str_printf("user.%s", e->attrs[n].name);
		tar_attrs_add(&i->attrs, name, e->attrs[n].value,
		    strlen(e->attrs[n].value));
	}
	if (e->facts) {
		json_write(&facts, e->facts, JSON_COMPACT);
		i->facts = buf_steal(&facts);
	}
	l->entries++;
	l->bytes += bytes;
	return i;
}

static uint32_t add_text(struct buf *to, const char *text, size_t len)
{
	if (!text)
		return 0;
	buf_add(to, text, len);
	buf_add_char(to, '\0');
	return (uint32_t)len + 1;
}

static int add_to_run(struct archive_lane *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err)
{
	struct items *items = &l->items;
	struct item *run = items->len ? &items->items[items->len - 1] : NULL;
	struct record r = {
	    .bytes = len, .mtime = e->mtime ? e->mtime : l->writer->mtime};
	cleanup(buf_done) struct buf facts = BUF_INIT;
	cleanup(buf_done) struct buf texts = BUF_INIT;

	if (take_path(l, e, err))
		return -1;
	if (e->facts)
		json_write(&facts, e->facts, JSON_COMPACT);
	r.path_len = add_text(&texts, e->path, strlen(e->path));
	r.source_len =
	    add_text(&texts, e->source, e->source ? strlen(e->source) : 0);
	r.facts_len =
	    add_text(&texts, e->facts ? buf_str(&facts) : NULL, facts.len);
	if (!run || run->kind != ITEM_RUN) {
		run = vec_add(items);
		*run = (struct item){
		    .kind = ITEM_RUN, .offset = spool_len(&l->spool)};
	}
	run->count++;
	l->entries++;
	l->bytes += len;
	return spool_add(&l->spool, &r, sizeof(r), err) ||
		       spool_add(&l->spool, texts.data, texts.len, err) ||
		       spool_add(&l->spool, data, len, err)
		   ? -1
		   : 0;
}

int archive_lane_add(struct archive_lane *l, const struct archive_entry *e,
    const void *data, size_t len, struct err *err)
{
	if (!e->attr_count)
		return add_to_run(l, e, data, len, err);
	uint64_t offset = spool_len(&l->spool);
	struct item *i = new_item(l, e, ITEM_IN_LANE, len, err);

	if (!i)
		return -1;
	i->offset = offset;
	return spool_add(&l->spool, data, len, err);
}

int archive_lane_add_file(struct archive_lane *l, const struct archive_entry *e,
    const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st))
		return err_system(err, errno, "looking at '%s'", file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FORMAT, "'%s' is no plain file", file);
	struct item *i = new_item(l, e, ITEM_FILE, (uint64_t)st.st_size, err);
	if (!i)
		return -1;
	i->file = str_dup(file);
	return 0;
}

int archive_lane_add_spool(struct archive_lane *l,
    const struct archive_entry *e, struct spool *content, struct err *err)
{
	struct item *i = new_item(l, e, ITEM_SPOOL, spool_len(content), err);

	if (!i)
		return -1;
	i->spool = *content;
	spool_init(content, content->dir, content->memory_bytes);
	return 0;
}

/* ---- committing ---- */

static struct source *open_item(const struct item *i, struct err *err)
{
	if (i->kind == ITEM_SPOOL)
		return spool_source(&i->spool);
	int fd = open(i->file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return source_from_fd(fd, i->file);
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
	contents_write_entry(&line, &e, i->facts, atomic_load(&w->entries));
	atomic_fetch_add(&w->entries, 1);
	return spool_add(&w->index, line.data, line.len, err);
}

static int write_item(struct archive_writer *w, const struct item *i,
    struct spool_window *window, struct err *err)
{
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA256);
	cleanup(source_freep) struct source *from = NULL;

	if (i->kind != ITEM_IN_LANE && !(from = open_item(i, err)))
		return -1;
	if (tar_writer_entry(
		w->tar, i->path, i->bytes, i->mtime, &i->attrs, err))
		return fail_for_good(w, err);
	if ((from ? write_stream(w, i, from, digest, err)
		  : write_from_lane(w, i, window, digest, err)) ||
	    index_item(w, i, digest, err))
		return fail_for_good(w, err);
	return 0;
}

/* The item of a run at *offset, its texts kept in `texts`; *offset moves on to
 * the next. */
static int read_record(struct spool_window *window, uint64_t *offset,
    struct buf *texts, struct item *out, struct err *err)
{
	struct record r;
	const char *view = spool_view(window, *offset, sizeof(r), err);

	if (!view)
		return -1;
	memcpy(&r, view, sizeof(r));
	size_t len = (size_t)r.path_len + r.source_len + r.facts_len;
	view = spool_view(window, *offset + sizeof(r), len, err);
	if (!view)
		return -1;
	/* A copy: viewing the content moves the window on. */
	buf_clear(texts);
	buf_add(texts, view, len);
	char *source = texts->data + r.path_len;
	*out = (struct item){.path = texts->data,
	    .source = r.source_len ? source : NULL,
	    .facts = r.facts_len ? source + r.source_len : NULL,
	    .mtime = r.mtime,
	    .kind = ITEM_IN_LANE,
	    .offset = *offset + sizeof(r) + len,
	    .bytes = r.bytes};
	*offset = out->offset + out->bytes;
	return 0;
}

struct visit {
	struct archive_lane *lane;
	struct spool_window window;
	struct pathset own;
	int (*fn)(struct visit *v, const struct item *i, struct err *err);
};

/* Every item, those of runs too. */
static int each_item(struct visit *v, struct err *err)
{
	cleanup(buf_done) struct buf texts = BUF_INIT;
	struct item one;

	VEC_EACH (&v->lane->items, i) {
		uint64_t offset = i->offset;
		if (i->kind != ITEM_RUN && v->fn(v, i, err))
			return -1;
		for (uint64_t n = 0; n < i->count; n++)
			if (read_record(
				&v->window, &offset, &texts, &one, err) ||
			    v->fn(v, &one, err))
				return -1;
	}
	return 0;
}

static int check_new(struct visit *v, const struct item *i, struct err *err)
{
	if (pathset_add(&v->own, i->path) &&
	    !pathset_has(&v->lane->writer->paths, i->path))
		return 0;
	return err_set(err, ERR_EXISTS,
	    "'%s' is in the archive already: two sources would be mixed up",
	    i->path);
}

static int write_one(struct visit *v, const struct item *i, struct err *err)
{
	if (write_item(v->lane->writer, i, &v->window, err))
		return err_wrap(err, "archiving '%s'", i->path);
	return 0;
}

/* All paths are checked before any content goes in, so that of a lane that
 * collides with another nothing does. */
static int check_paths(struct visit *v, struct err *err)
{
	struct archive_lane *l = v->lane;

	if (!l->doubled && !pathset_meets(&l->paths, &l->writer->paths))
		return 0;
	v->fn = check_new; /* to name it */
	return each_item(v, err);
}

static int write_lane(struct archive_lane *l, struct err *err)
{
	struct visit v = {.lane = l, .own = PATHSET_INIT};

	spool_window_init(&v.window, &l->spool);
	int failed = check_paths(&v, err);
	if (!failed) {
		pathset_merge(&l->writer->paths, &l->paths);
		pathset_done(&l->paths);
		v.fn = write_one;
		failed = each_item(&v, err);
	}
	pathset_done(&v.own);
	spool_window_done(&v.window);
	return failed;
}

int archive_lane_commit(struct archive_lane *l, struct err *err)
{
	int r = wait_for_turn(l, err);

	if (!r)
		r = write_lane(l, err);
	archive_lane_reset(l);
	set_lane(l->writer, l->rank, l->index, LANE_DONE);
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
	pthread_mutex_lock(&w->lock);
	bool all_done = w->turn_rank == RANK_COUNT;
	struct err failure = w->failure;
	pthread_mutex_unlock(&w->lock);
	if (failure.code != ERR_NONE) {
		*err = failure;
		return -1;
	}
	if (!all_done)
		return err_set(err, ERR_USAGE,
		    "the archive was ended while sources were still open");
	*totals = archive_writer_progress(w);
	if (write_contents(w, err) || tar_writer_finish(w->tar, err))
		return err_wrap(err, "ending the archive");
	return 0;
}
