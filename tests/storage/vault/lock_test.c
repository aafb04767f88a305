#include "storage/vault/lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/vault/vault_dir.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STALE_S = 1800 };

struct fixture {
	char *dir;
	struct vault *vault;
	struct test_clock clock;
	struct vault_lock_options o;
};

static void setup(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	f->vault = vault_dir_open(f->dir, false, &err);
	assert_non_null(f->vault);
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	f->o = (struct vault_lock_options){.holder = "one",
	    .clock = &f->clock.clock,
	    .stale_s = STALE_S,
	    .beat_s = -1};
}

static void teardown(struct fixture *f)
{
	vault_free(f->vault);
	test_dir_remove(f->dir);
}

/* What lies in the vault is that much older by the store's clock. */
static void age_by(struct fixture *f, int64_t seconds)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(f->dir, &names, &err), err);
	VEC_EACH (&names, name) {
		autofree char *path = file_join(f->dir, *name);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		struct timespec times[2] = {st.st_atim, st.st_mtim};
		times[1].tv_sec -= (time_t)seconds;
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	}
}

static void one_at_a_time(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	(void)state;
	setup(&f);
	struct vault_lock *l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	assert_null(vault_lock_take(f.vault, "prod", &f.o, &err));
	assert_int_equal(err.code, ERR_LOCKED);
	assert_contains(err.message, "locked by one since");
	struct vault_lock *other = vault_lock_take(f.vault, "test", &f.o, &err);
	assert_non_null(other);
	vault_lock_free(other);
	assert_ok(vault_lock_renew(l, &err), err);
	assert_ok(vault_lock_check(l, &err), err);
	vault_lock_free(l);
	assert_ok(file_list_dir(f.dir, &names, &err), err);
	assert_int_equal(names.len, 0);
	l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	vault_lock_free(l);
	teardown(&f);
}

static void dead_only_by_both_clocks(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f);
	struct vault_lock *l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	f.clock.now_ms += (STALE_S + 60) * 1000;
	assert_null(vault_lock_take(f.vault, "prod", &f.o, &err));
	f.clock.now_ms -= (STALE_S + 60) * 1000;
	age_by(&f, STALE_S + 60);
	assert_null(vault_lock_take(f.vault, "prod", &f.o, &err));
	f.clock.now_ms += (STALE_S + 60) * 1000;
	struct vault_lock *taker = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(taker);
	/* The first one wakes up, and finds out. */
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	assert_fails(vault_lock_renew(l, &err), err, ERR_LOCKED);
	assert_ok(vault_lock_check(taker, &err), err);
	vault_lock_free(taker);
	vault_lock_free(l);
	teardown(&f);
}

static void a_taker_that_has_ended_is_found_out_too(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f);
	struct vault_lock *l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	age_by(&f, STALE_S + 60);
	f.clock.now_ms += (STALE_S + 60) * 1000;
	struct vault_lock *taker = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(taker);
	vault_lock_free(taker);
	assert_fails(vault_lock_renew(l, &err), err, ERR_LOCKED);
	struct vault_lock *third = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(third);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	assert_ok(vault_lock_check(third, &err), err);
	vault_lock_free(third);
	vault_lock_free(l);
	teardown(&f);
}

static void the_operator_can_look_and_break(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};

	(void)state;
	setup(&f);
	struct vault_lock *l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	assert_ok(vault_lock_show(f.vault, "prod", &f.o, &info, &err), err);
	assert_true(info.held);
	assert_false(info.stale);
	assert_string_equal(info.holder, "one");
	assert_int_equal(vault_lock_break(f.vault, "prod", &err), 1);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	vault_lock_free(l);
	teardown(&f);
}

/* After the lock was broken, or given back by who took it over, numbers begin
 * anew: another run's beat then has the number of ours. */
static void one_whose_lock_was_broken_does_not_take_the_next_for_its_own(
    void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f);
	struct vault_lock *l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	assert_int_equal(vault_lock_break(f.vault, "prod", &err), 1);
	struct vault_lock *next = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(next);
	assert_fails(vault_lock_check(l, &err), err, ERR_LOCKED);
	vault_lock_free(l);
	assert_ok(vault_lock_check(next, &err), err);
	assert_null(vault_lock_take(f.vault, "prod", &f.o, &err));
	vault_lock_free(next);
	teardown(&f);
}

/* A beat may be there although its writing seemed to fail. */
static void a_beat_that_arrived_after_all_is_known_again(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	setup(&f);
	struct vault_lock *l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	autofree char *old = file_join(f.dir, "prod.lock-000001-00000000");
	autofree char *new = file_join(f.dir, "prod.lock-000001-00000001");
	assert_int_equal(link(old, new), 0);
	assert_ok(vault_lock_check(l, &err), err);
	assert_ok(vault_lock_renew(l, &err), err);
	vault_lock_free(l);
	l = vault_lock_take(f.vault, "prod", &f.o, &err);
	assert_non_null(l);
	vault_lock_free(l);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_at_a_time),
	    cmocka_unit_test(dead_only_by_both_clocks),
	    cmocka_unit_test(a_taker_that_has_ended_is_found_out_too),
	    cmocka_unit_test(the_operator_can_look_and_break),
	    cmocka_unit_test(
		one_whose_lock_was_broken_does_not_take_the_next_for_its_own),
	    cmocka_unit_test(a_beat_that_arrived_after_all_is_known_again),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
