/* What a lane keeps until its turn, in which form, and what it refuses. */
#include "storage/archive/lane_items.h"

#include "storage/archive/contents.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { LONG = 300 * 1024 }; /* more than a run has in memory */

struct fixture {
	char *dir;
	struct lane_items l;
	struct err err;
};

static int set_up(void **state)
{
	const struct compress_options o = {.compression = ARCHIVE_GZIP};
	const struct part_form form = {.form = CONTENTS_ONE};
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	lane_items_init(&f->l, &o, &form, f->dir, 1700000000);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	lane_items_done(&f->l);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static int add(struct fixture *f, const char *path, size_t len)
{
	const struct archive_entry e = {.path = path, .source = "test"};
	autofree char *data = mem_zalloc(len + 1);

	f->err = (struct err)ERR_INIT;
	return lane_items_add(&f->l, &e, data, len, &f->err);
}

static int add_file(struct fixture *f, const char *path, const char *file)
{
	const struct archive_entry e = {.path = path, .source = "test"};

	f->err = (struct err)ERR_INIT;
	return lane_items_add_file(&f->l, &e, file, &f->err);
}

static char *write_file(struct fixture *f, const char *text)
{
	char *path = file_join(f->dir, "content");

	assert_ok(
	    file_write_durably(path, text, strlen(text), &f->err), f->err);
	return path;
}

static int take(void *ctx, const char *path, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s\n", path);
	return 0;
}

static int stop_at_b(void *ctx, const char *path, struct err *err)
{
	take(ctx, path, err);
	return str_eq(path, "b") ? err_set(err, ERR_CANCELLED, "enough") : 0;
}

static void assert_paths(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf paths = BUF_INIT;

	assert_ok(lane_items_each_path(&f->l, take, &paths, &f->err), f->err);
	assert_string_equal(buf_str(&paths), expected);
}

static void assert_counts(const struct fixture *f, size_t entries, size_t bytes)
{
	assert_int_equal(f->l.entries, entries);
	assert_int_equal(f->l.bytes, bytes);
}

/* ---- forms --------------------------------------------------------------- */

static void few_entries_are_one_run(void **state)
{
	struct fixture *f = *state;

	assert_ok(add(f, "a", 0), f->err);
	assert_ok(add(f, "b", 7), f->err);
	/* Only what has ended is in items. */
	assert_int_equal(f->l.items.len, 0);
	assert_ok(lane_items_end(&f->l, &f->err), f->err);
	assert_ok(lane_items_end(&f->l, &f->err), f->err);
	assert_int_equal(f->l.items.len, 1);
	assert_int_equal(f->l.items.items[0].kind, ITEM_RUN);
	assert_int_equal(f->l.items.items[0].entries, 2);
	assert_int_equal(f->l.items.items[0].bytes, 7);
	assert_counts(f, 2, 7);
	assert_paths(f, "a\nb\n");
}

static void many_bytes_are_packed(void **state)
{
	struct fixture *f = *state;

	assert_ok(add(f, "a", 3), f->err);
	assert_ok(add(f, "b", LONG), f->err);
	assert_non_null(f->l.packer);
	assert_ok(add(f, "c", 1), f->err);
	assert_ok(lane_items_end(&f->l, &f->err), f->err);
	assert_null(f->l.packer);
	assert_int_equal(f->l.items.len, 1);
	const struct item *i = &f->l.items.items[0];
	assert_int_equal(i->kind, ITEM_PACKED);
	assert_int_equal(i->entries, 3);
	assert_int_equal(i->bytes, LONG + 4);
	assert_int_equal(i->run.len, 0);
	/* Zeros pack well. */
	assert_in_range(spool_len(&i->packed.bytes), 1, LONG / 10);
	assert_counts(f, 3, LONG + 4);
	assert_paths(f, "a\nb\nc\n");
}

static void a_file_stands_between_runs(void **state)
{
	struct fixture *f = *state;
	autofree char *file = write_file(f, "0123456789");

	assert_ok(add(f, "a", 1), f->err);
	assert_ok(add_file(f, "dir/file", file), f->err);
	assert_ok(add(f, "b", 2), f->err);
	assert_ok(lane_items_end(&f->l, &f->err), f->err);
	assert_int_equal(f->l.items.len, 3);
	const struct item *i = &f->l.items.items[1];
	assert_int_equal(i->kind, ITEM_FILE);
	assert_string_equal(i->record.path, "dir/file");
	assert_int_equal(i->record.bytes, 10);
	assert_int_equal(i->record.mtime, 1700000000);
	assert_string_equal(i->file, file);
	/* Nothing is known, so nobody needs its digest. */
	assert_false(i->digested);
	assert_counts(f, 3, 13);
	assert_paths(f, "a\ndir/file\nb\n");
}

static void a_walk_over_paths_can_be_stopped(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf paths = BUF_INIT;

	assert_ok(add(f, "a", 1), err);
	assert_ok(add(f, "b", LONG), err);
	assert_ok(add(f, "c", 1), err);
	assert_ok(lane_items_end(&f->l, &err), err);
	assert_ok(add(f, "d", 1), err);
	assert_ok(lane_items_end(&f->l, &err), err);
	assert_fails(lane_items_each_path(&f->l, stop_at_b, &paths, &err), err,
	    ERR_CANCELLED);
	assert_string_equal(paths.data, "a\nb\n");
}

static void emptied_it_can_be_filled_again(void **state)
{
	struct fixture *f = *state;

	assert_ok(add(f, "a", LONG), f->err); /* its packer is at work */
	lane_items_done(&f->l);
	assert_counts(f, 0, 0);
	assert_paths(f, "");
	assert_ok(add(f, "a", 2), f->err);
	assert_ok(lane_items_end(&f->l, &f->err), f->err);
	assert_counts(f, 1, 2);
	assert_paths(f, "a\n");
}

/* ---- what is refused ----------------------------------------------------- */

static void a_path_comes_once(void **state)
{
	struct fixture *f = *state;
	autofree char *file = write_file(f, "x");

	assert_ok(add(f, "a", 1), f->err);
	assert_int_equal(add(f, "a", 1), -1);
	assert_int_equal(f->err.code, ERR_EXISTS);
	assert_string_equal(
	    f->err.message, "'a' came twice: two sources would be mixed up");
	assert_int_equal(add_file(f, "a", file), -1);
	assert_int_equal(f->err.code, ERR_EXISTS);
	assert_counts(f, 1, 1);
}

static void odd_paths_are_refused(void **state)
{
	struct fixture *f = *state;
	autofree char *part = mem_zalloc(LIMITS_PART_BYTES + 2);
	const struct {
		const char *path, *message;
	} cases[] = {
	    {CONTENTS_PATH,
		"'CONTENTS.json' cannot be a path in an archive: it is taken"},
	    {"../a", "'../a' cannot be a path in an archive: it reaches "
		     "outside or has an unsafe name"},
	    {"/a", "it reaches outside"},
	    {"", "it reaches outside"},
	    {part, "it has a part of over 255 bytes"},
	};

	memset(part, 'p', LIMITS_PART_BYTES + 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(add(f, cases[i].path, 1), -1);
		assert_int_equal(f->err.code, ERR_FORMAT);
		assert_contains(f->err.message, cases[i].message);
	}
	part[LIMITS_PART_BYTES] = '\0';
	assert_ok(add(f, part, 1), f->err);
	assert_counts(f, 1, 1);
}

/* Up to the limit they are taken: name, "user." and 64 bytes more of each. */
static void long_attributes_are_refused(void **state)
{
	enum { FITS = LIMITS_ATTRS_BYTES - 5 - 1 - LIMITS_ATTR_REST };
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	autofree char *value = mem_zalloc(FITS + 2);
	const struct archive_attr attr = {.name = "n", .value = value};
	const struct archive_entry e = {
	    .path = "a", .source = "test", .attrs = &attr, .attr_count = 1};

	memset(value, 'v', FITS + 1);
	assert_fails(lane_items_add(&f->l, &e, "", 0, &err), err, ERR_FORMAT);
	assert_string_equal(
	    err.message, "the attributes of 'a' are over 960 KiB");
	value[FITS] = '\0';
	/* What was refused has not taken its path. */
	assert_ok(lane_items_add(&f->l, &e, "", 0, &err), err);
}

static void only_plain_files_are_taken(void **state)
{
	struct fixture *f = *state;
	autofree char *none = file_join(f->dir, "none");

	assert_int_equal(add_file(f, "a", f->dir), -1);
	assert_int_equal(f->err.code, ERR_FORMAT);
	assert_contains(f->err.message, "is not a plain file");
	assert_int_equal(add_file(f, "a", none), -1);
	assert_int_equal(f->err.code, ERR_NOT_FOUND);
	assert_contains(f->err.message, none);
	assert_counts(f, 0, 0);
	assert_paths(f, "");
}

static void a_file_that_grew_is_named(void **state)
{
	struct err err = ERR_INIT;
	autofree char *file = str_dup("/d/file");
	const struct item i = {.file = file};
	cleanup(source_freep) struct source *at_end = source_from_memory("", 0);
	cleanup(source_freep) struct source *more = source_from_memory("x", 1);

	(void)state;
	assert_ok(lane_items_check_end(&i, at_end, &err), err);
	assert_fails(lane_items_check_end(&i, more, &err), err, ERR_SYSTEM);
	assert_string_equal(err.message,
	    "'/d/file' grew while it was being written to the archive");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(few_entries_are_one_run),
	    TEST(many_bytes_are_packed),
	    TEST(a_file_stands_between_runs),
	    TEST(a_walk_over_paths_can_be_stopped),
	    TEST(emptied_it_can_be_filled_again),
	    TEST(a_path_comes_once),
	    TEST(odd_paths_are_refused),
	    TEST(long_attributes_are_refused),
	    TEST(only_plain_files_are_taken),
	    TEST(a_file_that_grew_is_named),
	};

	return cmocka_run_group_tests_name("lane_items", tests, NULL, NULL);
}
