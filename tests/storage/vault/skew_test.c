#include "storage/vault/skew.h"

#include "tests/support/test.h"
#include "tests/support/vaults.h"

struct fixture {
	struct test_vault *t;
	struct test_clock clock;
};

static void setup(struct fixture *f, int kind)
{
	f->t = test_vault_open(kind);
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
}

static void teardown(struct fixture *f)
{
	test_vault_free(f->t);
}

static void it_is_how_far_the_vault_is_ahead(struct fixture *f)
{
	static const int64_t ahead_s[] = {0, 3600, -3600};
	struct err err = ERR_INIT;
	int64_t skew;

	for (size_t i = 0; i < sizeof(ahead_s) / sizeof(*ahead_s); i++) {
		f->t->passed_s = ahead_s[i];
		assert_ok(
		    skew_measure(&f->t->vault, &f->clock.clock, &skew, &err),
		    err);
		/* Whole seconds of both, and what the answer took. */
		assert_in_range(skew - ahead_s[i] + 60, 58, 120);
	}
}

static void too_much_is_refused_either_way(struct fixture *f)
{
	static const int64_t good[] = {0, SKEW_MAX_S, -SKEW_MAX_S};
	static const int64_t bad[] = {SKEW_MAX_S + 1, -SKEW_MAX_S - 1};
	struct vault *v = &f->t->vault;

	for (size_t i = 0; i < 3; i++) {
		struct err err = ERR_INIT;
		assert_ok(skew_check(v, good[i], "x", &err), err);
	}
	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		assert_fails(skew_check(v, bad[i], "all is lost", &err), err,
		    ERR_SYSTEM);
		assert_contains(err.message, vault_describe(v));
		assert_contains(err.message, "differ by 301 seconds");
		assert_contains(err.message, "all is lost");
		assert_contains(err.message, "NTP");
	}
}

static void a_time_to_come_is_one_no_skew_explains(struct fixture *f)
{
	int64_t now = f->clock.now_ms / 1000;

	assert_false(skew_in_future(&f->clock.clock, 0));
	assert_false(skew_in_future(&f->clock.clock, now + SKEW_MAX_S));
	assert_true(skew_in_future(&f->clock.clock, now + SKEW_MAX_S + 1));
}

static void nothing_is_of_a_negative_age(void **state)
{
	(void)state;
	assert_int_equal(skew_age(100, 40), 60);
	assert_int_equal(skew_age(100, 100), 0);
	assert_int_equal(skew_age(100, 101), 0);
	assert_int_equal(skew_age(0, INT64_MAX), 0);
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(it_is_how_far_the_vault_is_ahead),
	    TEST_ON_VAULTS(too_much_is_refused_either_way),
	    TEST_ON_VAULTS(a_time_to_come_is_one_no_skew_explains),
	    cmocka_unit_test(nothing_is_of_a_negative_age),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
