/* Lanes: whose turn it is, and what the failure of one costs the others. What
 * they hold is in archive_test.c. */
#include "storage/archive/lane.h"

#include "storage/archive/known.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <unistd.h>

struct fixture {
	char *dir;
	char *file;
	struct buf out;
	struct archive_writer *writer;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	const struct archive_options o = {.compression = ARCHIVE_GZIP};

	f->dir = test_dir_make();
	f->file = file_join(f->dir, "file");
	f->writer = archive_writer_new(&o, test_sink(&f->out), &f->err);
	if (!f->writer)
		fail_msg("%s", f->err.message);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	archive_writer_free(f->writer);
	buf_done(&f->out);
	test_dir_remove(f->dir);
	free(f->file);
	free(f);
	return 0;
}

static void add(
    struct fixture *f, struct archive_lane *l, const char *path, int expected)
{
	const struct archive_entry e = {.path = path};

	f->err = (struct err)ERR_INIT;
	assert_int_equal(
	    archive_lane_add(l, &e, "text", 4, &f->err), expected ? -1 : 0);
	assert_int_equal(f->err.code, expected);
}

static void write_file(struct fixture *f, const char *text)
{
	assert_ok(
	    file_write_durably(f->file, text, strlen(text), &f->err), f->err);
}

static void add_file(struct fixture *f, struct archive_lane *l)
{
	const struct archive_entry e = {.path = "file"};

	write_file(f, "content");
	assert_ok(archive_lane_add_file(l, &e, f->file, &f->err), f->err);
}

static void commit(struct fixture *f, struct archive_lane *l, int expected)
{
	f->err = (struct err)ERR_INIT;
	assert_int_equal(archive_lane_commit(l, &f->err), expected ? -1 : 0);
	assert_int_equal(f->err.code, expected);
	archive_lane_free(l);
}

/* How many entries the whole archive has. */
static uint64_t finish(struct fixture *f)
{
	struct archive_totals totals;

	f->err = (struct err)ERR_INIT;
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(f->writer, (enum archive_rank)rank);
	assert_ok(archive_writer_finish(f->writer, &totals, &f->err), f->err);
	return totals.entries;
}

static void what_is_added_is_counted_until_it_is_reset(void **state)
{
	struct fixture *f = *state;
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);

	add(f, l, "a", 0);
	add(f, l, "a", ERR_EXISTS);
	add_file(f, l);
	assert_int_equal(archive_lane_totals(l).entries, 2);
	assert_int_equal(archive_lane_totals(l).bytes, 4 + 7);
	archive_lane_reset(l);
	assert_int_equal(archive_lane_totals(l).entries, 0);
	assert_int_equal(archive_lane_totals(l).bytes, 0);
	/* As newly opened: the path is free again. */
	add(f, l, "a", 0);
	commit(f, l, 0);
	assert_int_equal(finish(f), 1);
}

/* If its turn did not pass, the other would wait for ever. */
static void one_that_is_dropped_passes_its_turn_on(void **state)
{
	struct fixture *f = *state;
	struct archive_lane *dropped =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 1);

	add(f, dropped, "a", 0);
	add(f, l, "b", 0);
	archive_lane_free(dropped);
	commit(f, l, 0);
	assert_int_equal(finish(f), 1);
}

static void one_with_a_path_of_another_has_nothing_written(void **state)
{
	struct fixture *f = *state;
	struct archive_lane *first =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	struct archive_lane *second =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 1);
	struct archive_lane *third =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 2);

	add(f, first, "a", 0);
	add(f, second, "b", 0);
	add(f, second, "a", 0);
	add(f, third, "b", 0);
	commit(f, first, 0);
	commit(f, second, ERR_EXISTS);
	/* Nothing of the second is there, not even its other path. */
	commit(f, third, 0);
	assert_int_equal(finish(f), 2);
}

static void a_file_that_is_gone_costs_its_lane_alone(void **state)
{
	struct fixture *f = *state;
	struct archive_lane *first = archive_lane_open(f->writer, RANK_GIT, 0);
	struct archive_lane *second = archive_lane_open(f->writer, RANK_GIT, 1);

	add_file(f, first);
	add(f, second, "a", 0);
	for (int rank = 0; rank < RANK_GIT; rank++)
		archive_writer_rank_done(f->writer, (enum archive_rank)rank);
	assert_int_equal(unlink(f->file), 0);
	commit(f, first, ERR_NOT_FOUND);
	assert_false(archive_writer_is_spoilt(f->writer));
	commit(f, second, 0);
	assert_int_equal(finish(f), 1);
}

/* Its length is in the archive before its content is. */
static void replaced_file_ends_the_archive(struct fixture *f, const char *text)
{
	struct archive_totals totals;
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	struct archive_lane *next =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 1);

	add_file(f, l);
	add(f, next, "a", 0);
	write_file(f, text);
	commit(f, l, ERR_SYSTEM);
	assert_true(archive_writer_is_spoilt(f->writer));
	/* With the error of the first. */
	commit(f, next, ERR_SYSTEM);
	assert_contains(f->err.message, "file'");
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(f->writer, (enum archive_rank)rank);
	assert_int_equal(
	    archive_writer_finish(f->writer, &totals, &f->err), -1);
}

static void a_file_that_became_shorter_ends_the_archive(void **state)
{
	replaced_file_ends_the_archive(*state, "short");
}

static void a_file_that_grew_ends_the_archive(void **state)
{
	replaced_file_ends_the_archive(*state, "longer content");
}

/* ---- what the snapshot before has ---- */

static struct archive_writer *list_writer(
    struct fixture *f, const struct known *known)
{
	const struct archive_options o = {
	    .compression = ARCHIVE_GZIP, .form = CONTENTS_LIST, .known = known};

	buf_clear(&f->out);
	archive_writer_free(f->writer);
	f->writer = archive_writer_new(&o, test_sink(&f->out), &f->err);
	if (!f->writer)
		fail_msg("%s", f->err.message);
	return f->writer;
}

/* Of a snapshot that has been finished: one archive. */
static struct known *known_of(struct fixture *f, struct manifest *m)
{
	autofree char *path = file_join(f->dir, "CONTENTS.json");
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(sink_freep) struct sink *to = test_sink(&text);
	cleanup(source_freep) struct source *from =
	    archive_writer_contents(f->writer);

	assert_true(stream_copy(from, to, &f->err) > 0);
	assert_ok(
	    file_write_durably(path, text.data, text.len, &f->err), f->err);
	manifest_init(m);
	m->is_list = true;
	m->label = str_dup("b");
	m->archive.file = str_dup("b.tar.gz");
	m->archive.bytes = f->out.len;
	m->archive.has_index = true;
	m->archive.index = archive_writer_index(f->writer);
	struct known *k = known_read(path, NULL, m, &f->err);
	if (!k)
		fail_msg("%s", f->err.message);
	return k;
}

/* A snapshot with that file alone. */
static struct known *snapshot_before(struct fixture *f, struct manifest *m)
{
	list_writer(f, NULL);
	struct archive_lane *l = archive_lane_open(f->writer, RANK_GIT, 0);
	add_file(f, l);
	archive_writer_rank_done(f->writer, RANK_KUBERNETES);
	archive_writer_rank_done(f->writer, RANK_TERRAFORM);
	commit(f, l, 0);
	finish(f);
	return known_of(f, m);
}

/* So that a lane that waits for others leaves them nothing to wait for. */
static void a_file_that_is_known_is_not_opened_in_its_turn(void **state)
{
	struct fixture *f = *state;
	struct manifest m;
	cleanup(known_freep) struct known *k = snapshot_before(f, &m);
	struct archive_lane *l =
	    archive_lane_open(list_writer(f, k), RANK_GIT, 0);

	add_file(f, l);
	assert_int_equal(unlink(f->file), 0);
	archive_writer_rank_done(f->writer, RANK_KUBERNETES);
	archive_writer_rank_done(f->writer, RANK_TERRAFORM);
	commit(f, l, 0);
	assert_int_equal(finish(f), 1);
	assert_int_equal(archive_writer_known(f->writer).entries, 1);
	assert_int_equal(archive_writer_known(f->writer).bytes, 7);
	archive_writer_free(steal(f->writer));
	manifest_done(&m);
}

/* Where the caller has read it, it is not opened at all. */
static void a_file_whose_digest_is_given_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct manifest m;
	cleanup(known_freep) struct known *k = snapshot_before(f, &m);
	struct archive_lane *l =
	    archive_lane_open(list_writer(f, k), RANK_GIT, 0);
	const struct known_entry *before =
	    archive_writer_before(f->writer, "file", 7);

	assert_null(archive_writer_before(f->writer, "file", 8));
	assert_null(archive_writer_before(f->writer, "other", 7));
	assert_non_null(before);
	/* It was written by that snapshot. */
	assert_false(archive_writer_was_named(f->writer, before));
	const struct archive_entry e = {
	    .path = "file", .is_sha256 = before->sha256};
	write_file(f, "CONTENT");
	assert_ok(archive_lane_add_file(l, &e, f->file, &f->err), f->err);
	archive_writer_rank_done(f->writer, RANK_KUBERNETES);
	archive_writer_rank_done(f->writer, RANK_TERRAFORM);
	commit(f, l, 0);
	assert_int_equal(finish(f), 1);
	assert_int_equal(archive_writer_known(f->writer).entries, 1);
	archive_writer_free(steal(f->writer));
	manifest_done(&m);
}

/* Also where its path and length are those of one that is known. */
static void a_file_of_other_content_is_written(void **state)
{
	struct fixture *f = *state;
	struct manifest m;
	cleanup(known_freep) struct known *k = snapshot_before(f, &m);
	const struct archive_entry e = {.path = "file"};
	struct archive_lane *l =
	    archive_lane_open(list_writer(f, k), RANK_GIT, 0);

	write_file(f, "CONTENT");
	assert_ok(archive_lane_add_file(l, &e, f->file, &f->err), f->err);
	archive_writer_rank_done(f->writer, RANK_KUBERNETES);
	archive_writer_rank_done(f->writer, RANK_TERRAFORM);
	commit(f, l, 0);
	assert_int_equal(finish(f), 1);
	assert_int_equal(archive_writer_known(f->writer).entries, 0);
	archive_writer_free(steal(f->writer));
	manifest_done(&m);
}

static void what_is_no_plain_file_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct archive_entry e = {.path = "e"};
	struct archive_lane *l =
	    archive_lane_open(f->writer, RANK_KUBERNETES, 0);
	struct err err;

	assert_fails(
	    archive_lane_add_file(l, &e, f->file, &err), err, ERR_NOT_FOUND);
	assert_fails(
	    archive_lane_add_file(l, &e, f->dir, &err), err, ERR_FORMAT);
	assert_int_equal(archive_lane_totals(l).entries, 0);
	archive_lane_free(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_added_is_counted_until_it_is_reset),
	    TEST(one_that_is_dropped_passes_its_turn_on),
	    TEST(one_with_a_path_of_another_has_nothing_written),
	    TEST(a_file_that_is_gone_costs_its_lane_alone),
	    TEST(a_file_that_became_shorter_ends_the_archive),
	    TEST(a_file_that_grew_ends_the_archive),
	    TEST(a_file_that_is_known_is_not_opened_in_its_turn),
	    TEST(a_file_whose_digest_is_given_is_not_read),
	    TEST(a_file_of_other_content_is_written),
	    TEST(what_is_no_plain_file_is_refused),
	};

	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
