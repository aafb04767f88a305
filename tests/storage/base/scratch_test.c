#include "storage/base/scratch.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void scratch_is_private_and_what_a_dead_run_left_is_cleaned(void **state)
{
	struct scratch mine = SCRATCH_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	assert_ok(scratch_make(&mine, *state, &err), err);
	assert_int_equal(stat(mine.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	pid_t child = fork();
	if (child == 0) {
		struct scratch lost = SCRATCH_INIT;
		_exit(scratch_make(&lost, *state, &err) ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_clean(*state, &err), 1);
	assert_true(file_exists(mine.path));
	autofree char *path = str_dup(mine.path);
	scratch_done(&mine);
	assert_false(file_exists(path));
	assert_int_equal(scratch_clean(*state, &err), 0);
}

static const char *swept;
static atomic_bool enough;

static void *sweep(void *unused)
{
	struct err err = ERR_INIT;

	(void)unused;
	while (!atomic_load(&enough))
		scratch_clean(swept, &err);
	return NULL;
}

/* Another run may start, and look for what is left, at any moment. */
static void a_scratch_in_the_making_is_not_swept_away(void **state)
{
	autofree char *dir = test_dir_make();
	struct err err = ERR_INIT;
	pthread_t other;
	int gone = 0;

	(void)state;
	swept = dir;
	assert_int_equal(pthread_create(&other, NULL, sweep, NULL), 0);
	for (int i = 0; i < 3000; i++) {
		struct scratch s = SCRATCH_INIT;
		assert_ok(scratch_make(&s, dir, &err), err);
		gone += !file_exists(s.path);
		scratch_done(&s);
	}
	atomic_store(&enough, true);
	pthread_join(other, NULL);
	assert_int_equal(gone, 0);
	test_dir_remove(steal(dir));
}

/* One that has no lock file yet belongs to the process whose id it bears. */
static void without_a_lock_its_process_decides(void **state)
{
	const char *parent = *state;
	struct err err = ERR_INIT;
	pid_t dead = fork();

	if (dead == 0)
		_exit(0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	autofree char *of_dead =
	    str_printf("%s/scratch-%ld-aaaaaa", parent, (long)dead);
	autofree char *of_nobody = file_join(parent, "scratch-x-bbbbbb");
	autofree char *of_none = file_join(parent, "scratch-0-cccccc");
	autofree char *mine =
	    str_printf("%s/scratch-%ld-dddddd", parent, (long)getpid());
	autofree char *other = file_join(parent, "scratches");
	autofree char *file = file_join(other, "kept");
	assert_ok(file_mkdirs(of_dead, &err), err);
	assert_ok(file_mkdirs(of_nobody, &err), err);
	assert_ok(file_mkdirs(of_none, &err), err);
	assert_ok(file_mkdirs(mine, &err), err);
	assert_ok(file_mkdirs(other, &err), err);
	assert_ok(file_write_durably(file, "x", 1, &err), err);
	assert_int_equal(scratch_clean(parent, &err), 3);
	assert_false(file_exists(of_dead));
	assert_false(file_exists(of_nobody));
	assert_false(file_exists(of_none));
	assert_true(file_exists(mine));
	assert_true(file_exists(file));
}

static void a_parent_is_made_and_one_that_is_a_file_is_refused(void **state)
{
	autofree char *deep = str_printf("%s/a/b", (char *)*state);
	autofree char *file = file_join(*state, "file");
	struct scratch s = SCRATCH_INIT;
	struct err err = ERR_INIT;

	/* Nothing to clean where nothing was made. */
	assert_int_equal(scratch_clean(deep, &err), 0);
	assert_false(file_exists(deep));
	assert_ok(scratch_make(&s, deep, &err), err);
	assert_true(str_starts(s.path, deep));
	scratch_done(&s);
	scratch_done(&s); /* twice is once */
	assert_ok(file_write_durably(file, "x", 1, &err), err);
	assert_fails(scratch_make(&s, file, &err), err, ERR_SYSTEM);
	assert_contains(err.message, file);
	assert_null(s.path);
	assert_fails(scratch_clean(file, &err), err, ERR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		scratch_is_private_and_what_a_dead_run_left_is_cleaned,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test(a_scratch_in_the_making_is_not_swept_away),
	    cmocka_unit_test_setup_teardown(without_a_lock_its_process_decides,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		a_parent_is_made_and_one_that_is_a_file_is_refused,
		test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
