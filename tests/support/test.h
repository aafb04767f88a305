/*
 * What every unit test includes: cmocka with the headers it wants first, the
 * project's error value, and a clock and a randomness that a test steers.
 */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/random.h"

/* The call succeeds; its error is shown where it does not. */
#define assert_ok(call, err)                                                   \
	do {                                                                   \
		if ((call) != 0)                                               \
			fail_msg("%s: %s", #call, (err).message);              \
	} while (0)

/* The call fails with that code. */
#define assert_fails(call, err, expected)                                      \
	do {                                                                   \
		(err) = (struct err)ERR_INIT;                                  \
		assert_int_not_equal((call), 0);                               \
		if ((err).code != (expected))                                  \
			fail_msg("%s: code %d: %s", #call, (err).code,         \
			    (err).message);                                    \
	} while (0)

#define assert_contains(text, part)                                            \
	do {                                                                   \
		if (!strstr((text), (part)))                                   \
			fail_msg("no '%s' in '%s'", (part), (text));           \
	} while (0)

/* The value of a text that is JSON, else the test fails; the caller's. */
struct json_object;
struct json_object *test_json(const char *text);
/* That a value is written, without white space, as that text. */
void assert_json(const struct json_object *j, const char *expected);

/* A clock that stands still until it is slept on or set, by any thread. */
struct test_clock {
	struct clock clock;
	_Atomic int64_t now_ms;
};
void test_clock_init(struct test_clock *c, int64_t now_ms);

/* A seeded xorshift, the same bytes in every run. */
struct test_random {
	struct random random;
	uint64_t state;
};
void test_random_init(struct test_random *r, uint64_t seed);

/* A directory under $TMPDIR, made anew; test_dir_remove takes it away. */
char *test_dir_make(void);
void test_dir_remove(char *path);
/* A test's setup and teardown: *state is such a directory. */
int test_dir_setup(void **state);
int test_dir_teardown(void **state);

/* A `take` of pieces.h, which appends to the buf at ctx. */
void test_take(void *ctx, const char *text, size_t len);

/* What fn writes to standard error, which is no terminal meanwhile; the
 * caller's. */
char *test_stderr_of(void (*fn)(void));

#endif
