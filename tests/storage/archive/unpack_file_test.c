#include "storage/archive/unpack_file.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void files_are_for_their_owner_alone(void **state)
{
	struct unpack_file f;
	struct err err = ERR_INIT;
	struct stat st;
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *dir = str_printf("%s/a/b", (char *)*state);
	autofree char *one = file_join(dir, "one");
	autofree char *two = file_join(dir, "two");

	umask(0);
	unpack_file_init(&f, *state);
	assert_ok(unpack_file_start(&f, "a/b/one", &err), err);
	assert_ok(unpack_file_data(&f, "con", 3, &err), err);
	assert_ok(unpack_file_data(&f, "tent", 4, &err), err);
	assert_ok(unpack_file_end(&f, &err), err);
	assert_ok(unpack_file_start(&f, "a/b/two", &err), err);
	assert_ok(unpack_file_end(&f, &err), err);
	assert_ok(unpack_file_start(&f, "top", &err), err);
	assert_ok(unpack_file_end(&f, &err), err);
	unpack_file_done(&f);
	assert_ok(file_read(one, 100, &text, &err), err);
	assert_string_equal(buf_str(&text), "content");
	assert_int_equal(stat(one, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(two, &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* What is there is neither written to nor followed. */
static void what_exists_is_refused(void **state)
{
	struct unpack_file f;
	struct err err = ERR_INIT;
	autofree char *taken = file_join(*state, "taken");
	autofree char *link = file_join(*state, "link");
	autofree char *target = file_join(*state, "target");

	assert_ok(file_write_durably(taken, "own", 3, &err), err);
	assert_int_equal(symlink(target, link), 0);
	unpack_file_init(&f, *state);
	assert_fails(unpack_file_start(&f, "taken", &err), err, ERR_EXISTS);
	assert_contains(err.message, taken);
	unpack_file_done(&f);
	assert_fails(unpack_file_start(&f, "link", &err), err, ERR_EXISTS);
	unpack_file_done(&f);
	assert_false(file_exists(target));
	/* A file is no directory. */
	assert_fails(unpack_file_start(&f, "taken/x", &err), err, ERR_SYSTEM);
	unpack_file_done(&f);
}

static void a_full_disk_names_the_file(void **state)
{
	struct rlimit before, small;
	struct unpack_file f;
	struct err err = ERR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 10;
	unpack_file_init(&f, *state);
	assert_ok(unpack_file_start(&f, "a/large", &err), err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int failed = unpack_file_data(&f, "0123456789more", 14, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(failed, -1);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_contains(err.message, "a/large");
	unpack_file_done(&f);
	unpack_file_done(&f); /* nothing is open any more */
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(files_are_for_their_owner_alone),
	    TEST(what_exists_is_refused),
	    TEST(a_full_disk_names_the_file),
	};

	return cmocka_run_group_tests_name("unpack_file", tests, NULL, NULL);
}
