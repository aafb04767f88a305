/* When a transfer is too slow on the whole. */
#include "storage/base/pace.h"

#include "tests/support/test.h"

#include <string.h>

enum { GRACE_MS = 60000 };

static void what_comes_too_slowly_is_ended_after_the_grace(void **state)
{
	struct test_clock clock;
	struct err err = ERR_INIT;
	struct pace p;

	(void)state;
	test_clock_init(&clock, 1000);
	pace_begin(&p, &clock.clock, GRACE_MS, NULL);
	clock.now_ms += GRACE_MS;
	assert_ok(pace_check(&p, &err), err);
	/* Ten seconds more take ten times the floor. */
	for (int over = -1; over <= 1; over++) {
		p.bytes = (uint64_t)(10 * PACE_FLOOR + over);
		clock.now_ms = 1000 + GRACE_MS + 10000;
		int failed = pace_check(&p, &err);
		assert_int_equal(failed, over < 0 ? -1 : 0);
	}
	assert_int_equal(err.code, ERR_NETWORK);
	assert_contains(err.message, "10239 bytes in 70 s");
}

/* A link of twice the floor is never ended, however long it takes. */
static void a_slow_link_is_let(void **state)
{
	struct test_clock clock;
	struct err err = ERR_INIT;
	struct pace p;

	(void)state;
	test_clock_init(&clock, 1000);
	pace_begin(&p, &clock.clock, GRACE_MS, NULL);
	for (int day = 0; day < 30; day++) {
		clock.now_ms += 86400 * 1000;
		p.bytes += (uint64_t)86400 * 2 * PACE_FLOOR;
		assert_ok(pace_check(&p, &err), err);
	}
}

static void what_we_took_ourselves_does_not_count(void **state)
{
	struct test_clock clock;
	struct err err = ERR_INIT;
	struct pace p;

	(void)state;
	test_clock_init(&clock, 1000);
	pace_begin(&p, &clock.clock, GRACE_MS, NULL);
	pace_stop(&p);
	clock.now_ms += 3600 * 1000;
	pace_go_on(&p);
	clock.now_ms += GRACE_MS;
	assert_ok(pace_check(&p, &err), err);
	clock.now_ms += 2000;
	assert_fails(pace_check(&p, &err), err, ERR_NETWORK);
}

/* Each within its own grace, and all of them together for ever. */
static void many_that_drip_are_ended_together(void **state)
{
	struct pace_sum sum = {.grace_ms = 10 * GRACE_MS};
	struct test_clock clock;
	struct err err = ERR_INIT;
	struct pace p;
	int ended = 0;

	(void)state;
	test_clock_init(&clock, 1000);
	for (;; ended++) {
		pace_begin(&p, &clock.clock, GRACE_MS, &sum);
		clock.now_ms += GRACE_MS;
		p.bytes = 1;
		if (pace_check(&p, &err))
			break;
		pace_end(&p);
	}
	assert_int_equal(ended, 10);
	assert_int_equal(err.code, ERR_NETWORK);
	assert_contains(err.message, "for all requests together");
	pace_end(&p);
	/* The next is refused before it begins, one of another peer is not. */
	pace_begin(&p, &clock.clock, GRACE_MS, &sum);
	assert_fails(pace_check(&p, &err), err, ERR_NETWORK);
	pace_begin(&p, &clock.clock, GRACE_MS, NULL);
	assert_ok(pace_check(&p, &err), err);
	pace_end(&p);
}

/* Small answers, each after a second, are no drip; nor is anything without a
 * grace. */
static void many_small_answers_are_let(void **state)
{
	struct pace_sum sums[] = {{.grace_ms = GRACE_MS}, {.grace_ms = 0}};
	struct test_clock clock;
	struct err err = ERR_INIT;
	struct pace p;

	(void)state;
	test_clock_init(&clock, 1000);
	for (int i = 0; i < 100000; i++) {
		pace_begin(&p, &clock.clock, GRACE_MS, &sums[i % 2]);
		clock.now_ms += i % 2 ? GRACE_MS : 1000;
		assert_ok(pace_check(&p, &err), err);
		pace_end(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_comes_too_slowly_is_ended_after_the_grace),
	    cmocka_unit_test(a_slow_link_is_let),
	    cmocka_unit_test(what_we_took_ourselves_does_not_count),
	    cmocka_unit_test(many_that_drip_are_ended_together),
	    cmocka_unit_test(many_small_answers_are_let),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
