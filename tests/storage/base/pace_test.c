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
	pace_begin(&p, &clock.clock, GRACE_MS);
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
	pace_begin(&p, &clock.clock, GRACE_MS);
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
	pace_begin(&p, &clock.clock, GRACE_MS);
	pace_stop(&p);
	clock.now_ms += 3600 * 1000;
	pace_go_on(&p);
	clock.now_ms += GRACE_MS;
	assert_ok(pace_check(&p, &err), err);
	clock.now_ms += 2000;
	assert_fails(pace_check(&p, &err), err, ERR_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_comes_too_slowly_is_ended_after_the_grace),
	    cmocka_unit_test(a_slow_link_is_let),
	    cmocka_unit_test(what_we_took_ourselves_does_not_count),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
