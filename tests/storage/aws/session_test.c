/* When the keys of a session are found, kept and renewed, by a chain of
 * credentials that says what a test wrote down. The real chain is in
 * credentials_test.c and what lies beside it. */
#include "storage/aws/session.h"

#include "storage/base/cleanup.h"
#include "storage/base/pool.h"
#include "tests/support/aws.h"

#include <stdlib.h>

enum { NOW_S = TEST_AWS_NOW_MS / 1000, HOUR_S = 3600 };

struct fixture {
	struct test_aws a;
	int asked;	       /* how often the chain was */
	int64_t expires;       /* of the keys that it gives next; 0: never */
	enum err_code refuses; /* instead; 0: it does not */
};

/* The fixture of the session that is asked: it is handed nothing else. */
static struct fixture *of(struct aws *a)
{
	return a->s.env_ctx;
}

static int find(
    struct aws *a, struct aws_keys *keys, char **origin, struct err *err)
{
	struct fixture *f = of(a);
	autofree char *id = str_printf("KEY%d", ++f->asked);

	/* Also what comes before a failure is released. */
	aws_keys_set(keys, id, "HUSH", "token", f->expires);
	*origin = str_printf("source %d", f->asked);
	if (f->refuses)
		return err_set(err, f->refuses, "refused the %d.", f->asked);
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_aws_init(&f->a);
	f->a.aws = aws_open(&f->a.settings, &f->a.err);
	if (!f->a.aws)
		fail_msg("%s", f->a.err.message);
	f->a.aws->find_keys = find;
	assert_ptr_equal(of(f->a.aws), f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	test_aws_done(&f->a);
	free(f);
	return 0;
}

static void at(struct fixture *f, int64_t second)
{
	f->a.clock.now_ms = (NOW_S + second) * 1000;
}

/* The keys in force have that name, and what they were asked for with comes
 * with it. */
static void current(
    struct fixture *f, uint64_t stale, const char *id, uint64_t serial_is)
{
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	struct err err = ERR_INIT;
	uint64_t serial = 99;

	assert_ok(aws_keys_current(f->a.aws, stale, &keys, &serial, &err), err);
	assert_string_equal(keys.access_key_id, id);
	assert_string_equal(secret_reveal(keys.secret_access_key), "HUSH");
	assert_string_equal(secret_reveal(keys.session_token), "token");
	assert_int_equal(serial, serial_is);
}

static void none(struct fixture *f, uint64_t stale, const char *why)
{
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	struct err err = ERR_INIT;
	uint64_t serial = 99;

	assert_int_equal(
	    aws_keys_current(f->a.aws, stale, &keys, &serial, &err), -1);
	assert_int_equal(err.code, f->refuses);
	assert_string_equal(err.message, why);
	assert_null(keys.access_key_id);
	assert_int_equal(serial, 99);
}

static void keys_without_an_end_are_found_once(void **state)
{
	struct fixture *f = *state;

	current(f, 0, "KEY1", 1);
	at(f, 1000 * HOUR_S);
	current(f, 0, "KEY1", 1);
	assert_int_equal(f->asked, 1);
	assert_string_equal(f->a.aws->origin, "source 1");
}

static void what_was_not_found_is_looked_for_again(void **state)
{
	struct fixture *f = *state;

	f->refuses = ERR_DENIED;
	none(f, 0, "refused the 1.");
	none(f, 0, "refused the 2.");
	f->refuses = ERR_NONE;
	current(f, 0, "KEY3", 1);
}

/* Five minutes before their end, by the store's clock. */
static void keys_are_renewed_before_they_end(void **state)
{
	struct fixture *f = *state;

	f->expires = NOW_S + HOUR_S;
	current(f, 0, "KEY1", 1);
	at(f, HOUR_S - 301);
	current(f, 0, "KEY1", 1);
	f->expires = NOW_S + 2 * HOUR_S;
	at(f, HOUR_S - 300);
	current(f, 0, "KEY2", 2);
	assert_string_equal(f->a.aws->origin, "source 2");
	/* The store is ahead of us by most of an hour. */
	atomic_store(&f->a.aws->skew_ms, (HOUR_S + 1) * 1000);
	current(f, 0, "KEY3", 3);
}

/* Then those that are valid for some minutes do, and the next attempt waits
 * half a minute; but none are used that have ended. */
static void a_renewal_that_fails_is_tried_again_later(void **state)
{
	struct fixture *f = *state;

	f->expires = NOW_S + HOUR_S;
	current(f, 0, "KEY1", 1);
	f->refuses = ERR_NETWORK;
	at(f, HOUR_S - 200);
	current(f, 0, "KEY1", 1);
	current(f, 0, "KEY1", 1);
	at(f, HOUR_S - 171);
	current(f, 0, "KEY1", 1);
	assert_int_equal(f->asked, 2);
	assert_string_equal(f->a.aws->origin, "source 1");
	at(f, HOUR_S - 170);
	current(f, 0, "KEY1", 1);
	assert_int_equal(f->asked, 3);
	at(f, HOUR_S - 1);
	current(f, 0, "KEY1", 1);
	assert_int_equal(f->asked, 4);
	/* Half a minute is not waited for where there is nothing else. */
	at(f, HOUR_S);
	none(f, 0, "refused the 5.");
	none(f, 0, "refused the 6.");
	f->refuses = ERR_NONE;
	f->expires = NOW_S + 2 * HOUR_S;
	current(f, 0, "KEY7", 2);
}

static void keys_that_were_refused_are_not_given_again(void **state)
{
	struct fixture *f = *state;

	current(f, 0, "KEY1", 1);
	current(f, 1, "KEY2", 2);
	/* Somebody else has renewed them already. */
	current(f, 1, "KEY2", 2);
	assert_int_equal(f->asked, 2);
	/* Not even where they should be good for long. */
	f->refuses = ERR_DENIED;
	none(f, 2, "refused the 3.");
	none(f, 2, "refused the 4.");
	f->refuses = ERR_NONE;
	current(f, 2, "KEY5", 3);
}

enum { THREADS = 8 };

static void ask(void *ctx, size_t i)
{
	struct fixture *f = ctx;

	(void)i;
	current(f, 1, "KEY2", 2);
}

static void many_that_were_refused_renew_them_once(void **state)
{
	struct fixture *f = *state;

	current(f, 0, "KEY1", 1);
	pool_each(THREADS, 8 * THREADS, ask, f);
	assert_int_equal(f->asked, 2);
}

static void a_copy_is_the_callers(void **state)
{
	struct fixture *f = *state;
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	struct err err = ERR_INIT;
	uint64_t serial;

	assert_ok(aws_keys_current(f->a.aws, 0, &keys, &serial, &err), err);
	current(f, 1, "KEY2", 2);
	assert_string_equal(keys.access_key_id, "KEY1");
	/* The same variable takes the next ones. */
	assert_ok(aws_keys_current(f->a.aws, 0, &keys, &serial, &err), err);
	assert_string_equal(keys.access_key_id, "KEY2");
	aws_close(steal(f->a.aws));
	assert_string_equal(keys.access_key_id, "KEY2");
}

static void an_empty_variable_is_none(void **state)
{
	struct fixture *f = *state;

	test_aws_set(&f->a, "AWS_EMPTY", "");
	test_aws_set(&f->a, "AWS_FULL", "x");
	assert_null(aws_env(f->a.aws, "AWS_EMPTY"));
	assert_null(aws_env(f->a.aws, "AWS_NOWHERE"));
	assert_string_equal(aws_env(f->a.aws, "AWS_FULL"), "x");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(keys_without_an_end_are_found_once),
	    TEST(what_was_not_found_is_looked_for_again),
	    TEST(keys_are_renewed_before_they_end),
	    TEST(a_renewal_that_fails_is_tried_again_later),
	    TEST(keys_that_were_refused_are_not_given_again),
	    TEST(many_that_were_refused_renew_them_once),
	    TEST(a_copy_is_the_callers),
	    TEST(an_empty_variable_is_none),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
