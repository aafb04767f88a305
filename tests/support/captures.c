#include "tests/support/captures.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* Those from the one to before the other. */
static void end_ranks(const struct test_capture *t, int from, int end)
{
	for (int rank = from; rank < end; rank++)
		archive_writer_rank_done(t->writer, (enum archive_rank)rank);
}

void test_capture_init(
    struct test_capture *t, enum archive_rank rank, size_t room)
{
	struct err err = ERR_INIT;

	*t = (struct test_capture){.rank = rank, .report = CAPTURE_REPORT_INIT};
	t->dir = test_dir_make();
	const struct archive_options o = {
	    .compression = ARCHIVE_GZIP, .scratch = t->dir};
	struct sink *sink =
	    room ? test_sink_full(&t->packed, room) : test_sink(&t->packed);
	t->writer = archive_writer_new(&o, sink, &err);
	if (!t->writer)
		fail_msg("%s", err.message);
	end_ranks(t, 0, (int)rank);
	t->env = (struct capture_env){.writer = t->writer,
	    .state_dir = t->dir,
	    .name = "prod",
	    .scratch = t->dir};
}

void test_capture_done(struct test_capture *t)
{
	archive_writer_free(t->writer);
	capture_report_done(&t->report);
	buf_done(&t->packed);
	test_dir_remove(t->dir);
}

static void list_entries(struct test_capture *t, struct buf *all)
{
	struct archive_totals totals;
	struct err err = ERR_INIT;

	end_ranks(t, (int)t->rank, RANK_COUNT);
	assert_ok(archive_writer_finish(t->writer, &totals, &err), err);
	test_tar_list(ARCHIVE_GZIP, &t->packed, all);
	char *end = strstr(buf_str(all), "CONTENTS.json: ");
	assert_non_null(end);
	buf_truncate(all, (size_t)(end - all->data));
}

void assert_captured(struct test_capture *t, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	list_entries(t, &all);
	assert_string_equal(buf_str(&all), lines);
}

void assert_captured_paths(struct test_capture *t, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT, paths = BUF_INIT;

	list_entries(t, &all);
	for (const char *at = buf_str(&all); *at;) {
		const char *end = strstr(at, ": ");
		assert_non_null(end);
		buf_add(&paths, at, (size_t)(end - at));
		buf_add_char(&paths, '\n');
		/* An object is a line of its own. */
		at = end + strcspn(end, "\n");
		at += strspn(at, "\n");
	}
	assert_string_equal(buf_str(&paths), lines);
}

void assert_capture_warned(const struct test_capture *t, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&t->report.warnings, w)
		buf_printf(&all, "%s\n", *w);
	assert_string_equal(buf_str(&all), lines);
}

void assert_capture_missing(const struct test_capture *t, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&t->report.missing, m)
		buf_printf(&all, "%s: %s\n", m->what, m->reason);
	assert_string_equal(buf_str(&all), lines);
}
