#include "storage/git/repo/ref_update.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/ref_lock.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID_1 "1111111111111111111111111111111111111111"
#define ID_2 "2222222222222222222222222222222222222222"

struct fixture {
	char *dir;
	struct ref_update *u;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ref_update_free(f->u);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
	autofree char *path = file_join(f->dir, name);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static void start(struct fixture *f)
{
	struct err err = ERR_INIT;

	ref_update_free(f->u);
	f->u = ref_update_new(f->dir, GIT_SHA1, &err);
	if (!f->u)
		fail_msg("%s", err.message);
}

static int set(struct fixture *f, const char *name, struct err *err)
{
	uint8_t id[GIT_ID_LEN];

	assert_int_equal(git_id_parse(GIT_SHA1, ID_1, id), 0);
	return ref_update_set(f->u, name, id, err);
}

/* "name=1 name=2", sorted, as whoever reads it afterwards finds it. */
static void assert_refs(struct fixture *f, const char *expected)
{
	cleanup(git_refvec_done) struct git_refvec v = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(ref_files_read(f->dir, GIT_SHA1, &v, &err), err);
	GIT_REFVEC_EACH (&v, r)
		buf_printf(&out, "%s%s=%x", out.len ? " " : "",
		    r->name + strlen("refs/"), r->id[0] & 15);
	assert_string_equal(buf_str(&out), expected);
}

static const char packed[] =
    "# pack-refs with: peeled fully-peeled sorted \n" ID_2
    " refs/heads/a/b\n" ID_2 " refs/tags/t\n"
    "^" ID_1 "\n" ID_2 " refs/tags/tt\n";

static void a_ref_is_made_and_moved(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_file(f, "packed-refs", packed);
	start(f);
	assert_ok(set(f, "refs/heads/x/y", &err), err);
	assert_ok(set(f, "refs/heads/a/b", &err), err);
	assert_refs(f, "heads/a/b=1 heads/x/y=1 tags/t=2 tags/tt=2");
	autofree char *path = file_join(f->dir, "refs/heads/x/y");
	cleanup(buf_done) struct buf text = BUF_INIT;
	assert_ok(file_read(path, 100, &text, &err), err);
	assert_string_equal(buf_str(&text), ID_1 "\n");
}

/* A ref that is packed and loose goes in both forms, with what its tag peels
 * to; its neighbours stay. */
static void a_ref_is_deleted_wherever_it_is(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_file(f, "packed-refs", packed);
	start(f);
	assert_ok(set(f, "refs/tags/t", &err), err);
	assert_ok(ref_update_delete(f->u, "refs/tags/t", &err), err);
	assert_refs(f, "heads/a/b=2 tags/tt=2");
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = file_join(f->dir, "packed-refs");
	assert_ok(file_read(path, 1000, &text, &err), err);
	assert_null(strchr(buf_str(&text), '^'));
	/* One that is not there is gone already. */
	assert_ok(ref_update_delete(f->u, "refs/tags/t", &err), err);
	assert_ok(ref_update_delete(f->u, "refs/heads/none", &err), err);
	assert_refs(f, "heads/a/b=2 tags/tt=2");
}

static void a_file_cannot_be_a_directory(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_file(f, "packed-refs", packed);
	start(f);
	assert_fails(set(f, "refs/heads/a", &err), err, ERR_EXISTS);
	assert_contains(err.message, "refs/heads/a/b is in its way");
	assert_fails(set(f, "refs/heads/a/b/c/d", &err), err, ERR_EXISTS);
	assert_contains(err.message, "the reference refs/heads/a/b is");
	/* A name that begins so is no part of the path. */
	assert_ok(set(f, "refs/heads/a/bb", &err), err);
	assert_ok(set(f, "refs/tags/ttt", &err), err);
	/* Once it is deleted, there is room. */
	assert_ok(ref_update_delete(f->u, "refs/heads/a/b", &err), err);
	assert_ok(set(f, "refs/heads/a/b/c", &err), err);
	assert_refs(
	    f, "heads/a/b/c=1 heads/a/bb=1 tags/t=2 tags/tt=2 tags/ttt=1");
}

static void empty_directories_make_room(void **state)
{
	struct fixture *f = *state;
	autofree char *deep = file_join(f->dir, "refs/heads/a/b/c");
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(deep, &err), err);
	start(f);
	assert_ok(set(f, "refs/heads/a", &err), err);
	assert_refs(f, "heads/a=1");
}

/* Nothing is written while another process has the lock. */
static void a_lock_keeps_others_out(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_file(f, "packed-refs", packed);
	start(f);
	assert_ok(set(f, "refs/heads/x", &err), err);
	write_file(f, "refs/heads/x.lock", "");
	assert_fails(set(f, "refs/heads/x", &err), err, ERR_LOCKED);
	assert_contains(err.message, "refs/heads/x.lock is there");
	assert_fails(
	    ref_update_delete(f->u, "refs/heads/x", &err), err, ERR_LOCKED);
	write_file(f, "packed-refs.lock", "");
	assert_fails(
	    ref_update_delete(f->u, "refs/tags/t", &err), err, ERR_LOCKED);
	assert_contains(err.message, "packed-refs.lock");
	assert_refs(f, "heads/a/b=2 heads/x=1 tags/t=2 tags/tt=2");
	/* Its own lock does not stay. */
	autofree char *own = file_join(f->dir, "refs/tags/t.lock");
	assert_false(file_exists(own));
}

/* What a process that is killed with the lock leaves. */
static void leave_lock(struct fixture *f, const char *file)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		autofree char *path = file_join(f->dir, file);
		struct ref_lock lock = REF_LOCK_INIT;
		struct err err = ERR_INIT;

		_exit(ref_lock_acquire(&lock, f->dir, path, &err) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static size_t count_of(const struct fixture *f)
{
	DIR *d = opendir(f->dir);
	size_t count = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));)
		count += str_starts(e->d_name, "backstay-lock-");
	closedir(d);
	return count;
}

static void a_lock_that_a_killed_run_left_is_taken_away(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_file(f, "packed-refs", packed);
	start(f);
	assert_ok(set(f, "refs/heads/x", &err), err);
	assert_int_equal(count_of(f), 0);
	leave_lock(f, "refs/heads/x");
	leave_lock(f, "packed-refs");
	assert_int_equal(count_of(f), 2);
	assert_ok(ref_update_delete(f->u, "refs/heads/x", &err), err);
	assert_ok(ref_update_delete(f->u, "refs/tags/t", &err), err);
	assert_refs(f, "heads/a/b=2 tags/tt=2");
	assert_int_equal(count_of(f), 0);
}

enum { RIVALS = 4, ROUNDS = 20 };

/* Tells by its exit status whether it has the lock, and holds it until the
 * other end of `hold` is closed. */
static pid_t start_rival(
    const struct fixture *f, const int go[2], const int hold[2], int got)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	autofree char *path = file_join(f->dir, "refs/heads/x");
	struct ref_lock lock = REF_LOCK_INIT;
	struct err err = ERR_INIT;
	char c;

	close(go[1]);
	close(hold[1]);
	if (read(go[0], &c, 1))
		_exit(2);
	int failed = ref_lock_acquire(&lock, f->dir, path, &err);
	if (write(got, "x", 1) != 1 || read(hold[0], &c, 1))
		_exit(2);
	_exit(!failed ? 0 : err.code == ERR_LOCKED ? 1 : 2);
}

/* How many of the runs that start at once have the lock together. */
static int race(const struct fixture *f)
{
	int go[2], hold[2], got[2], with_lock = 0;
	pid_t pids[RIVALS];
	char c;

	assert_int_equal(pipe(go) | pipe(hold) | pipe(got), 0);
	for (int i = 0; i < RIVALS; i++)
		pids[i] = start_rival(f, go, hold, got[1]);
	close(go[1]);
	for (int i = 0; i < RIVALS; i++)
		assert_int_equal(read(got[0], &c, 1), 1);
	close(hold[1]);
	for (int i = 0; i < RIVALS; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		with_lock += WEXITSTATUS(status) == 0;
	}
	close(go[0]);
	close(hold[0]);
	close(got[0]);
	close(got[1]);
	return with_lock;
}

/* Each round leaves the lock of the one that got it, which ended with it. */
static void a_left_lock_is_given_to_one(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	start(f);
	assert_ok(set(f, "refs/heads/x", &err), err);
	leave_lock(f, "refs/heads/x");
	for (int i = 0; i < ROUNDS; i++)
		assert_int_equal(race(f), 1);
	assert_ok(ref_update_delete(f->u, "refs/heads/x", &err), err);
	assert_int_equal(count_of(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_ref_is_made_and_moved),
	    TEST(a_ref_is_deleted_wherever_it_is),
	    TEST(a_file_cannot_be_a_directory),
	    TEST(empty_directories_make_room),
	    TEST(a_lock_keeps_others_out),
	    TEST(a_lock_that_a_killed_run_left_is_taken_away),
	    TEST(a_left_lock_is_given_to_one),
	};

	return cmocka_run_group_tests_name("ref_update", tests, NULL, NULL);
}
