#include "storage/base/file.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void writes_for_its_owner_alone_and_reads_back(void **state)
{
	autofree char *path = file_join(*state, "f");
	cleanup(buf_done) struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	umask(022);
	assert_ok(file_write_durably(path, "one", 3, &err), err);
	assert_ok(file_write_durably(path, "three", 5, &err), err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(file_read(path, 5, &b, &err), err);
	assert_string_equal(buf_str(&b), "three");
	assert_fails(file_read(path, 4, &b, &err), err, ERR_FORMAT);
	autofree char *gone = file_join(*state, "gone");
	assert_fails(file_read(gone, 4, &b, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, gone);
}

/* What somebody has laid where it is made is not written to. */
static void writes_to_nothing_that_was_prepared(void **state)
{
	autofree char *path = file_join(*state, "key");
	autofree char *temporary = str_printf("%s.tmp", path);
	autofree char *stolen = file_join(*state, "stolen");
	struct err err = ERR_INIT;
	struct stat st;

	int fd = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_ok(file_write_durably(path, "secret", 6, &err), err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(fd);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(symlink(stolen, temporary), 0);
	assert_ok(file_write_durably(path, "secret", 6, &err), err);
	assert_false(file_exists(stolen));
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(path);
}

static void a_failed_write_leaves_nothing(void **state)
{
	autofree char *path = str_printf("%s/no/f", (char *)*state);
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_fails(
	    file_write_durably(path, "x", 1, &err), err, ERR_NOT_FOUND);
	assert_ok(file_list_dir(*state, &names, &err), err);
	assert_int_equal(names.len, 0);
}

static void removes_a_tree_and_no_more(void **state)
{
	autofree char *deep = str_printf("%s/t/a/b", (char *)*state);
	autofree char *tree = file_join(*state, "t");
	autofree char *link = str_printf("%s/t/a/link", (char *)*state);
	autofree char *kept = file_join(*state, "kept");
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(deep, &err), err);
	assert_ok(file_mkdirs(deep, &err), err);
	assert_ok(file_mkdirs(kept, &err), err);
	assert_int_equal(symlink(kept, link), 0);
	assert_ok(file_remove_tree(tree, &err), err);
	assert_ok(file_remove_tree(tree, &err), err);
	assert_false(file_exists(tree));
	assert_true(file_exists(kept));
}

static void knows_safe_paths(void **state)
{
	static const char *const safe[] = {"a", "a/b", ".a", "a/..b", "a:b"};
	static const char *const unsafe[] = {"", "/a", "a/", "a//b", ".", "..",
	    "a/../b", "a/.", "../a", "a\nb", "a\x7f"};

	(void)state;
	for (size_t i = 0; i < sizeof(safe) / sizeof(*safe); i++)
		assert_true(file_path_is_safe(safe[i]));
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(*unsafe); i++)
		assert_false(file_path_is_safe(unsafe[i]));
}

static void the_parent_of_a_path(void **state)
{
	static const char *const cases[][2] = {
	    {"a/b/c", "a/b"}, {"/a", "/"}, {"a", "."}, {"/a/b", "/a"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *parent = file_parent(cases[i][0]);
		assert_string_equal(parent, cases[i][1]);
	}
}

static void an_update_that_changes_nothing_writes_nothing(void **state)
{
	autofree char *path = file_join(*state, "f");
	struct stat before, after;
	struct err err = ERR_INIT;

	assert_ok(file_update_durably(path, "one", 3, &err), err);
	assert_int_equal(stat(path, &before), 0);
	assert_ok(file_update_durably(path, "one", 3, &err), err);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_ok(file_update_durably(path, "on", 2, &err), err);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, 2);
}

static int replace(const char *path, const char *text, bool give_up)
{
	struct err err = ERR_INIT;
	int fd = file_replace_begin(path, &err);

	assert_true(fd >= 0);
	for (const char *at = text; *at; at++)
		assert_ok(file_write_all(fd, at, 1, path, &err), err);
	if (give_up) {
		file_replace_abort(path, fd);
		return 0;
	}
	return file_replace_end(path, fd, &err);
}

static void a_file_is_replaced_in_pieces_or_stays(void **state)
{
	autofree char *path = file_join(*state, "f");
	autofree char *temporary = str_printf("%s.tmp", path);
	cleanup(buf_done) struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat first, later;

	assert_int_equal(replace(path, "one", false), 0);
	assert_int_equal(stat(path, &first), 0);
	assert_int_equal(first.st_mode & 0777, 0600);
	assert_int_equal(replace(path, "one", false), 0);
	assert_int_equal(replace(path, "two", true), 0);
	assert_int_equal(stat(path, &later), 0);
	assert_int_equal(first.st_ino, later.st_ino);
	assert_int_equal(replace(path, "two", false), 0);
	assert_ok(file_read(path, 3, &b, &err), err);
	assert_string_equal(buf_str(&b), "two");
	assert_false(file_exists(temporary));
}

static void a_new_file_takes_the_place_of_nothing(void **state)
{
	autofree char *path = file_join(*state, "key");
	autofree char *link = file_join(*state, "link");
	autofree char *nowhere = file_join(*state, "nowhere");
	autofree char *lost = file_join(nowhere, "key");
	cleanup(buf_done) struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	umask(022);
	assert_ok(file_write_new(path, "one", 3, &err), err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_fails(file_write_new(path, "two", 3, &err), err, ERR_EXISTS);
	assert_contains(err.message, "is there already");
	assert_ok(file_read(path, 3, &b, &err), err);
	assert_string_equal(buf_str(&b), "one");
	/* Also not of a link, whether it leads somewhere or not. */
	assert_int_equal(symlink(nowhere, link), 0);
	assert_fails(file_write_new(link, "two", 3, &err), err, ERR_EXISTS);
	assert_false(file_exists(nowhere));
	assert_fails(file_write_new(lost, "two", 3, &err), err, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		writes_for_its_owner_alone_and_reads_back, test_dir_setup,
		test_dir_teardown),
	    cmocka_unit_test_setup_teardown(writes_to_nothing_that_was_prepared,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		a_new_file_takes_the_place_of_nothing, test_dir_setup,
		test_dir_teardown),
	    cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		removes_a_tree_and_no_more, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test(knows_safe_paths),
	    cmocka_unit_test(the_parent_of_a_path),
	    cmocka_unit_test_setup_teardown(
		a_file_is_replaced_in_pieces_or_stays, test_dir_setup,
		test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		an_update_that_changes_nothing_writes_nothing, test_dir_setup,
		test_dir_teardown),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
