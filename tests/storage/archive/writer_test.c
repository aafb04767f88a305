/* The writer as a whole: the order of what comes out, what it tells of it, and
 * when its sink is finished. Lanes are in lane_test.c, what a body is made of
 * in body_test.c. */
#include "storage/archive/writer.h"

#include "storage/archive/known.h"
#include "storage/archive/lane.h"
#include "storage/archive/reader.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What becomes of a sink. */
struct watch {
	struct buf bytes;
	size_t room; /* 0: all */
	bool finish_fails;
	int finished, aborted, released;
};

struct watched_sink {
	struct sink sink;
	struct watch *w;
};

static int watch_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct watch *w = ((struct watched_sink *)s)->w;

	if (w->room && w->bytes.len + len > w->room)
		return err_system(err, ENOSPC, "writing what is watched");
	buf_add(&w->bytes, data, len);
	return 0;
}

static int watch_finish(struct sink *s, struct err *err)
{
	struct watch *w = ((struct watched_sink *)s)->w;

	if (w->finish_fails)
		return err_set(err, ERR_EXISTS, "it is there already");
	w->finished++;
	return 0;
}

static void watch_abort(struct sink *s)
{
	((struct watched_sink *)s)->w->aborted++;
}

static void watch_release(struct sink *s)
{
	((struct watched_sink *)s)->w->released++;
	free(s);
}

struct fixture {
	char *dir;
	struct archive_options options;
	struct watch watch;
	struct archive_writer *writer;
	struct archive_totals totals;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->options = (struct archive_options){.compression = ARCHIVE_GZIP,
	    .scratch = f->dir,
	    .mtime = 1700000000};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	archive_writer_free(f->writer);
	buf_done(&f->watch.bytes);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	static const struct sink_ops ops = {.write = watch_write,
	    .finish = watch_finish,
	    .abort = watch_abort,
	    .release = watch_release};
	struct watched_sink *s = mem_new(struct watched_sink);

	s->sink.ops = &ops;
	s->w = &f->watch;
	f->writer = archive_writer_new(&f->options, &s->sink, &f->err);
	if (!f->writer)
		fail_msg("%s", f->err.message);
}

static void end(struct fixture *f)
{
	archive_writer_freep(&f->writer);
	f->writer = NULL;
	buf_clear(&f->watch.bytes);
	f->watch = (struct watch){.bytes = f->watch.bytes};
	f->err = (struct err)ERR_INIT;
}

static void add(struct fixture *f, struct archive_lane *l, const char *path,
    const char *content, int64_t mtime)
{
	const struct archive_entry e = {
	    .path = path, .source = "test", .mtime = mtime};

	assert_ok(
	    archive_lane_add(l, &e, content, strlen(content), &f->err), f->err);
}

static void commit(struct fixture *f, struct archive_lane *l)
{
	assert_ok(archive_lane_commit(l, &f->err), f->err);
	archive_lane_free(l);
}

static void ranks_done(struct fixture *f)
{
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(f->writer, (enum archive_rank)rank);
}

static int finish(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	return archive_writer_finish(f->writer, &f->totals, &f->err);
}

static int note_start(void *ctx, const struct reader_entry *e, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s %lld\n", e->path, (long long)e->mtime);
	return 0;
}

static void entries_come_by_rank_and_index(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf got = BUF_INIT;
	const struct reader_options how = {
	    .compression = ARCHIVE_GZIP, .encryption = ARCHIVE_PLAIN};
	const struct reader_visitor visitor = {
	    .start = note_start, .ctx = &got};
	struct archive_lane *lanes[RANK_COUNT][2];

	begin(f);
	for (int rank = RANK_COUNT - 1; rank >= 0; rank--)
		for (int i = 1; i >= 0; i--) {
			autofree char *path = str_printf("z%d/%d", -rank, i);
			lanes[rank][i] = archive_lane_open(
			    f->writer, (enum archive_rank)rank, (size_t)i);
			/* Within a lane, as they were added. */
			add(f, lanes[rank][i], path, "1", rank == 1 ? 42 : 0);
			autofree char *second = str_printf("a%d/%d", rank, i);
			add(f, lanes[rank][i], second, "2", 0);
		}
	ranks_done(f);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		for (int i = 0; i < 2; i++)
			commit(f, lanes[rank][i]);
	assert_ok(finish(f), f->err);
	assert_ok(archive_reader_run(source_from_memory(f->watch.bytes.data,
					 f->watch.bytes.len),
		      &how, &visitor, NULL, &f->err),
	    f->err);
	assert_string_equal(buf_str(&got),
	    "z0/0 1700000000\na0/0 1700000000\n"
	    "z0/1 1700000000\na0/1 1700000000\n"
	    "z-1/0 42\na1/0 1700000000\nz-1/1 42\na1/1 1700000000\n"
	    "z-2/0 1700000000\na2/0 1700000000\n"
	    "z-2/1 1700000000\na2/1 1700000000\n");
}

/* Of what is in the archive, not of what waits in a lane, nor of its own. */
static void progress_is_what_was_written(void **state)
{
	struct fixture *f = *state;

	begin(f);
	struct archive_lane *first =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	struct archive_lane *second =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 1);
	add(f, first, "a", "abc", 0);
	add(f, second, "b", "de", 0);
	assert_int_equal(archive_writer_progress(f->writer).entries, 0);
	commit(f, first);
	assert_int_equal(archive_writer_progress(f->writer).entries, 1);
	assert_int_equal(archive_writer_progress(f->writer).bytes, 3);
	commit(f, second);
	ranks_done(f);
	assert_ok(finish(f), f->err);
	assert_int_equal(archive_writer_progress(f->writer).entries, 2);
	assert_int_equal(f->totals.entries, 2);
	assert_int_equal(f->totals.bytes, 5);
	assert_int_equal(archive_writer_known(f->writer).entries, 0);
}

static void contents_of(struct fixture *f, struct buf *text)
{
	cleanup(source_freep) struct source *from =
	    archive_writer_contents(f->writer);
	cleanup(sink_freep) struct sink *to = test_sink(text);

	assert_true(stream_copy(from, to, &f->err) > 0);
}

/* The last frames alone are enough to read the text. */
static void the_index_says_where_the_contents_lie(void **state)
{
	static const enum archive_compression both[] = {
	    ARCHIVE_GZIP, ARCHIVE_ZSTD};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		cleanup(buf_done) struct buf again = BUF_INIT;
		cleanup(buf_done) struct buf tail = BUF_INIT;
		cleanup(buf_done) struct buf got = BUF_INIT;
		cleanup(buf_done) struct buf expected = BUF_INIT;
		uint8_t sha256[DIGEST_SHA256_LEN];

		f->options.compression = both[i];
		begin(f);
		struct archive_lane *l =
		    archive_lane_open(f->writer, RANK_TERRAFORM, 0);
		add(f, l, "a", "abc", 0);
		archive_writer_rank_done(f->writer, RANK_KUBERNETES);
		commit(f, l);
		ranks_done(f);
		assert_ok(finish(f), f->err);
		const struct contents_where where =
		    archive_writer_index(f->writer);
		contents_of(f, &text);
		contents_of(f, &again);
		assert_string_equal(buf_str(&text), buf_str(&again));
		digest_of(DIGEST_SHA256, text.data, text.len, sha256);
		assert_int_equal(where.len, text.len);
		assert_memory_equal(where.sha256, sha256, sizeof(sha256));
		assert_int_equal(
		    where.offset + where.bytes, f->watch.bytes.len);
		buf_add(&tail, f->watch.bytes.data + where.offset,
		    (size_t)where.bytes);
		test_tar_list(both[i], &tail, &got);
		buf_printf(
		    &expected, "%s: %s\n", CONTENTS_PATH, buf_str(&text));
		assert_string_equal(buf_str(&got), buf_str(&expected));
		end(f);
	}
}

/* A source that is still at work would have its entries left out. */
static void it_ends_when_all_sources_have(void **state)
{
	struct fixture *f = *state;

	begin(f);
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	add(f, l, "a", "abc", 0);
	assert_int_equal(finish(f), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	ranks_done(f);
	assert_int_equal(finish(f), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	assert_int_equal(f->watch.finished, 0);
	commit(f, l);
	assert_ok(finish(f), f->err);
	assert_int_equal(f->totals.entries, 1);
	assert_int_equal(f->watch.finished, 1);
	end(f);
	/* A rank that nobody closed. */
	begin(f);
	archive_writer_rank_done(f->writer, RANK_KUBERNETES);
	archive_writer_rank_done(f->writer, RANK_GIT);
	assert_int_equal(finish(f), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	assert_int_equal(f->watch.finished, 0);
}

static void released_without_an_end_it_is_aborted(void **state)
{
	struct fixture *f = *state;

	begin(f);
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	add(f, l, "a", "abc", 0);
	commit(f, l);
	archive_writer_free(steal(f->writer));
	assert_int_equal(f->watch.finished, 0);
	assert_int_equal(f->watch.aborted, 1);
	assert_int_equal(f->watch.released, 1);
	end(f);
	begin(f);
	ranks_done(f);
	assert_ok(finish(f), f->err);
	archive_writer_free(steal(f->writer));
	assert_int_equal(f->watch.finished, 1);
	assert_int_equal(f->watch.aborted, 0);
	assert_int_equal(f->watch.released, 1);
	archive_writer_free(NULL);
}

/* With the sink's own error; what there is of it is never committed. */
static void a_sink_that_fails_gets_no_archive(void **state)
{
	struct fixture *f = *state;

	for (int where = 0; where < 2; where++) {
		begin(f);
		if (where == 0)
			f->watch.finish_fails = true;
		else
			f->watch.room = 10;
		struct archive_lane *l =
		    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
		add(f, l, "a", "abc", 0);
		commit(f, l); /* so little is not written yet */
		ranks_done(f);
		assert_int_equal(finish(f), -1);
		assert_int_equal(
		    f->err.code, where == 0 ? ERR_EXISTS : ERR_SYSTEM);
		if (where == 1)
			assert_int_equal(f->err.sys_errno, ENOSPC);
		assert_true(str_starts(f->err.message, "ending the archive: "));
		archive_writer_free(steal(f->writer));
		assert_int_equal(f->watch.finished, 0);
		assert_int_equal(f->watch.aborted, 1);
		assert_int_equal(f->watch.released, 1);
		end(f);
	}
}

/* ---- what the snapshot before has ---- */

struct snapshot {
	struct manifest manifest;
	struct known *known; /* for the next */
};

/* One of these files, after `before` or as the first. */
static void make(struct fixture *f, const struct snapshot *before,
    const char *files, struct snapshot *out)
{
	autofree char *record = file_join(f->dir, "CONTENTS.json");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest *m = &out->manifest;

	f->options.form = CONTENTS_LIST;
	f->options.known = before ? before->known : NULL;
	begin(f);
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	for (const char *c = files; *c; c++) {
		const char path[] = {*c, '\0'};
		add(f, l, path, "content", 0);
	}
	ranks_done(f);
	commit(f, l);
	assert_ok(finish(f), f->err);
	contents_of(f, &text);
	assert_ok(
	    file_write_durably(record, text.data, text.len, &f->err), f->err);
	manifest_init(m);
	m->is_list = true;
	m->label = str_printf("s%p", (const void *)before);
	m->archive.file = str_printf("%s.tar.gz", m->label);
	m->archive.bytes = f->watch.bytes.len;
	m->archive.has_index = true;
	m->archive.index = archive_writer_index(f->writer);
	for (size_t i = 0; before && i < known_archives(before->known); i++) {
		struct manifest_archive a =
		    manifest_archive_at(&before->manifest, i);
		if (archive_writer_needs(f->writer, i))
			manifest_add_earlier(m, &a);
	}
	out->known = known_read(record, NULL, m, &f->err);
	if (!out->known)
		fail_msg("%s", f->err.message);
}

static void snapshot_done(struct snapshot *s)
{
	known_free(s->known);
	manifest_done(&s->manifest);
}

/* The last entry of this snapshot that is in an archive before its own was
 * named by it, not written. */
static void what_is_known_is_named_and_not_written(void **state)
{
	struct fixture *f = *state;
	struct snapshot first, second, third, fourth;
	cleanup(buf_done) struct buf got = BUF_INIT;

	make(f, NULL, "ab", &first);
	assert_null(archive_writer_before(f->writer, "a", 7));
	end(f);

	make(f, &first, "ac", &second);
	assert_int_equal(f->totals.entries, 2);
	assert_int_equal(archive_writer_known(f->writer).entries, 1);
	assert_int_equal(archive_writer_known(f->writer).bytes, 7);
	assert_true(archive_writer_needs(f->writer, 0));
	assert_false(archive_writer_was_named(
	    f->writer, archive_writer_before(f->writer, "b", 7)));
	assert_null(archive_writer_before(f->writer, "c", 7));
	test_tar_list(ARCHIVE_GZIP, &f->watch.bytes, &got);
	assert_true(str_starts(buf_str(&got), "c: content\nCONTENTS.json: "));
	end(f);

	/* Known are the entries of the snapshot before alone, from wherever. */
	make(f, &second, "abc", &third);
	assert_int_equal(archive_writer_known(f->writer).entries, 2);
	assert_true(archive_writer_was_named(
	    f->writer, archive_writer_before(f->writer, "a", 7)));
	assert_false(archive_writer_was_named(
	    f->writer, archive_writer_before(f->writer, "c", 7)));
	assert_null(archive_writer_before(f->writer, "b", 7));
	assert_true(archive_writer_needs(f->writer, 0));
	assert_true(archive_writer_needs(f->writer, 1));
	end(f);

	/* What nothing is named of any more is not needed. */
	make(f, &third, "bcd", &fourth);
	assert_int_equal(archive_writer_known(f->writer).entries, 2);
	assert_false(archive_writer_needs(f->writer, 0));
	assert_true(archive_writer_needs(f->writer, 1));
	assert_true(archive_writer_needs(f->writer, 2));
	end(f);
	snapshot_done(&first);
	snapshot_done(&second);
	snapshot_done(&third);
	snapshot_done(&fourth);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(entries_come_by_rank_and_index),
	    TEST(progress_is_what_was_written),
	    TEST(the_index_says_where_the_contents_lie),
	    TEST(it_ends_when_all_sources_have),
	    TEST(released_without_an_end_it_is_aborted),
	    TEST(a_sink_that_fails_gets_no_archive),
	    TEST(what_is_known_is_named_and_not_written),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
