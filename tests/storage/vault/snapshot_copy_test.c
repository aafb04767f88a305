#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/vault/lock.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>
#include <string.h>

static int copy_first(struct fixture *f, struct test_vault *to, struct err *err)
{
	const struct vault_lock_options lock_options = {.holder = "a copy",
	    .clock = &f->s.clock.clock,
	    .random = &f->s.random.random,
	    .beat_s = -1};
	cleanup(vault_lock_freep) struct vault_lock *lock =
	    vault_lock_acquire(&to->vault, "prod", &lock_options, err);
	autofree char *scratch = test_dir_make();
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	const struct snapshot_open_options o = {
	    .trust = &f->s.trust, .scratch = scratch};
	const struct snapshot_copy_to target = {
	    .vault = &to->vault, .lock = lock};

	assert_non_null(lock);
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, err), *err);
	int result =
	    snapshot_copy(f->s.t->real, &list.items[0], &o, &target, err);
	test_dir_remove(steal(scratch));
	return result;
}

static void a_copy_that_was_interrupted_is_made_again(struct fixture *f)
{
	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	struct test_vault *to = test_vault_open(0);
	struct err err = ERR_INIT;

	assert_ok(vault_put_small(to->real, archive, TEST_SNAPSHOT_CONTENT, 5,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(copy_first(f, to, &err), err);
	assert_int_equal(test_vault_count(to, ""), 3);
	assert_int_equal(copy_first(f, to, &err), 1);
	assert_int_equal(test_vault_count(to, ""), 3);
	test_vault_free(to);
}

static void a_copy_takes_for_there_what_is_the_same_and_whole(struct fixture *f)
{
	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	autofree char *manifest = str_printf("%s.manifest.json", label);
	struct test_vault *to = test_vault_open(0);
	struct err err = ERR_INIT;

	assert_ok(copy_first(f, to, &err), err);
	assert_ok(vault_remove(to->real, archive, &err), err);
	assert_fails(copy_first(f, to, &err), err, ERR_INTEGRITY);
	assert_ok(vault_remove(to->real, manifest, &err), err);
	assert_ok(vault_put_small(
		      to->real, manifest, "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
	assert_fails(copy_first(f, to, &err), err, ERR_EXISTS);
	test_vault_free(to);
}

static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

/* That the store shows neither manifest nor signature, it may do of a good
 * snapshot. */
static void a_copy_keeps_the_archive_that_is_there(struct fixture *f)
{
	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	struct test_vault *to = test_vault_open(0);
	struct err err = ERR_INIT;
	unsigned written = 0;

	assert_ok(vault_put_small(to->real, archive, TEST_SNAPSHOT_CONTENT,
		      strlen(TEST_SNAPSHOT_CONTENT), VAULT_RETAIN_NONE, &err),
	    err);
	to->before = ".tar.zst.age";
	to->call = count;
	to->ctx = &written;
	/* Nor does a failure take it away. */
	to->put_fails = ".manifest.json";
	assert_int_equal(copy_first(f, to, &err), -1);
	assert_int_equal(test_vault_count(to, ".tar.zst.age"), 1);
	to->put_fails = NULL;
	assert_ok(copy_first(f, to, &err), err);
	assert_int_equal(test_vault_count(to, ""), 3);
	assert_int_equal(written, 0);
	test_vault_free(to);
}

static void break_lock(void *ctx)
{
	struct test_vault *to = ctx;
	struct err err = ERR_INIT;

	assert_int_equal(vault_lock_break(to->real, "prod", &err) > 0, true);
}

static void remove_archives(void *ctx)
{
	struct test_vault *to = ctx;
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(vault_list(to->real, "prod-", &items, &err), err);
	VEC_EACH (&items, item)
		if (str_ends(item->name, ".age"))
			assert_ok(
			    vault_remove(to->real, item->name, &err), err);
}

static void a_copy_that_stood_still_makes_no_snapshot(struct fixture *f)
{
	static const struct {
		const char *before;
		void (*call)(void *to);
		size_t left;
	} cases[] = {
	    /* Whoever has the lock now has what lies there. */
	    {".age", break_lock, 1},
	    {".manifest.json", remove_archives, 0},
	};

	free(test_snapshot_make(f, "prod"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_vault *to = test_vault_open(f->s.t->kind[0] == 'S');
		struct err err = ERR_INIT;

		to->before = cases[i].before;
		to->call = cases[i].call;
		to->ctx = to;
		assert_fails(copy_first(f, to, &err), err, ERR_LOCKED);
		assert_int_equal(test_vault_count(to, ""), cases[i].left);
		test_vault_free(to);
	}
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(a_copy_that_was_interrupted_is_made_again),
	    TEST_ON_VAULTS(a_copy_takes_for_there_what_is_the_same_and_whole),
	    TEST_ON_VAULTS(a_copy_keeps_the_archive_that_is_there),
	    TEST_ON_VAULTS(a_copy_that_stood_still_makes_no_snapshot),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_copy", tests, test_vaults_start, test_vaults_stop);
}
