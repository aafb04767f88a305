#include "restore/run/throttle.h"

#include "tests/support/test.h"

/* Requests that end well, one after the other. */
static void answer(struct throttle *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		throttle_enter(t);
		throttle_leave(t, true);
	}
}

static void a_burst_of_refusals_halves_the_limit_once(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 16);
	throttle_ease(&t, 1000);
	throttle_ease(&t, 1100);
	throttle_ease(&t, 1499);
	assert_int_equal(t.limit, 8);
	throttle_ease(&t, 1500);
	assert_int_equal(t.limit, 4);
	throttle_done(&t);
}

static void the_limit_never_reaches_zero(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 3);
	for (int64_t i = 0; i < 10; i++)
		throttle_ease(&t, i * 1000);
	assert_int_equal(t.limit, 1);
	answer(&t, 1);
	assert_int_equal(t.active, 0);
	throttle_done(&t);
}

static void answers_raise_the_limit_to_the_most(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 4);
	throttle_ease(&t, 0);
	assert_int_equal(t.limit, 2);
	answer(&t, 7);
	assert_int_equal(t.limit, 2);
	answer(&t, 1);
	assert_int_equal(t.limit, 3);
	answer(&t, 12 + 100);
	assert_int_equal(t.limit, 4);
	throttle_done(&t);
}

static void a_failure_raises_nothing(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 4);
	throttle_ease(&t, 0);
	for (int i = 0; i < 100; i++) {
		throttle_enter(&t);
		throttle_leave(&t, false);
	}
	assert_int_equal(t.limit, 2);
	throttle_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burst_of_refusals_halves_the_limit_once),
	    cmocka_unit_test(the_limit_never_reaches_zero),
	    cmocka_unit_test(answers_raise_the_limit_to_the_most),
	    cmocka_unit_test(a_failure_raises_nothing),
	};

	return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
