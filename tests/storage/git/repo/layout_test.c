#include "storage/git/repo/layout.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static void write_at(const char *dir, const char *name, const char *text)
{
	autofree char *path = file_join(dir, name);
	autofree char *parent = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(parent, &err), err);
	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static void make_dir(const char *dir, const char *name)
{
	autofree char *path = file_join(dir, name);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(path, &err), err);
}

/* What makes a directory a repository. */
static void make_repository(const char *dir, const char *name)
{
	autofree char *head = str_printf("%s/HEAD", name);
	autofree char *objects = str_printf("%s/objects", name);
	autofree char *refs = str_printf("%s/refs", name);

	write_at(dir, head, "ref: refs/heads/main\n");
	make_dir(dir, objects);
	make_dir(dir, refs);
}

static void is_found(const char *dir, const char *name, const char *own,
    const char *common, bool below)
{
	autofree char *path = file_join(dir, name);
	autofree char *base = realpath(dir, NULL);
	autofree char *own_path = file_join(base, own);
	autofree char *common_path = file_join(base, common);
	cleanup(layout_done) struct layout l = LAYOUT_INIT;
	struct err err = ERR_INIT;

	assert_ok(layout_find(path, &l, &err), err);
	assert_string_equal(l.own, own_path);
	assert_string_equal(l.common, common_path);
	assert_int_equal(l.below, below);
}

static void is_none(const char *dir, const char *name)
{
	autofree char *path = file_join(dir, name);
	cleanup(layout_done) struct layout l = LAYOUT_INIT;
	struct err err = ERR_INIT;

	assert_fails(layout_find(path, &l, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, path);
	assert_null(l.own);
}

static void bare_or_below_a_working_tree(void **state)
{
	make_repository(*state, "bare.git");
	make_repository(*state, "tree/.git");
	is_found(*state, "bare.git", "bare.git", "bare.git", false);
	is_found(*state, "bare", "bare.git", "bare.git", false);
	is_found(*state, "tree", "tree/.git", "tree/.git", true);
	is_found(*state, "tree/.git", "tree/.git", "tree/.git", false);
	/* As git has it: what is below comes first, then the path itself. */
	make_repository(*state, "bare");
	is_found(*state, "bare", "bare", "bare", false);
	make_repository(*state, "bare/.git");
	is_found(*state, "bare", "bare/.git", "bare/.git", true);
}

static void behind_a_file_that_names_it(void **state)
{
	autofree char *absolute = str_printf("gitdir: %s/real", (char *)*state);

	make_repository(*state, "real");
	write_at(*state, "a/.git", "gitdir: ../real\n");
	write_at(*state, "b/.git", "gitdir: ../real\r\n");
	write_at(*state, "c/.git", absolute);
	is_found(*state, "a", "real", "real", true);
	is_found(*state, "b", "real", "real", true);
	is_found(*state, "c", "real", "real", true);
	write_at(*state, "d/.git", "gitdir: \n");
	write_at(*state, "e/.git", "gitdir:../real\n");
	write_at(*state, "f/.git", "gitdir: ../gone\n");
	is_none(*state, "d");
	is_none(*state, "e");
	is_none(*state, "f");
}

/* A file of 8 KiB is read, one byte more is not. */
static void a_file_that_names_it_has_a_limit(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	make_repository(*state, "real");
	buf_add_str(&text, "gitdir: ../real");
	while (text.len < 8192)
		buf_add_char(&text, '\n');
	write_at(*state, "a/.git", buf_str(&text));
	is_found(*state, "a", "real", "real", true);
	buf_add_char(&text, '\n');
	write_at(*state, "b/.git", buf_str(&text));
	is_none(*state, "b");
}

static void a_linked_working_tree_shares_all_but_its_head(void **state)
{
	make_repository(*state, "main/.git");
	write_at(*state, "main/.git/worktrees/w/HEAD",
	    "0123456789012345678901234567890123456789\n");
	write_at(*state, "main/.git/worktrees/w/commondir", "../..\n");
	write_at(*state, "linked/.git", "gitdir: ../main/.git/worktrees/w\n");
	is_found(*state, "linked", "main/.git/worktrees/w", "main/.git", true);
}

static void what_lacks_a_part_is_none(void **state)
{
	autofree char *link = str_printf("%s/unborn/HEAD", (char *)*state);

	is_none(*state, "gone");
	make_dir(*state, "empty");
	is_none(*state, "empty");
	write_at(*state, "no-refs/HEAD", "ref: refs/heads/main\n");
	make_dir(*state, "no-refs/objects");
	is_none(*state, "no-refs");
	write_at(*state, "no-objects/HEAD", "ref: refs/heads/main\n");
	make_dir(*state, "no-objects/refs");
	is_none(*state, "no-objects");
	make_dir(*state, "head-is-a-directory/HEAD");
	make_dir(*state, "head-is-a-directory/refs");
	make_dir(*state, "head-is-a-directory/objects");
	is_none(*state, "head-is-a-directory");
	/* A symbolic link that leads nowhere is an unborn branch. */
	make_dir(*state, "unborn/refs");
	make_dir(*state, "unborn/objects");
	assert_int_equal(symlink("refs/heads/main", link), 0);
	is_found(*state, "unborn", "unborn", "unborn", false);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(bare_or_below_a_working_tree),
	    TEST(behind_a_file_that_names_it),
	    TEST(a_file_that_names_it_has_a_limit),
	    TEST(a_linked_working_tree_shares_all_but_its_head),
	    TEST(what_lacks_a_part_is_none),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
