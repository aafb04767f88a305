/* A tree has what was packed, entry by entry, and exists only if all of it is
 * as CONTENTS.json says. */
#include "storage/archive/tree.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX = 1 << 20 };

struct fixture {
	struct test_tree t;
	char *dir; /* what is unpacked goes here */
	struct tree *tree;
	struct reader_totals totals;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_tree_init(&f->t);
	f->dir = str_printf("%s/unpacked", f->t.dir);
	assert_int_equal(mkdir(f->dir, 0700), 0);
	test_tree_add(&f->t, "k/a", "{\"uid\":\"1\"}", "first");
	test_tree_add(&f->t, "k/empty", NULL, "");
	test_tree_add(&f->t, "files/deep/b", NULL, "in a file");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tree_free(f->tree);
	free(f->dir);
	test_tree_done(&f->t);
	free(f);
	return 0;
}

static bool below_files(const char *path)
{
	return str_starts(path, "files/");
}

/* Of the archive with that many bytes more than it has, or less. */
static bool unpack(struct fixture *f, int more)
{
	cleanup(buf_done) struct buf archive = BUF_INIT;
	const struct reader_options o = {
	    .scratch = f->t.dir, .encryption = ARCHIVE_PLAIN};
	struct archive_totals totals;
	struct contents_where index;

	test_tree_pack(&f->t, test_sink(&archive), &totals, &index);
	for (int i = 0; i < more; i++)
		buf_add_char(&archive, 'x');
	f->err = (struct err)ERR_INIT;
	f->tree = tree_unpack(
	    source_from_memory(archive.data,
		more < 0 ? archive.len - (size_t)-more : archive.len),
	    &o, f->dir, below_files, &f->totals, &f->err);
	return f->tree != NULL;
}

static void must_unpack(struct fixture *f)
{
	if (!unpack(f, 0))
		fail_msg("%s", f->err.message);
}

static void entries_are_read_by_name(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf got = BUF_INIT;

	must_unpack(f);
	assert_int_equal(f->totals.entries, 3);
	assert_int_equal(f->totals.bytes, 14);
	assert_ok(tree_read(f->tree, "k/empty", 0, &got, &f->err), f->err);
	assert_int_equal(got.len, 0);
	assert_string_equal(got.data, "");
	/* It appends. */
	buf_add_str(&got, "before ");
	assert_ok(tree_read(f->tree, "k/a", 5, &got, &f->err), f->err);
	assert_string_equal(got.data, "before first");
}

static void what_is_not_there_or_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;

	must_unpack(f);
	assert_fails(
	    tree_read(f->tree, "k/b", MAX, &got, &err), err, ERR_NOT_FOUND);
	assert_string_equal(err.message, "the archive has no entry 'k/b'");
	assert_fails(tree_read(f->tree, "k/a", 4, &got, &err), err, ERR_FORMAT);
	assert_string_equal(
	    err.message, "'k/a' is longer than the 4 bytes allowed");
	/* One that is a file is on disk alone. */
	assert_fails(tree_read(f->tree, "files/deep/b", MAX, &got, &err), err,
	    ERR_NOT_FOUND);
	assert_int_equal(got.len, 0);
}

static void a_name_is_the_trees_own(void **state)
{
	struct fixture *f = *state;
	char asked[] = "k/a";

	must_unpack(f);
	const char *name = tree_name(f->tree, asked);
	assert_string_equal(name, "k/a");
	assert_ptr_not_equal(name, asked);
	assert_ptr_equal(name, tree_name(f->tree, "k/a"));
	assert_null(tree_name(f->tree, "files/deep/b"));
	assert_null(tree_name(f->tree, "k"));
}

static void files_are_on_disk_alone(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf got = BUF_INIT;
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	must_unpack(f);
	autofree char *path = tree_path(f->tree, "files/deep/b");
	autofree char *expected = file_join(f->dir, "files/deep/b");
	assert_string_equal(path, expected);
	assert_ok(file_read(path, MAX, &got, &f->err), f->err);
	assert_string_equal(buf_str(&got), "in a file");
	assert_ok(file_list_dir(f->dir, &names, &f->err), f->err);
	assert_int_equal(names.len, 1);
	assert_string_equal(names.items[0], "files");
}

static int take_line(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct buf *lines = ctx;

	(void)err;
	buf_printf(lines, "%s %llu\n", e->path, (unsigned long long)e->bytes);
	return 0;
}

static int stop(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)ctx;
	return err_set(err, ERR_CANCELLED, "enough at %s", e->path);
}

static void its_contents_name_all_entries(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	must_unpack(f);
	for (int twice = 0; twice < 2; twice++) {
		buf_truncate(&lines, 0);
		assert_ok(tree_contents(f->tree, take_line, &lines, &err), err);
		assert_string_equal(
		    lines.data, "k/a 5\nk/empty 0\nfiles/deep/b 9\n");
	}
	assert_fails(
	    tree_contents(f->tree, stop, NULL, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "enough at k/a");
	assert_ok(tree_read(f->tree, CONTENTS_PATH, MAX, &text, &err), err);
	assert_contains(text.data, "\"k/empty\"");
}

static void an_archive_without_entries_is_a_tree(void **state)
{
	struct test_tree t;
	cleanup(buf_done) struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	test_tree_init(&t);
	assert_ok(
	    tree_contents(test_tree_get(&t), take_line, &lines, &err), err);
	assert_int_equal(lines.len, 0);
	test_tree_done(&t);
}

static void half_an_archive_is_no_tree(void **state)
{
	struct fixture *f = *state;

	assert_false(unpack(f, -1));
	assert_int_not_equal(f->err.code, ERR_NONE);
	assert_true(f->err.message[0] != '\0');
}

static void what_follows_an_archive_makes_it_no_tree(void **state)
{
	struct fixture *f = *state;

	assert_false(unpack(f, 1));
	assert_int_not_equal(f->err.code, ERR_NONE);
}

/* More than the memory of the spool. */
static void a_large_entry_is_whole(void **state)
{
	enum { BYTES = 3 * 1024 * 1024 };
	struct fixture *f = *state;
	cleanup(buf_done) struct buf got = BUF_INIT;
	autofree char *large = mem_alloc(BYTES + 1);

	for (size_t i = 0; i < BYTES; i++)
		large[i] = (char)('a' + i % 23);
	large[BYTES] = '\0';
	test_tree_add(&f->t, "k/large", NULL, large);
	test_tree_add(&f->t, "k/last", NULL, "behind it");
	must_unpack(f);
	assert_ok(tree_read(f->tree, "k/large", BYTES, &got, &f->err), f->err);
	assert_int_equal(got.len, BYTES);
	assert_memory_equal(got.data, large, BYTES);
	buf_truncate(&got, 0);
	assert_ok(tree_read(f->tree, "k/last", MAX, &got, &f->err), f->err);
	assert_string_equal(got.data, "behind it");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(entries_are_read_by_name),
	    TEST(what_is_not_there_or_too_long_is_refused),
	    TEST(a_name_is_the_trees_own),
	    TEST(files_are_on_disk_alone),
	    TEST(its_contents_name_all_entries),
	    cmocka_unit_test(an_archive_without_entries_is_a_tree),
	    TEST(half_an_archive_is_no_tree),
	    TEST(what_follows_an_archive_makes_it_no_tree),
	    TEST(a_large_entry_is_whole),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
