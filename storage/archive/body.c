#include "storage/archive/body.h"

#include "storage/archive/contents.h"
#include "storage/archive/zstd.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	INDEX_MEMORY = 256 * 1024,
	CHUNK = 128 * 1024,
	/* libzstd's own default, 3, needs twice the memory in each thread and
	 * makes what we archive no smaller. */
	ZSTD_LEVEL = 2,
	/* Of CONTENTS.json, whose lines resemble each other: quicker, and no
	 * larger. */
	ZSTD_CONTENTS_LEVEL = 1,
	MAX_THREADS = 4, /* unless configured: each needs several MiB */
	/* Content of this size is compressed in threads, and sampled first to
	 * see whether it compresses at all. */
	LARGE_BYTES = 1024 * 1024,
};

static int cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

/* What is configured; of zstd, else ours. */
static int level_of(const struct archive_options *o, int zstd)
{
	return o->level || o->compression != ARCHIVE_ZSTD ? o->level : zstd;
}

static void count_known(void *ctx, uint64_t bytes)
{
	struct body *b = ctx;

	atomic_fetch_add(&b->known, 1);
	atomic_fetch_add(&b->known_bytes, bytes);
}

int body_init(struct body *b, const struct archive_options *o,
    struct sink *sink, struct err *err)
{
	cleanup(buf_done) struct buf start = BUF_INIT;

	b->out = sink;
	b->compress = (struct compress_options){
	    .compression = o->compression, .level = level_of(o, ZSTD_LEVEL)};
	b->contents_level = level_of(o, ZSTD_CONTENTS_LEVEL);
	b->threads = o->threads ? o->threads : cores();
	b->mtime = o->mtime;
	b->scratch = o->scratch;
	b->form = (struct part_form){.form = o->form,
	    .known = o->known,
	    .on_known = count_known,
	    .ctx = b};
	spool_init(&b->index, o->scratch, INDEX_MEMORY);
	contents_write_start(&start, o->form);
	b->start_len = start.len;
	return spool_add(&b->index, start.data, start.len, err);
}

void body_done(struct body *b)
{
	part_free(b->part);
	sink_free(b->out);
	spool_done(&b->index);
	vec_done(&b->frames);
	free(b->counts);
}

struct archive_totals body_totals(struct body *b)
{
	return (struct archive_totals){.entries = atomic_load(&b->entries),
	    .bytes = atomic_load(&b->bytes)};
}

struct archive_totals body_known(struct body *b)
{
	return (struct archive_totals){.entries = atomic_load(&b->known),
	    .bytes = atomic_load(&b->known_bytes)};
}

bool body_needs(const struct body *b, size_t archive)
{
	return b->counts && b->counts[archive];
}

/* An entry was begun and could not be ended. */
static int spoil(struct body *b)
{
	b->spoilt = true;
	return -1;
}

static int end_part(struct body *b, struct err *err)
{
	struct part *part = steal(b->part);
	int failed = part ? part_end(part, err) : 0;

	part_free(part);
	return failed;
}

static void count_bytes(void *ctx, uint64_t bytes)
{
	struct body *b = ctx;

	atomic_fetch_add(&b->bytes, bytes);
}

/* The part that the next entry goes into: the open one, unless the entry is
 * large and threads pay. Threads need memory, so a part with threads is opened
 * only for the first large entry. */
static struct part *part_for(struct body *b, bool large, struct err *err)
{
	struct part_options o = {.compress = b->compress,
	    .form = b->form,
	    .lines = &b->index,
	    .frames = &b->frames,
	    .first = atomic_load(&b->entries) == 0,
	    .on_bytes = count_bytes,
	    .ctx = b};

	if (b->part && (!large || b->part_threads))
		return b->part;
	if (end_part(b, err))
		return NULL;
	o.frames_before = b->frames.len;
	b->part_threads = large;
	o.compress.threads = large ? b->threads : 0;
	b->part = part_new(&o, sink_onto(b->out), err);
	return b->part;
}

static int write_run(struct body *b, const struct item *i, struct err *err)
{
	struct part *part = part_for(b, i->bytes >= LARGE_BYTES, err);

	if (!part || part_add_run(part, &i->run, err))
		return spoil(b);
	atomic_fetch_add(&b->entries, i->entries);
	return 0;
}

/* All of a spool, from an offset on. */
static int pass_on(const struct spool *from, uint64_t start,
    int (*to)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err)
{
	cleanup(spool_window_done) struct spool_window window;
	uint64_t all = spool_len(from);

	spool_window_init(&window, from);
	for (uint64_t at = start; at < all;) {
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

/* Copies lines of entries from a part into the archive, where frames are
 * counted from the archive's start. */
struct moving {
	struct spool *to;
	struct contents_move move;
	size_t skip;	 /* of the first line */
	struct buf held; /* a line that has not come to its end */
	struct buf moved;
};

static int move_held(struct moving *m, size_t len, struct err *err)
{
	if (!len)
		return 0;
	buf_clear(&m->moved);
	contents_move_lines(&m->moved, m->held.data, len, &m->move);
	buf_drop_front(&m->held, len);
	size_t skip = m->skip;
	m->skip = 0;
	return spool_add(m->to, m->moved.data + skip, m->moved.len - skip, err);
}

/* Up to the separator before the last line that begins in this piece. */
static int move_lines(void *ctx, const void *data, size_t len, struct err *err)
{
	struct moving *m = ctx;
	const char *newline = memrchr(data, '\n', len);
	size_t before = m->held.len;

	buf_add(&m->held, data, len);
	if (!newline)
		return 0;
	size_t at = before + (size_t)(newline - (const char *)data);
	return move_held(m,
	    at < CONTENTS_SEPARATOR_LEN ? 0 : at - CONTENTS_SEPARATOR_LEN, err);
}

static int pass_all_lines(
    struct moving *m, const struct spool *from, uint64_t start, struct err *err)
{
	int failed = pass_on(from, start, move_lines, m, err);

	if (!failed)
		failed = move_held(m, m->held.len, err);
	buf_done(&m->held);
	buf_done(&m->moved);
	return failed;
}

static struct contents_move move_of(const struct body *b)
{
	return (struct contents_move){.form = b->form.form,
	    .own = (uint32_t)known_archives(b->form.known)};
}

static int pass_lines(struct body *b, const struct packed *p, struct err *err)
{
	struct moving m = {.to = &b->index,
	    .move = move_of(b),
	    .skip = atomic_load(&b->entries) ? 0 : CONTENTS_SEPARATOR_LEN};

	m.move.frames = b->frames.len;
	return pass_all_lines(&m, &p->lines, 0, err);
}

static int write_packed(struct body *b, const struct item *i, struct err *err)
{
	const struct packed *p = &i->packed;

	if (end_part(b, err) || pass_on(&p->bytes, 0, to_sink, b->out, err) ||
	    pass_lines(b, p, err))
		return spoil(b);
	frames_append(&b->frames, &p->frames);
	atomic_fetch_add(&b->entries, i->entries);
	atomic_fetch_add(&b->bytes, i->bytes);
	atomic_fetch_add(&b->known, p->known);
	atomic_fetch_add(&b->known_bytes, p->known_bytes);
	return 0;
}

static struct source *open_item(
    const struct item *i, bool *store, struct err *err)
{
	*store = false;
	int fd = open(i->file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		*store = i->record.bytes >= LARGE_BYTES &&
			 !zstd_gains(fd, i->record.bytes);
		return source_from_fd(fd, i->file);
	}
	err_system(err, errno, "opening '%s'", i->file);
	return NULL;
}

/* 1 if it was named; then nothing is written. */
static int name_single(struct body *b, const struct item *i, struct err *err)
{
	const struct record *r = &i->record;

	if (!i->digested)
		return 0;
	int known = part_name_known(&b->form, &b->index,
	    atomic_load(&b->entries) == 0, r, i->sha256, err);
	if (known > 0) {
		atomic_fetch_add(&b->entries, 1);
		atomic_fetch_add(&b->bytes, r->bytes);
	}
	return known;
}

static int write_single(struct body *b, const struct item *i, struct err *err)
{
	bool store;
	int known = name_single(b, i, err);

	if (known)
		return known < 0 ? -1 : 0;
	cleanup(source_freep) struct source *from = open_item(i, &store, err);

	if (!from)
		return -1;
	bool large = i->record.bytes >= LARGE_BYTES && !store;
	struct part *part = part_for(b, large, err);
	if (!part || part_add_from(part, &i->record, from, store, err) ||
	    lane_items_check_end(i, from, err))
		return spoil(b);
	atomic_fetch_add(&b->entries, 1);
	return 0;
}

int body_add(struct body *b, const struct item *i, struct err *err)
{
	switch (i->kind) {
	case ITEM_RUN:
		return write_run(b, i, err);
	case ITEM_PACKED:
		return write_packed(b, i, err);
	case ITEM_FILE:
	default:
		return write_single(b, i, err) == 0
			   ? 0
			   : err_wrap(err, "archiving '%s'", i->record.path);
	}
}

/* Gives all lines new places: with the numbers that the archives have once
 * those are left out of which nothing is named. */
static int renumber(
    struct body *b, const struct contents_move *move, struct err *err)
{
	cleanup(buf_done) struct buf start = BUF_INIT;
	struct spool old = b->index;
	struct moving m = {
	    .to = &b->index, .move = *move, .skip = CONTENTS_SEPARATOR_LEN};

	spool_init(&b->index, b->scratch, INDEX_MEMORY);
	contents_write_start(&start, b->form.form);
	int failed = spool_add(&b->index, start.data, start.len, err);
	/* The first line comes without a separator. */
	buf_add_char(&m.held, ',');
	if (!failed)
		failed = pass_all_lines(&m, &old, b->start_len, err);
	spool_done(&old);
	return failed;
}

/* The lines with their last numbers, and the frames of all archives that are
 * named, in the same order. */
static int end_list(struct body *b, struct buf *end, struct err *err)
{
	const struct known *known = b->form.known;
	size_t count = known_archives(known), kept = 0;
	autofree uint32_t *numbers = mem_zalloc((count + 1) * sizeof(*numbers));
	autofree struct frames *frames =
	    mem_zalloc((count + 1) * sizeof(*frames));
	struct contents_move move = move_of(b);

	b->counts = mem_zalloc((count + 1) * sizeof(*b->counts));
	for (size_t i = 0; i <= count; i++)
		numbers[i] = (uint32_t)i;
	move.counts = b->counts;
	bool lines = count && atomic_load(&b->entries);
	if (lines && renumber(b, &move, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		numbers[i] = (uint32_t)kept;
		if (b->counts[i])
			frames[kept++] = *known_frames(known, i);
	}
	numbers[count] = (uint32_t)kept;
	frames[kept++] = b->frames;
	move.counts = NULL;
	move.numbers = numbers;
	if (lines && renumber(b, &move, err))
		return -1;
	contents_write_end(
	    end, CONTENTS_LIST, atomic_load(&b->entries), frames, kept);
	return 0;
}

/* CONTENTS.json has frames of its own behind all others, because it says where
 * the others are. */
int body_finish(struct body *b, struct err *err)
{
	cleanup(buf_done) struct buf end = BUF_INIT;
	struct record r = {.path = CONTENTS_PATH, .mtime = b->mtime};
	struct frames_position position;

	if (end_part(b, err))
		return -1;
	if (b->form.form == CONTENTS_ONE)
		contents_write_end(&end, CONTENTS_ONE, atomic_load(&b->entries),
		    &b->frames, 1);
	else if (end_list(b, &end, err))
		return -1;
	b->compress.level = b->contents_level;
	struct part *part = part_for(b, false, err);
	if (!part || spool_add(&b->index, end.data, end.len, err))
		return -1;
	b->where.offset = frames_end(&b->frames);
	b->where.len = r.bytes = spool_len(&b->index);
	cleanup(source_freep) struct source *from = spool_source(&b->index);
	if (part_add_unlisted(
		part, &r, from, &position, b->where.sha256, err) ||
	    part_finish(part, err))
		return -1;
	b->where.at = position.offset;
	b->where.bytes = frames_end(&b->frames) - b->where.offset;
	return sink_finish(b->out, err);
}
