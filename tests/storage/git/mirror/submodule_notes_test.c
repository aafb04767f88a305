#include "storage/git/mirror/submodule_notes.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Two tips: one with two submodules, one without any. */
struct fixture {
	char *dir;
	char *notes;
	struct git_id with, without;
	struct git_refvec refs;
	struct strvec urls;
	struct err err;
};

static int setup(void **state)
{
	static const char modules[] =
	    "[submodule \"a\"]\n\tpath = a\n\turl = https://h/a.git\n"
	    "[submodule \"b\"]\n\tpath = b\n\turl = ../b.git\n";
	struct fixture *f = calloc(1, sizeof(*f));
	cleanup(buf_done) struct buf tree = BUF_INIT;

	f->dir = test_dir_make();
	f->notes = file_join(f->dir, "notes");
	test_mirror(f->dir);
	struct git_id blob =
	    test_object(f->dir, "blob", modules, strlen(modules));
	test_tree_entry(&tree, "100644", ".gitmodules", &blob);
	struct git_id root = test_object(f->dir, "tree", tree.data, tree.len);
	f->with = test_commit_of(f->dir, "with", &root, NULL, 0);
	f->without = test_commit(f->dir, "without", NULL, 0);
	git_refvec_add(&f->refs, "refs/heads/a", f->with.bytes);
	git_refvec_add(&f->refs, "refs/heads/b", f->without.bytes);
	git_refvec_add(&f->refs, "refs/heads/c", f->with.bytes);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	git_refvec_done(&f->refs);
	strvec_done(&f->urls);
	test_dir_remove(f->dir);
	free(f->notes);
	free(f);
	return 0;
}

static int find(struct fixture *f)
{
	strvec_done(&f->urls);
	return submodule_notes_find(
	    f->dir, GIT_SHA1, f->notes, &f->refs, &f->urls, &f->err);
}

static void finds_both(struct fixture *f)
{
	assert_ok(find(f), f->err);
	assert_int_equal(f->urls.len, 2);
	assert_string_equal(f->urls.items[0], "../b.git");
	assert_string_equal(f->urls.items[1], "https://h/a.git");
}

static void lose(struct fixture *f)
{
	autofree char *objects = file_join(f->dir, "objects");

	file_empty_dir(objects);
}

static void write_notes(struct fixture *f, const char *text, size_t len)
{
	assert_ok(file_write_durably(f->notes, text, len, &f->err), f->err);
}

/* With the notes nothing of the repository is needed any more. */
static void a_tip_is_read_once(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;

	finds_both(f);
	assert_int_equal(stat(f->notes, &before), 0);
	lose(f);
	finds_both(f);
	assert_int_equal(stat(f->notes, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void a_tip_that_is_gone_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;

	finds_both(f);
	assert_int_equal(stat(f->notes, &before), 0);
	git_refvec_done(&f->refs);
	git_refvec_add(&f->refs, "refs/heads/b", f->without.bytes);
	lose(f);
	assert_ok(find(f), f->err);
	assert_int_equal(f->urls.len, 0);
	assert_int_equal(stat(f->notes, &after), 0);
	assert_true(after.st_size < before.st_size);
	/* It would have to be read again. */
	git_refvec_add(&f->refs, "refs/heads/a", f->with.bytes);
	assert_int_equal(find(f), -1);
	assert_contains(f->err.message, "refs/heads/a");
}

/* What is left of them may lack a line of a tip that has two: none of it
 * counts. */
static void damaged_notes_are_not_used(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf good = BUF_INIT;

	finds_both(f);
	assert_ok(file_read(f->notes, 10000, &good, &f->err), f->err);
	for (size_t len = 0; len < good.len; len++) {
		write_notes(f, good.data, len);
		/* At the end of a line, nothing shows that it was cut. */
		if (len && good.data[len - 1] == '\n')
			continue;
		finds_both(f);
	}
	for (size_t at = 0; at < good.len; at += 7) {
		cleanup(buf_done) struct buf bad = BUF_INIT;
		buf_add(&bad, good.data, good.len);
		bad.data[at] = '\0';
		write_notes(f, bad.data, bad.len);
		finds_both(f);
	}
	cleanup(buf_done) struct buf more = BUF_INIT;
	buf_add(&more, good.data, good.len);
	buf_add_str(&more, "not a note\n");
	write_notes(f, more.data, more.len);
	finds_both(f);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_tip_is_read_once),
	    TEST(a_tip_that_is_gone_is_forgotten),
	    TEST(damaged_notes_are_not_used),
	};

	return cmocka_run_group_tests_name(
	    "submodule_notes", tests, NULL, NULL);
}
