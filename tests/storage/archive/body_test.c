#include "storage/archive/body.h"

#include "storage/archive/lane_items.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char *dir;
	struct buf packed;
	struct archive_options options;
	struct body body;
	struct lane_items items; /* of one lane, which is added at once */
	struct err err;
};

static void begin(struct fixture *f, size_t room)
{
	assert_ok(body_init(&f->body, &f->options,
		      test_sink_full(&f->packed, room), &f->err),
	    f->err);
	lane_items_init(&f->items, &f->body.compress, &f->body.form, f->dir,
	    f->options.mtime);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	f->options = (struct archive_options){.compression = ARCHIVE_ZSTD,
	    .threads = 1,
	    .scratch = f->dir,
	    .mtime = 1700000000};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lane_items_done(&f->items);
	body_done(&f->body);
	buf_done(&f->packed);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void add(struct fixture *f, const char *path, const char *content)
{
	assert_ok(lane_items_add(&f->items,
		      &(const struct archive_entry){.path = path}, content,
		      strlen(content), &f->err),
	    f->err);
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
	autofree char *file = file_join(f->dir, name);

	assert_ok(
	    file_write_durably(file, text, strlen(text), &f->err), f->err);
}

static void add_file(struct fixture *f, const char *name, const char *content)
{
	autofree char *file = file_join(f->dir, name);

	write_file(f, name, content);
	assert_ok(
	    lane_items_add_file(&f->items,
		&(const struct archive_entry){.path = name}, file, &f->err),
	    f->err);
}

/* What the lane has goes into the body; -1 at the first that fails. */
static int commit(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	if (lane_items_end(&f->items, &f->err))
		return -1;
	VEC_EACH (&f->items.items, i)
		if (body_add(&f->body, i, &f->err))
			return -1;
	return 0;
}

static void holds(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf got = BUF_INIT;

	test_tar_list(f->options.compression, &f->packed, &got);
	char *contents = strstr(buf_str(&got), "CONTENTS.json: ");
	assert_non_null(contents);
	*contents = '\0';
	assert_string_equal(buf_str(&got), expected);
}

static void an_archive_of_nothing_has_its_contents(void **state)
{
	struct fixture *f = *state;

	begin(f, SIZE_MAX);
	assert_ok(body_finish(&f->body, &f->err), f->err);
	holds(f, "");
	assert_int_equal(f->body.where.offset, 0);
	assert_int_equal(f->body.where.bytes, f->packed.len);
	assert_int_equal(f->body.where.at, 1536);
	assert_int_equal(body_totals(&f->body).entries, 0);
}

static int list_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)err;
	assert_true(e->located);
	buf_printf(ctx, "%s ", e->path);
	return 0;
}

/* Small ones in memory, files, and what was packed before: in their order. */
static void items_of_each_kind_follow_each_other(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf large = BUF_INIT;
	cleanup(buf_done) struct buf expected = BUF_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;
	size_t packed = 0;

	begin(f, SIZE_MAX);
	add(f, "a", "one");
	add_file(f, "b", "two");
	add(f, "c", "three");
	for (int i = 0; i < 300000; i++)
		buf_printf(&large, "%d ", i);
	add_file(f, "d", buf_str(&large));
	for (int i = 0; i < 4; i++) {
		autofree char *path = str_printf("e%d", i);
		add(f, path, buf_str(&large));
	}
	assert_ok(commit(f), f->err);
	VEC_EACH (&f->items.items, i)
		packed += i->kind == ITEM_PACKED;
	assert_true(packed > 0);
	assert_ok(body_finish(&f->body, &f->err), f->err);
	buf_printf(
	    &expected, "a: one\nb: two\nc: three\nd: %s\n", buf_str(&large));
	for (int i = 0; i < 4; i++)
		buf_printf(&expected, "e%d: %s\n", i, buf_str(&large));
	holds(f, buf_str(&expected));
	assert_int_equal(body_totals(&f->body).entries, 8);
	assert_int_equal(body_totals(&f->body).bytes, 11 + 5 * large.len);
	/* Each lies where the index says; its own frames follow all others. */
	const uint64_t end = f->body.where.offset;
	struct frames frames = VEC_INIT;
	const struct contents_archives archives = {
	    .count = 1, .ends = &end, .frames = &frames};
	cleanup(source_freep) struct source *index =
	    spool_source(&f->body.index);
	assert_ok(
	    contents_each_located(index, list_entry, &got, &archives, &f->err),
	    f->err);
	assert_string_equal(buf_str(&got), "a b c d e0 e1 e2 e3 ");
	assert_int_equal(end + f->body.where.bytes, f->packed.len);
	vec_done(&frames);
}

static void a_file_that_changed_spoils_it(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {{"longer than it was", "grew while it was being written"},
	    {"shor", "its length changed while it was being written"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(f, SIZE_MAX);
		add_file(f, "f", "short");
		write_file(f, "f", cases[i].text);
		assert_int_equal(commit(f), -1);
		assert_int_equal(f->err.code, ERR_SYSTEM);
		assert_contains(f->err.message, cases[i].why);
		assert_true(str_starts(f->err.message, "archiving 'f': "));
		assert_true(f->body.spoilt);
		lane_items_done(&f->items);
		body_done(&f->body);
		memset(&f->body, 0, sizeof(f->body));
		buf_clear(&f->packed);
	}
}

/* Nothing of it was written yet, so the others go on. */
static void a_file_that_is_gone_spoils_nothing(void **state)
{
	struct fixture *f = *state;
	autofree char *gone = file_join(f->dir, "gone");

	begin(f, SIZE_MAX);
	add_file(f, "gone", "was here");
	assert_int_equal(unlink(gone), 0);
	assert_int_equal(commit(f), -1);
	assert_int_equal(f->err.code, ERR_NOT_FOUND);
	assert_contains(f->err.message, gone);
	assert_false(f->body.spoilt);
	lane_items_done(&f->items);
	add(f, "a", "one");
	assert_ok(commit(f), f->err);
	assert_ok(body_finish(&f->body, &f->err), f->err);
	holds(f, "a: one\n");
	assert_int_equal(body_totals(&f->body).entries, 1);
}

static void a_full_disk_spoils_it(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf noise = BUF_INIT;
	struct test_random random;

	test_random_init(&random, 6);
	for (int i = 0; i < 3 << 20; i++)
		buf_add_char(
		    &noise, (char)('a' + random_below(&random.random, 26)));
	begin(f, 100000);
	add_file(f, "large", buf_str(&noise));
	int failed = commit(f);
	if (!failed)
		failed = body_finish(&f->body, &f->err);
	assert_int_equal(failed, -1);
	assert_int_equal(f->err.sys_errno, ENOSPC);
	assert_true(f->packed.len <= 100000);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_archive_of_nothing_has_its_contents),
	    TEST(items_of_each_kind_follow_each_other),
	    TEST(a_file_that_changed_spoils_it),
	    TEST(a_file_that_is_gone_spoils_nothing),
	    TEST(a_full_disk_spoils_it),
	};

	return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
