#include "storage/base/backoff.h"

#include "tests/support/test.h"

static void pauses_double_up_to_a_limit(void **state)
{
	struct test_clock clock;

	(void)state;
	test_clock_init(&clock, 0);
	struct backoff b = backoff_start(&clock.clock, 100, 500, 60 * 1000);
	const int64_t expected[] = {100, 300, 700, 1200, 1700};
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		assert_true(backoff_wait(&b));
		assert_int_equal(clock.now_ms, expected[i]);
	}
	backoff_reset(&b);
	assert_true(backoff_wait(&b));
	assert_int_equal(clock.now_ms, 1800);
}

static void nobody_waits_once_the_time_is_over(void **state)
{
	struct test_clock clock;
	int waits = 0;

	(void)state;
	test_clock_init(&clock, 5);
	struct backoff b = backoff_start(&clock.clock, 100, 100, 250);
	while (backoff_wait(&b))
		waits++;
	assert_int_equal(waits, 3);
	assert_true(backoff_is_over(&b));
	backoff_reset(&b); /* does not move the end */
	assert_false(backoff_wait(&b));
	assert_int_equal(clock.now_ms, 305);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pauses_double_up_to_a_limit),
	    cmocka_unit_test(nobody_waits_once_the_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
