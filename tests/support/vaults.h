/*
 * Vaults for tests: one in a directory and one in a bucket of a real S3
 * server, behind a front that a test can make fail, or give a clock of its
 * own. The same test runs on both.
 */
#ifndef TESTS_SUPPORT_VAULTS_H
#define TESTS_SUPPORT_VAULTS_H

#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

/* A group's setup and teardown: the S3 server. */
int test_vaults_start(void **state);
int test_vaults_stop(void **state);

struct test_vault {
	struct vault vault; /* what the test works with */
	struct vault *real;
	const char *kind; /* "directory", "S3" */
	/* Seconds that have passed by the store's clock besides the real ones.
	 */
	int64_t passed_s;
	bool list_fails;
	/* A list leaves out what ends so, or names it twice. */
	const char *unlisted;
	const char *doubled;
	/* Writing an object whose name ends so fails; with `stored`, only after
	 * it was stored: the answer is lost. NULL: none does. */
	const char *put_fails;
	bool stored;
	/* A quota: no more objects than that are taken. 0: none. */
	size_t max_objects;
	/* Nothing is removed whose name ends so: the store keeps it. */
	const char *kept;
	/* Nothing is kept longer whose name ends so: the store refuses. */
	const char *not_kept;
	/* Of objects whose name ends so, the byte at flip_at is read with one
	 * bit changed. */
	const char *flips;
	uint64_t flip_at;
	/* The next so many times, what an object whose name ends so is, or has
	 * in it, is answered with that error. */
	const char *unread;
	enum err_code unread_code;
	size_t unread_times;
	/* Called before an object of such an end is put. */
	const char *before;
	void (*call)(void *ctx);
	void *ctx;
	/* Private. */
	void *s3;
	char *dir;
	VEC_DEFINE(, struct test_vault_write) writes;
};

/* A new bucket of the server; fails the test where it cannot. */
struct s3;
struct s3 *test_vaults_bucket(bool object_lock);

/* How many kinds of vault there are to test on: 2, or, where
 * BACKSTAY_TEST_VAULTS is "directory" (hundreds of runs in a row), only the one
 * that needs no server.
 */
int test_vault_kinds(void);
/* A new, empty one of kind 0 or 1; fails the test where it cannot. */
struct test_vault *test_vault_open(int kind);
void test_vault_free(struct test_vault *t);
/* How many objects it holds whose name ends so. */
size_t test_vault_count(struct test_vault *t, const char *end);

/* For a file of tests that take its `struct fixture`, which its
 * `setup(f, kind)` makes and its `teardown(f)` ends: TEST_VAULT_RUNNER(setup,
 * teardown) once, before main, and TEST_ON_VAULTS(function) for each of the
 * list. */
#define TEST_VAULT_RUNNER(setup, teardown)                                     \
	static void run_on_vaults(void **state)                                \
	{                                                                      \
		void (*test)(struct fixture *) =                               \
		    *(void (**)(struct fixture *)) * state;                    \
		for (int kind = 0; kind < test_vault_kinds(); kind++) {        \
			struct fixture f;                                      \
			setup(&f, kind);                                       \
			test(&f);                                              \
			teardown(&f);                                          \
		}                                                              \
	}
#define TEST_ON_VAULTS(function)                                               \
	{                                                                      \
		.name = #function, .test_func = run_on_vaults,                 \
		.initial_state = &(void (*[])(struct fixture *))               \
		{                                                              \
			function                                               \
		}                                                              \
	}

#endif
