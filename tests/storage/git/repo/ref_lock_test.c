/* The lock of a file of a repository, and what dead runs leave of theirs. Of
 * runs that start at once see ref_update_test.c. */
#include "storage/git/repo/ref_lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/process.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	char *dir, *file, *lock; /* FILE and FILE.lock */
	struct ref_lock l;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	*f = (struct fixture){.dir = test_dir_make(), .l = REF_LOCK_INIT};
	f->file = file_join(f->dir, "packed-refs");
	f->lock = str_printf("%s.lock", f->file);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ref_lock_done(&f->l);
	test_dir_remove(f->dir);
	free(f->file);
	free(f->lock);
	free(f);
	return 0;
}

static void acquire(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(ref_lock_acquire(&f->l, f->dir, f->file, &err), err);
	assert_true(f->l.fd >= 0);
}

static void write_text(const struct ref_lock *l, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);

	assert_int_equal(write(l->fd, text, strlen(text)), len);
}

static void assert_text(const char *path, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 100, &text, &err), err);
	assert_string_equal(buf_str(&text), expected);
}

/* How many second names of locks there are. */
static size_t proofs(const struct fixture *f)
{
	DIR *d = opendir(f->dir);
	size_t count = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));)
		count += str_starts(e->d_name, "backstay-lock-");
	closedir(d);
	return count;
}

/* ---- a lock -------------------------------------------------------------- */

static void what_was_written_becomes_the_file(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(f->file, "old", 3, &err), err);
	acquire(f);
	assert_true(file_exists(f->lock));
	assert_int_equal(proofs(f), 1);
	write_text(&f->l, "new");
	assert_text(f->file, "old");
	assert_ok(ref_lock_commit(&f->l, f->file, &err), err);
	ref_lock_done(&f->l);
	assert_text(f->file, "new");
	assert_false(file_exists(f->lock));
	assert_int_equal(proofs(f), 0);
	assert_int_equal(f->l.fd, -1);
	ref_lock_done(&f->l);
}

static void what_is_given_back_leaves_the_file(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(f->file, "old", 3, &err), err);
	acquire(f);
	write_text(&f->l, "new");
	ref_lock_done(&f->l);
	assert_text(f->file, "old");
	assert_false(file_exists(f->lock));
	assert_int_equal(proofs(f), 0);
}

static void who_comes_second_is_told(void **state)
{
	struct fixture *f = *state;
	struct ref_lock second = REF_LOCK_INIT;
	struct err err;

	acquire(f);
	assert_fails(
	    ref_lock_acquire(&second, f->dir, f->file, &err), err, ERR_LOCKED);
	autofree char *whole = str_printf(
	    "%s is there: another process changes it, or died doing so; "
	    "remove it if no git is at work",
	    f->lock);
	assert_string_equal(err.message, whole);
	assert_int_equal(second.fd, -1);
	ref_lock_done(&second);
	/* It took nothing away, and left nothing. */
	assert_true(file_exists(f->lock));
	assert_int_equal(proofs(f), 1);
	ref_lock_done(&f->l);
	acquire(f);
}

/* More than there are second names for: those are locks like git's own. */
static void one_process_may_hold_many(void **state)
{
	enum { MANY = 12 };
	struct fixture *f = *state;
	struct ref_lock locks[MANY];
	struct err err = ERR_INIT;

	for (int i = 0; i < MANY; i++) {
		autofree char *file = str_printf("%s/ref%d", f->dir, i);

		locks[i] = (struct ref_lock)REF_LOCK_INIT;
		assert_ok(ref_lock_acquire(&locks[i], f->dir, file, &err), err);
		write_text(&locks[i], "x");
		assert_true(
		    i < 8 ? locks[i].proof != NULL : locks[i].proof == NULL);
	}
	for (int i = 0; i < MANY; i++) {
		autofree char *file = str_printf("%s/ref%d", f->dir, i);

		assert_ok(ref_lock_commit(&locks[i], file, &err), err);
		ref_lock_done(&locks[i]);
		assert_text(file, "x");
	}
	assert_int_equal(proofs(f), 0);
}

static void a_file_whose_folder_is_not_there_cannot_be_locked(void **state)
{
	struct fixture *f = *state;
	autofree char *file = file_join(f->dir, "refs/heads/x");
	struct err err;

	assert_fails(
	    ref_lock_acquire(&f->l, f->dir, file, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "cannot make ");
	assert_contains(err.message, "refs/heads/x.lock");
	assert_int_equal(proofs(f), 0);
}

static void what_cannot_be_put_in_place_is_told(void **state)
{
	struct fixture *f = *state;
	struct err err;

	acquire(f);
	assert_int_equal(mkdir(f->file, 0700), 0);
	assert_fails(ref_lock_commit(&f->l, f->file, &err), err, ERR_SYSTEM);
	assert_contains(err.message, "cannot write ");
	ref_lock_done(&f->l);
	assert_false(file_exists(f->lock));
	assert_int_equal(proofs(f), 0);
}

/* ---- what dead runs leave ------------------------------------------------ */

/* The second name that a process that has ended had. */
static char *dead_proof(const struct fixture *f)
{
	cleanup(buf_done) struct buf hex = BUF_INIT;
	char process[200] = "";
	int pipes[2], status;

	assert_int_equal(pipe(pipes), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char *self = process_self();
		size_t len = strlen(self);

		_exit(write(pipes[1], self, len) != (ssize_t)len);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(read(pipes[0], process, sizeof(process) - 1) > 0);
	close(pipes[0]);
	close(pipes[1]);
	assert_true(process_is_dead(process));
	hex_add(&hex, process, strlen(process));
	return str_printf("%s/backstay-lock-%s-0", f->dir, buf_str(&hex));
}

static void put(const char *path)
{
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, "left", 4, &err), err);
}

static void a_dead_runs_lock_is_taken_away(void **state)
{
	struct fixture *f = *state;
	autofree char *proof = dead_proof(f);

	put(proof);
	assert_int_equal(link(proof, f->lock), 0);
	acquire(f);
	assert_false(file_exists(proof));
	assert_int_equal(proofs(f), 1);
	/* It is a new one. */
	assert_text(f->lock, "");
}

/* Whose it is, nobody knows. */
static void a_lock_of_gits_own_is_not(void **state)
{
	struct fixture *f = *state;
	autofree char *proof = dead_proof(f);
	struct err err;

	put(f->lock);
	/* That of a run that left another lock says nothing of this one. */
	put(proof);
	assert_fails(
	    ref_lock_acquire(&f->l, f->dir, f->file, &err), err, ERR_LOCKED);
	assert_text(f->lock, "left");
	assert_true(file_exists(proof));
}

static void a_living_runs_lock_is_not(void **state)
{
	struct fixture *f = *state;
	struct ref_lock second = REF_LOCK_INIT;
	struct err err;

	acquire(f);
	ref_lock_tidy(f->dir);
	assert_int_equal(proofs(f), 1);
	assert_fails(
	    ref_lock_acquire(&second, f->dir, f->file, &err), err, ERR_LOCKED);
	ref_lock_done(&second);
	assert_true(file_exists(f->lock));
}

static void names_that_lock_nothing_are_tidied(void **state)
{
	struct fixture *f = *state;
	autofree char *lone = dead_proof(f);
	autofree char *held = dead_proof(f);
	struct err err = ERR_INIT;

	put(lone);
	put(held);
	assert_int_equal(link(held, f->lock), 0);
	ref_lock_tidy(f->dir);
	assert_false(file_exists(lone));
	/* It still tells whose the lock is. */
	assert_true(file_exists(held));
	assert_true(file_exists(f->lock));
	/* Killed just after the lock had become the file. */
	assert_int_equal(rename(f->lock, f->file), 0);
	ref_lock_tidy(f->dir);
	assert_true(file_exists(held));
	assert_ok(file_write_durably(f->file, "next", 4, &err), err);
	ref_lock_tidy(f->dir);
	assert_false(file_exists(held));
	ref_lock_tidy("/nonexistent");
}

static void other_names_are_left_alone(void **state)
{
	static const char *const names[] = {"backstay-lock-",
	    "backstay-lock--0", "backstay-lock-zz-0", "backstay-lock-abc-0",
	    "backstay-lock-00-0", "backstay-lock", "HEAD"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *path = file_join(f->dir, names[i]);
		put(path);
	}
	ref_lock_tidy(f->dir);
	acquire(f);
	ref_lock_done(&f->l);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *path = file_join(f->dir, names[i]);
		if (!file_exists(path))
			fail_msg("%s is gone", names[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_written_becomes_the_file),
	    TEST(what_is_given_back_leaves_the_file),
	    TEST(who_comes_second_is_told),
	    TEST(one_process_may_hold_many),
	    TEST(a_file_whose_folder_is_not_there_cannot_be_locked),
	    TEST(what_cannot_be_put_in_place_is_told),
	    TEST(a_dead_runs_lock_is_taken_away),
	    TEST(a_lock_of_gits_own_is_not),
	    TEST(a_living_runs_lock_is_not),
	    TEST(names_that_lock_nothing_are_tidied),
	    TEST(other_names_are_left_alone),
	};

	return cmocka_run_group_tests_name("ref_lock", tests, NULL, NULL);
}
