#include "storage/vault/snapshot_commit.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "storage/vault/lock.h"
#include "storage/vault/remains.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>

/* What a store does not give up is known to be ours until it is gone. */
static void what_could_not_be_withdrawn_is_remembered(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;

	for (int kept = 0; kept < 2; kept++) {
		struct snapshot_writer *w =
		    test_snapshot_begin(f, "prod", &v, 1, &err);
		assert_non_null(w);
		assert_ok(test_snapshot_write(w, &err), err);
		autofree char *label =
		    label_make("prod", snapshot_writer_time(w));
		assert_true(remains_known(v, label));
		f->s.t->kept = kept ? ".tar.zst.age" : NULL;
		snapshot_writer_free(w);
		assert_int_equal(remains_known(v, label), kept);
	}
}

/* Each object of a snapshot fails once, with nothing stored and with the
 * answer lost after it was. */
static void a_put_that_fails_leaves_nothing_listed(struct fixture *f)
{
	static const char *const parts[] = {
	    ".manifest.json", ".manifest.json.minisig"};
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;

	for (int i = 0; i < 4; i++) {
		f->s.t->put_fails = parts[i / 2];
		f->s.t->stored = i % 2;
		struct snapshot_writer *w =
		    test_snapshot_begin(f, "prod", &v, 1, &err);
		assert_non_null(w);
		assert_ok(test_snapshot_write(w, &err), err);
		assert_fails(
		    test_snapshot_commit(f, w, &err), err, ERR_NETWORK);
		snapshot_writer_free(w);
		assert_int_equal(test_snapshot_listed(f, "prod"), 0);
		/* Of a manifest that others may have seen, a record says that
		 * it was withdrawn. */
		size_t withdrawn = i < 2 ? (size_t)i + 1 : 2;
		assert_int_equal(
		    test_vault_count(f->s.t, ".pruned.json"), withdrawn);
		assert_int_equal(test_vault_count(f->s.t, ""), 2 * withdrawn);
	}
	/* A manifest that may be there keeps its archive. */
	f->s.t->put_fails = ".manifest.json";
	f->s.t->stored = true;
	f->s.t->kept = ".manifest.json";
	struct snapshot_writer *w = test_snapshot_begin(f, "prod", &v, 1, &err);
	assert_ok(test_snapshot_write(w, &err), err);
	assert_fails(test_snapshot_commit(f, w, &err), err, ERR_NETWORK);
	snapshot_writer_free(w);
	assert_int_equal(test_snapshot_listed(f, "prod"), 1);
}

/* The other run, which takes over while this one stands still between its last
 * look at the lock and its manifest. */
struct other_run {
	struct fixture *f;
	char *label;
};

static void run_meanwhile(void *ctx)
{
	struct other_run *o = ctx;

	struct err err = ERR_INIT;

	o->f->s.t->before = NULL;
	o->f->s.clock.now_ms += 2000;
	assert_true(vault_lock_break(&o->f->s.t->vault, "prod", &err) > 0);
	o->label = test_snapshot_make(o->f, "prod");
}

/* Whether it stood still before its signature or after it: two heads of one
 * chain would look as if somebody had forked it. */
static void one_that_stood_still_lists_nothing_broken(struct fixture *f)
{
	static const char *const before[] = {".minisig", ".manifest.json"};
	const struct vault_lock_options lock_options = {.holder = "one",
	    .clock = &f->s.clock.clock,
	    .random = &f->s.random.random,
	    .beat_s = -1};
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;
	struct other_run other = {.f = f};

	f->s.t->call = run_meanwhile;
	f->s.t->ctx = &other;
	for (int i = 0; i < 2; i++) {
		struct vault_lock *lock =
		    vault_lock_acquire(v, "prod", &lock_options, &err);
		assert_non_null(lock);
		struct snapshot_writer *w =
		    test_snapshot_begin_locked(f, "prod", &v, 1, &lock, &err);
		assert_ok(test_snapshot_write(w, &err), err);
		f->s.t->before = before[i];
		assert_fails(test_snapshot_commit(f, w, &err), err, ERR_LOCKED);
		snapshot_writer_free(w);
		vault_lock_free(lock);
		free(other.label);
		/* Those of the other runs, and no object of ours. */
		assert_int_equal(test_snapshot_listed(f, "prod"), i + 1);
		assert_int_equal(
		    test_vault_count(f->s.t, ".tar.zst.age"), i + 1);
		assert_int_equal(
		    test_vault_count(f->s.t, ".manifest.json.minisig"), i + 1);
		assert_int_equal(
		    test_vault_count(f->s.t, ".pruned.json"), i + 1);
		f->s.clock.now_ms += 2000;
	}
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_could_not_be_withdrawn_is_remembered),
	    TEST_ON_VAULTS(a_put_that_fails_leaves_nothing_listed),
	    TEST_ON_VAULTS(one_that_stood_still_lists_nothing_broken),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_commit", tests, test_vaults_start, test_vaults_stop);
}
