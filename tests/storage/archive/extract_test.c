/* What is unpacked for good: files, their attributes, and nothing at all where
 * something is wrong. */
#include "storage/archive/contents.h"
#include "storage/archive/lane.h"
#include "storage/archive/reader.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { MAX = 1 << 20, LONG_VALUE = 100 * 1024 };

struct fixture {
	char *dir;   /* scratch */
	char *to;    /* what is unpacked goes here */
	char *large; /* more than an extended attribute holds */
	struct buf archive;
	struct reader_totals totals;
};

static void add(struct archive_lane *lane, const char *path, const char *text,
    const struct archive_attr *attrs, size_t attr_count)
{
	const struct archive_entry e = {.path = path,
	    .source = "test",
	    .attrs = attrs,
	    .attr_count = attr_count};
	struct err err = ERR_INIT;

	assert_ok(archive_lane_add(lane, &e, text, strlen(text), &err), err);
}

/* An archive of some entries, or of one of that name. */
static void pack(struct fixture *f, const char *only)
{
	const struct archive_options o = {.scratch = f->dir};
	const struct archive_attr attrs[] = {{.name = "small", .value = "v"},
	    {.name = "large", .value = f->large}};
	struct archive_totals totals;
	struct err err = ERR_INIT;
	cleanup(archive_writer_freep) struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&f->archive), &err);

	assert_non_null(w);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(w, (enum archive_rank)rank);
	if (only) {
		add(lane, "before", "x", NULL, 0);
		add(lane, only, "x", NULL, 0);
	} else {
		add(lane, "a/plain", "content", NULL, 0);
		add(lane, "a/empty", "", NULL, 0);
		add(lane, "attributed", "1", attrs, 2);
	}
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->to = file_join(f->dir, "to");
	assert_int_equal(mkdir(f->to, 0700), 0);
	f->large = mem_zalloc(LONG_VALUE + 1);
	memset(f->large, 'l', LONG_VALUE);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->archive);
	free(f->large);
	free(f->to);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static int extract(
    struct fixture *f, const struct reader_totals *expected, struct err *err)
{
	const struct reader_options o = {.scratch = f->dir,
	    .encryption = ARCHIVE_PLAIN,
	    .expected = expected};

	return archive_extract(
	    source_from_memory(f->archive.data, f->archive.len), &o, f->to,
	    &f->totals, err);
}

static void assert_file(
    const struct fixture *f, const char *name, const char *expected)
{
	autofree char *path = file_join(f->to, name);
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct stat st;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, MAX, &got, &err), err);
	assert_string_equal(buf_str(&got), expected);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void assert_nothing_is_left(const struct fixture *f)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(f->to, &names, &err), err);
	assert_int_equal(names.len, 0);
}

static void files_are_unpacked_with_their_contents(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->to, CONTENTS_PATH);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	pack(f, NULL);
	assert_ok(extract(f, NULL, &err), err);
	assert_int_equal(f->totals.entries, 3);
	assert_int_equal(f->totals.bytes, 8);
	assert_file(f, "a/plain", "content");
	assert_file(f, "a/empty", "");
	assert_file(f, "attributed", "1");
	assert_ok(file_read(path, MAX, &text, &err), err);
	assert_contains(text.data, "\"a/empty\"");
}

/* What the file system has no room for is kept beside the files. Where it has
 * no such attributes at all, each is there. */
static void an_attribute_that_no_file_takes_is_kept(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->to, "attributed");
	autofree char *kept = file_join(f->to, ".attrs.json");
	cleanup(buf_done) struct buf text = BUF_INIT;
	char value[8];
	struct err err = ERR_INIT;

	pack(f, NULL);
	assert_ok(extract(f, NULL, &err), err);
	assert_ok(file_read(kept, MAX, &text, &err), err);
	cleanup(json_freep) struct json_object *all = test_json(text.data);
	const struct json_object *of = json_get(all, "attributed");
	assert_int_equal(json_len(all), 1);
	assert_string_equal(json_get_str(of, "large"), f->large);
	ssize_t n = getxattr(path, "user.small", value, sizeof(value));
	if (n < 0) {
		assert_string_equal(json_get_str(of, "small"), "v");
		return;
	}
	assert_int_equal(n, 1);
	assert_int_equal(value[0], 'v');
	assert_null(json_get(of, "small"));
}

static void without_such_attributes_nothing_is_kept_beside(void **state)
{
	struct fixture *f = *state;
	autofree char *kept = file_join(f->to, ".attrs.json");
	struct err err = ERR_INIT;

	pack(f, "after");
	assert_ok(extract(f, NULL, &err), err);
	assert_false(file_exists(kept));
}

static void the_name_of_the_attributes_is_not_an_entrys(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	pack(f, ".attrs.json");
	assert_fails(extract(f, NULL, &err), err, ERR_FORMAT);
	assert_contains(err.message, f->to);
	assert_contains(err.message, "this name is not allowed");
	assert_nothing_is_left(f);
}

static void of_half_an_archive_nothing_is_left(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	pack(f, NULL);
	buf_truncate(&f->archive, f->archive.len - 1);
	assert_int_equal(extract(f, NULL, &err), -1);
	autofree char *head = str_printf("unpacking to '%s': ", f->to);
	assert_true(str_starts(err.message, head));
	assert_nothing_is_left(f);
}

static void less_or_more_than_expected_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct reader_totals all = {.entries = 3, .bytes = 8};
	const struct reader_totals wrong[] = {{.entries = 2, .bytes = 8},
	    {.entries = 4, .bytes = 8}, {.entries = 3, .bytes = 7},
	    {.entries = 3, .bytes = 9}};
	struct err err = ERR_INIT;

	pack(f, NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_fails(extract(f, &wrong[i], &err), err, ERR_INTEGRITY);
		assert_nothing_is_left(f);
	}
	assert_ok(extract(f, &all, &err), err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(files_are_unpacked_with_their_contents),
	    TEST(an_attribute_that_no_file_takes_is_kept),
	    TEST(without_such_attributes_nothing_is_kept_beside),
	    TEST(the_name_of_the_attributes_is_not_an_entrys),
	    TEST(of_half_an_archive_nothing_is_left),
	    TEST(less_or_more_than_expected_is_refused),
	};

	return cmocka_run_group_tests_name("extract", tests, NULL, NULL);
}
