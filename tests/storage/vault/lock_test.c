/* One run at a time, in a directory and in a bucket of a real S3 server. */
#include "storage/vault/lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/pool.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STALE_S = 1800 };

struct fixture {
	struct test_vault *t;
	struct vault *vault;
	struct test_clock clock;
	struct test_random random;
	struct vault_lock_options o;
};

static void setup(struct fixture *f, int kind)
{
	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	f->vault = &f->t->vault;
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 3);
	f->o = (struct vault_lock_options){.holder = "one",
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .stale_s = STALE_S,
	    .beat_s = -1};
}

static void teardown(struct fixture *f)
{
	test_vault_free(f->t);
}

/* What lies in the vault is that much older by the store's clock. */
static void age_by(struct fixture *f, int64_t seconds)
{
	f->t->passed_s += seconds;
}

static void one_at_a_time(struct fixture *f)
{
	struct err err = ERR_INIT;

	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	assert_int_equal(err.code, ERR_LOCKED);
	assert_contains(err.message, "locked by one since");
	struct vault_lock *other =
	    vault_lock_acquire(f->vault, "test", &f->o, &err);
	assert_non_null(other);
	vault_lock_free(other);
	assert_ok(vault_lock_renew(l, &err), err);
	assert_ok(vault_lock_check(l, &err), err);
	vault_lock_free(l);
	assert_int_equal(test_vault_count(f->t, ""), 0);
	l = vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	vault_lock_free(l);
}

static void dead_only_by_both_clocks(struct fixture *f)
{
	struct err err = ERR_INIT;

	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	f->clock.now_ms += (STALE_S + 60) * 1000;
	assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	f->clock.now_ms -= (STALE_S + 60) * 1000;
	age_by(f, STALE_S + 60);
	assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	f->clock.now_ms += (STALE_S + 60) * 1000;
	struct vault_lock *taker =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(taker);
	/* The first one wakes up, and finds out. */
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	assert_fails(vault_lock_renew(l, &err), err, ERR_LOCKED);
	assert_ok(vault_lock_check(taker, &err), err);
	vault_lock_free(taker);
	vault_lock_free(l);
}

/* Whoever may write to the vault may write a lock: with a sign of life that is
 * still to come, or a number after which there is none. It holds for as long as
 * any other. */
static void a_forged_lock_does_not_hold_for_ever(struct fixture *f)
{
	static const char *const names[] = {"prod.lock-000007-00000003",
	    "prod.lock-999999-00000000", "prod.lock-999999-99999999"};
	static const char text[] =
	    "{\"holder\":\"x\",\"id\":\"0\",\"renewed\":253402300799}";
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++)
		assert_ok(vault_put_small(f->vault, names[i], text,
			      sizeof(text) - 1, VAULT_RETAIN_NONE, &err),
		    err);
	assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	assert_int_equal(err.code, ERR_LOCKED);
	age_by(f, STALE_S + 60);
	f->clock.now_ms += (STALE_S + 60) * 1000;
	err = (struct err)ERR_INIT;
	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_ok(l == NULL, err);
	assert_ok(vault_lock_renew(l, &err), err);
	assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	vault_lock_free(l);
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

static void a_taker_that_has_ended_is_found_out_too(struct fixture *f)
{
	struct err err = ERR_INIT;

	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	age_by(f, STALE_S + 60);
	f->clock.now_ms += (STALE_S + 60) * 1000;
	struct vault_lock *taker =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(taker);
	vault_lock_free(taker);
	assert_fails(vault_lock_renew(l, &err), err, ERR_LOCKED);
	struct vault_lock *third =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(third);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	assert_ok(vault_lock_check(third, &err), err);
	vault_lock_free(third);
	vault_lock_free(l);
}

static void the_operator_can_look_and_break(struct fixture *f)
{
	struct err err = ERR_INIT;
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};

	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	assert_ok(vault_lock_show(f->vault, "prod", &f->o, &info, &err), err);
	assert_true(info.held);
	assert_false(info.stale);
	assert_string_equal(info.holder, "one");
	assert_int_equal(vault_lock_break(f->vault, "prod", &err), 1);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	vault_lock_free(l);
}

/* One that is gone when it is read was given back meanwhile; what fails
 * otherwise says nothing of the kind. */
static void one_that_goes_while_it_is_read_is_looked_for_again(
    struct fixture *f)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	struct err err = ERR_INIT;

	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	f->t->unread = "";
	f->t->unread_code = ERR_NOT_FOUND;
	f->t->unread_times = 2;
	assert_ok(vault_lock_show(f->vault, "prod", &f->o, &info, &err), err);
	assert_true(info.held);
	f->t->unread_code = ERR_NETWORK;
	f->t->unread_times = 1;
	assert_fails(vault_lock_check(l, &err), err, ERR_NETWORK);
	assert_int_equal(f->t->unread_times, 0);
	vault_lock_free(l);
}

/* The lock of a later run has the numbers of the one that stood still. */
static void a_later_lock_of_the_same_numbers_is_not_ours(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);

	assert_non_null(l);
	age_by(f, STALE_S + 60);
	f->clock.now_ms += (STALE_S + 60) * 1000;
	vault_lock_free(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	struct vault_lock *third =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(third);
	assert_int_equal(test_vault_count(f->t, ".lock-000001-00000000"), 1);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	vault_lock_free(l); /* and leaves the other's where it is */
	assert_ok(vault_lock_check(third, &err), err);
	vault_lock_free(third);
}

/* A run stands still for 45 minutes of the store's time, with another that
 * tries each minute. */
static void who_stands_still_for_45_minutes_has_lost_it(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	struct vault_lock *taker = NULL;
	int taken_at = 0;

	assert_non_null(l);
	for (int minute = 1; minute <= 45; minute++) {
		struct err busy = ERR_INIT;
		age_by(f, 60);
		f->clock.now_ms += 60 * 1000;
		struct vault_lock *one =
		    vault_lock_acquire(f->vault, "prod", &f->o, &busy);
		if (!one) {
			assert_int_equal(busy.code, ERR_LOCKED);
			/* The taker goes on with its work, beat by beat. */
			if (taker && minute % 5 == 0)
				assert_ok(vault_lock_renew(taker, &err), err);
			continue;
		}
		assert_null(taker);
		taker = one;
		taken_at = minute;
	}
	printf("# %s: taken over after %d minutes, with 30 allowed\n",
	    f->t->kind, taken_at);
	assert_int_equal(taken_at, 31);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	assert_fails(vault_lock_renew(l, &err), err, ERR_LOCKED);
	assert_ok(vault_lock_check(taker, &err), err);
	vault_lock_free(l);
	assert_ok(vault_lock_check(taker, &err), err);
	vault_lock_free(taker);
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

enum { RACERS = 8, ROUNDS = 10 };

struct race {
	struct fixture *f;
	struct vault_lock *locks[RACERS];
	atomic_int odd; /* failures that are not ERR_LOCKED */
};

static void race_one(void *ctx, size_t i)
{
	struct race *r = ctx;
	struct test_random random;
	struct vault_lock_options o = r->f->o;
	struct err err = ERR_INIT;

	test_random_init(&random, i + 1);
	o.random = &random.random;
	r->locks[i] = vault_lock_acquire(r->f->t->real, "prod", &o, &err);
	if (!r->locks[i] && err.code != ERR_LOCKED)
		atomic_fetch_add(&r->odd, 1);
}

static void of_many_at_once_one_gets_it(struct fixture *f)
{
	int won = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct race r = {.f = f};
		int winners = 0;
		pool_each(RACERS, RACERS, race_one, &r);
		for (int i = 0; i < RACERS; i++)
			winners += r.locks[i] != NULL;
		for (int i = 0; i < RACERS; i++)
			vault_lock_free(r.locks[i]);
		assert_int_equal(r.odd, 0);
		assert_int_equal(winners, 1);
		won++;
	}
	printf("# %s: %d of %d races of %d runs had one winner\n", f->t->kind,
	    won, ROUNDS, RACERS);
}

/* A beat may be there although its writing seemed to fail. */
static void a_beat_that_arrived_after_all_is_known_again(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->t->put_fails = ".lock-000001-00000000";
	f->t->stored = true;
	assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	assert_int_equal(test_vault_count(f->t, ""), 0);
	f->t->put_fails = ".lock-000001-00000001";
	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	assert_fails(vault_lock_renew(l, &err), err, ERR_NETWORK);
	assert_ok(vault_lock_check(l, &err), err);
	assert_ok(vault_lock_renew(l, &err), err);
	vault_lock_free(l);
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

/* "prod.lock-old" is a name for snapshots, too. */
static void breaking_a_lock_removes_nothing_else(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);

	assert_ok(vault_put_small(f->vault,
		      "prod.lock-old-20260101T000000Z.manifest.json", "{}", 2,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_int_equal(vault_lock_break(f->vault, "prod", &err), 1);
	assert_int_equal(test_vault_count(f->t, ".manifest.json"), 1);
	/* The next one's numbers are ours. */
	struct vault_lock *next =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(next);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	vault_lock_free(l);
	assert_ok(vault_lock_check(next, &err), err);
	vault_lock_free(next);
}

/* A live run is never dead, however short a time its operator has set. */
static void it_is_renewed_well_before_it_would_be_dead(struct fixture *f)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	struct err err = ERR_INIT;

	/* Not the front: two threads use the vault here. */
	struct vault *v = f->t->real;

	f->o.stale_s = 18;
	f->o.beat_s = 0;
	f->o.clock = clock_system();
	struct vault_lock *l = vault_lock_acquire(v, "prod", &f->o, &err);
	assert_non_null(l);
	do {
		clock_sleep_ms(clock_system(), 100);
		vault_lock_info_done(&info);
		assert_ok(vault_lock_show(v, "prod", &f->o, &info, &err), err);
		assert_false(info.stale);
	} while (info.renewed == info.taken);
	vault_lock_free(l);
}

/* Credentials that may only add: one run after another, and never two. */
static void it_is_given_back_where_nothing_may_be_removed(struct fixture *f)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	struct err err = ERR_INIT;

	f->t->kept = "";
	for (int run = 0; run < 3; run++) {
		struct err busy = ERR_INIT;
		struct vault_lock *l =
		    vault_lock_acquire(f->vault, "prod", &f->o, &err);
		assert_non_null(l);
		assert_null(vault_lock_acquire(f->vault, "prod", &f->o, &busy));
		assert_int_equal(busy.code, ERR_LOCKED);
		assert_ok(vault_lock_renew(l, &err), err);
		assert_int_equal(vault_lock_release(l, &err), 1);
		assert_int_equal(err.code, ERR_DENIED);
		assert_int_equal(vault_lock_release(l, &err), 0); /* once */
		vault_lock_free(l);
		assert_ok(
		    vault_lock_show(f->vault, "prod", &f->o, &info, &err), err);
		assert_false(info.held);
	}
	/* An operator ends one, and who holds it finds out. */
	struct vault_lock *l =
	    vault_lock_acquire(f->vault, "prod", &f->o, &err);
	assert_non_null(l);
	assert_int_equal(vault_lock_break(f->vault, "prod", &err), 0);
	assert_fails(vault_lock_renew(l, &err), err, ERR_LOCKED);
	vault_lock_free(l);
	/* Who may remove them removes them all. */
	f->t->kept = NULL;
	vault_lock_free(vault_lock_acquire(f->vault, "prod", &f->o, &err));
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(one_at_a_time),
	    TEST_ON_VAULTS(dead_only_by_both_clocks),
	    TEST_ON_VAULTS(a_forged_lock_does_not_hold_for_ever),
	    TEST_ON_VAULTS(a_taker_that_has_ended_is_found_out_too),
	    TEST_ON_VAULTS(a_later_lock_of_the_same_numbers_is_not_ours),
	    TEST_ON_VAULTS(who_stands_still_for_45_minutes_has_lost_it),
	    TEST_ON_VAULTS(of_many_at_once_one_gets_it),
	    TEST_ON_VAULTS(the_operator_can_look_and_break),
	    TEST_ON_VAULTS(one_that_goes_while_it_is_read_is_looked_for_again),
	    TEST_ON_VAULTS(a_beat_that_arrived_after_all_is_known_again),
	    TEST_ON_VAULTS(breaking_a_lock_removes_nothing_else),
	    TEST_ON_VAULTS(it_is_given_back_where_nothing_may_be_removed),
	    TEST_ON_VAULTS(it_is_renewed_well_before_it_would_be_dead),
	};

	return cmocka_run_group_tests_name(
	    "lock", tests, test_vaults_start, test_vaults_stop);
}
