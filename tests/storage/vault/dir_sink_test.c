#include "storage/vault/dir_sink.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static size_t files(const char *dir)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(dir, &names, &err), err);
	return names.len;
}

static void a_name_is_given_to_what_is_whole(void **state)
{
	autofree char *path = file_join(*state, "one");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;
	cleanup(sink_freep) struct sink *s = dir_sink_new(*state, "one", &err);

	assert_ok(sink_write(s, "con", 3, &err), err);
	assert_ok(sink_write(s, "tent", 4, &err), err);
	assert_false(file_exists(path));
	assert_int_equal(files(*state), 1);
	assert_ok(sink_finish(s, &err), err);
	assert_ok(file_read(path, 10, &text, &err), err);
	assert_string_equal(buf_str(&text), "content");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(files(*state), 1);
}

static void one_that_is_given_up_leaves_nothing(void **state)
{
	struct err err = ERR_INIT;

	for (int how = 0; how < 2; how++) {
		struct sink *s = dir_sink_new(*state, "one", &err);
		assert_ok(sink_write(s, "half", 4, &err), err);
		if (how)
			sink_abort(s);
		sink_free(s);
		assert_int_equal(files(*state), 0);
	}
}

static void what_is_there_is_not_replaced(void **state)
{
	autofree char *path = file_join(*state, "one");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct sink *s = dir_sink_new(*state, "one", &err);

	assert_ok(file_write_durably(path, "theirs", 6, &err), err);
	assert_ok(sink_write(s, "ours", 4, &err), err);
	assert_fails(sink_finish(s, &err), err, ERR_EXISTS);
	assert_contains(err.message, path);
	sink_free(s);
	assert_fails(
	    dir_sink_new(*state, "one", &err) ? 0 : -1, err, ERR_EXISTS);
	assert_ok(file_read(path, 10, &text, &err), err);
	assert_string_equal(buf_str(&text), "theirs");
	assert_int_equal(files(*state), 1);
}

static void a_full_disk_leaves_nothing(void **state)
{
	struct rlimit before, small;
	struct err err = ERR_INIT;
	struct sink *s = dir_sink_new(*state, "one", &err);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 5;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int failed = sink_write(s, "content", 7, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(failed, -1);
	assert_int_equal(err.sys_errno, EFBIG);
	sink_free(s);
	assert_int_equal(files(*state), 0);
	assert_fails(dir_sink_new("/nonexistent", "one", &err) ? 0 : -1, err,
	    ERR_NOT_FOUND);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_name_is_given_to_what_is_whole),
	    TEST(one_that_is_given_up_leaves_nothing),
	    TEST(what_is_there_is_not_replaced),
	    TEST(a_full_disk_leaves_nothing),
	};

	return cmocka_run_group_tests_name("dir_sink", tests, NULL, NULL);
}
