#include "storage/vault/tidy.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/vault/remains.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>
#include <string.h>

/* Another agent's upload in the making, in the same bucket, whose name begins
 * with ours. */
static void what_dead_runs_left_goes_and_nothing_of_others(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = f->s.t->real;
	enum { LARGE = 24 << 20 };
	autofree char *large = mem_zalloc(LARGE);
	struct sink *dead =
	    vault_put(v, "prod-20200101T000000Z.tar.zst.age", &err);
	cleanup(sink_freep) struct sink *alive =
	    vault_put(v, "prod-eu-20200101T000000Z.tar.zst.age", &err);

	assert_non_null(dead);
	assert_non_null(alive);
	assert_ok(sink_write(dead, large, LARGE, &err), err);
	assert_ok(sink_write(alive, large, LARGE, &err), err);
	assert_ok(vault_put_small(v, "prod-20200102T000000Z.tar.zst.age", "x",
		      1, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(vault_put_small(v, "prod-20200103T000000Z.tar.zst.age", "x",
		      1, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(
	    vault_put_small(v, "prod-20200103T000000Z.manifest.json.minisig",
		"x", 1, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(vault_put_small(v, "prod-eu-20200102T000000Z.tar.zst.age",
		      "x", 1, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(remains_note(v, "prod-20200102T000000Z", &err), err);
	assert_ok(remains_note(v, "prod-20200103T000000Z", &err), err);
	assert_ok(remains_note(v, "prod-eu-20200102T000000Z", &err), err);
	free(test_snapshot_make(f, "prod"));
	/* What is gone is known of no more: the next of that label may be a
	 * copy. */
	assert_false(remains_known(v, "prod-20200102T000000Z"));
	assert_true(remains_known(v, "prod-20200103T000000Z"));
	assert_true(remains_known(v, "prod-eu-20200102T000000Z"));
	/* Ours are gone: the upload cannot be ended any more. */
	assert_int_not_equal(sink_finish(dead, &err), 0);
	sink_free(dead);
	assert_int_equal(
	    test_vault_count(f->s.t, "prod-20200102T000000Z.tar.zst.age"), 0);
	/* Of this one the manifest may come back. */
	assert_int_equal(test_vault_count(f->s.t, "prod-20200103T000000Z"
						  ".tar.zst.age"),
	    1);
	assert_int_equal(
	    test_vault_count(f->s.t, "20200103T000000Z.manifest.json.minisig"),
	    1);
	/* Theirs are untouched. */
	err = (struct err)ERR_INIT;
	assert_ok(sink_finish(alive, &err), err);
	assert_int_equal(test_vault_count(f->s.t, ".tar.zst.age"), 4);
}

static void what_a_dead_prune_left_goes_with_the_next_run(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", a);
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	test_snapshot_first(f, &list, NULL, &m);
	f->s.t->kept = archive;
	assert_fails(snapshot_remove(&f->s.t->vault, &list.items[0], &m, &err),
	    err, ERR_DENIED);
	manifest_done(&m);
	assert_true(remains_known(f->s.t->real, a));
	/* One that the store keeps does no harm. */
	free(test_snapshot_make(f, "prod"));
	assert_int_equal(test_vault_count(f->s.t, archive), 1);
	f->s.t->kept = NULL;
	free(test_snapshot_make(f, "prod"));
	assert_int_equal(test_vault_count(f->s.t, archive), 0);
	assert_false(remains_known(f->s.t->real, a));
	assert_int_equal(test_snapshot_listed(f, "prod"), 2);
}

/* The archive might be one that the store keeps. */
static void what_cannot_be_asked_about_stays_whole(struct fixture *f)
{
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	size_t objects = test_vault_count(f->s.t, "");
	f->s.t->unread = ".tar.zst.age";
	f->s.t->unread_code = ERR_NETWORK;
	f->s.t->unread_times = 1;
	assert_fails(test_snapshot_remove_first(f, &err), err, ERR_NETWORK);
	assert_int_equal(test_vault_count(f->s.t, ""), objects);
	assert_int_equal(test_snapshot_listed(f, "prod"), 1);
	err = (struct err)ERR_INIT;
	assert_ok(test_snapshot_remove_first(f, &err), err);
	assert_int_equal(test_snapshot_listed(f, "prod"), 0);
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_dead_runs_left_goes_and_nothing_of_others),
	    TEST_ON_VAULTS(what_a_dead_prune_left_goes_with_the_next_run),
	    TEST_ON_VAULTS(what_cannot_be_asked_about_stays_whole),
	};

	return cmocka_run_group_tests_name(
	    "tidy", tests, test_vaults_start, test_vaults_stop);
}
