#include "storage/vault/probe.h"

#include "storage/vault/lock.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <string.h>

struct fixture {
	struct test_vault *t;
	struct test_clock clock;
	struct test_random random;
	bool keeps;
	struct err err;
};

static void setup(struct fixture *f, int kind)
{
	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 5);
}

static void teardown(struct fixture *f)
{
	test_vault_free(f->t);
}

TEST_VAULT_RUNNER(setup, teardown)

static int try(struct fixture *f)
{
	f->keeps = false;
	f->err = (struct err)ERR_INIT;
	return probe_try(&f->t->vault, "prod", &f->clock.clock,
	    &f->random.random, &f->keeps, &f->err);
}

static int tidy(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	return probe_tidy(
	    &f->t->vault, "prod", &f->clock.clock, &f->random.random, &f->err);
}

static struct vault_lock *hold(struct fixture *f, const char *name)
{
	const struct vault_lock_options o = {.holder = "another",
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .beat_s = -1};
	struct vault_lock *l =
	    vault_lock_acquire(&f->t->vault, name, &o, &f->err);

	assert_non_null(l);
	return l;
}

static void a_vault_that_lets_all_keeps_nothing(struct fixture *f)
{
	if (try(f))
		fail_msg("%s", f->err.message);
	assert_false(f->keeps);
	assert_int_equal(test_vault_count(f->t, ""), 0);
	assert_int_equal(tidy(f), 0);
}

/* Neither a run nor another probe is kept out, nor keeps one out. */
static void a_run_and_a_probe_do_not_meet(struct fixture *f)
{
	struct vault_lock *run = hold(f, "prod");

	assert_int_equal(try(f), 0);
	struct vault_lock *probe = hold(f, "prod.check");
	size_t before = test_vault_count(f->t, "");
	assert_int_equal(try(f), 0);
	assert_int_equal(f->err.code, ERR_NONE);
	assert_int_equal(tidy(f), 0);
	assert_int_equal(test_vault_count(f->t, ""), before);
	vault_lock_free(probe);
	vault_lock_free(run);
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

/* What may be removed later is removed then, and nothing of others. */
static void what_may_not_be_removed_stays_until_somebody_may(struct fixture *f)
{
	static const char other[] = "prod.checks.lock-x";

	f->t->kept = "";
	assert_int_equal(try(f), 0);
	assert_true(f->keeps);
	size_t left = test_vault_count(f->t, "");
	assert_true(left > 0);
	assert_int_equal(tidy(f), 0);
	assert_true(test_vault_count(f->t, "") >= left);
	f->t->kept = NULL;
	assert_int_equal(vault_put_small(f->t->real, other, "x", 1,
			     VAULT_RETAIN_NONE, &f->err),
	    0);
	if (tidy(f))
		fail_msg("%s", f->err.message);
	assert_int_equal(test_vault_count(f->t, ""), 1);
	assert_int_equal(test_vault_count(f->t, other), 1);
}

static void what_is_not_let_says_so(struct fixture *f)
{
	f->t->put_fails = "";
	assert_int_equal(try(f), -1);
	assert_int_equal(f->err.code, ERR_NETWORK);
	f->t->put_fails = NULL;
	f->t->list_fails = true;
	assert_int_equal(try(f), -1);
	assert_int_equal(f->err.code, ERR_NETWORK);
	assert_int_equal(tidy(f), -1);
	assert_int_equal(f->err.code, ERR_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(a_vault_that_lets_all_keeps_nothing),
	    TEST_ON_VAULTS(a_run_and_a_probe_do_not_meet),
	    TEST_ON_VAULTS(what_may_not_be_removed_stays_until_somebody_may),
	    TEST_ON_VAULTS(what_is_not_let_says_so),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
