/* The archive of a snapshot that was dropped, and what is recorded of it. */
#include "storage/vault/lone_archive.h"

#include "storage/base/cleanup.h"
#include "tests/support/keys.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>

static void reduce_first(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	test_snapshot_first(f, &list, NULL, &m);
	assert_ok(snapshot_reduce(&f->s.t->vault, &list.items[0], &m,
		      &f->s.trust, f->s.key, &err),
	    err);
	manifest_done(&m);
}

static size_t gathered(struct fixture *f, struct vault *v, int64_t later_s)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct lone_archives all = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(v, "prod", &list, &err), err);
	assert_ok(
	    lone_archives_gather(v, &list, &f->s.trust,
		clock_now_ms(clock_system()) / 1000 + later_s, &all, &err),
	    err);
	size_t count = all.len;
	VEC_EACH (&all, lone)
		assert_true(str_starts(lone->archive, lone->label));
	lone_archives_done(&all);
	return count;
}

static void only_the_archive_stays(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct lone_archives all = VEC_INIT;
	cleanup(strvec_done) struct strvec foreign = VEC_INIT;
	struct err err = ERR_INIT;

	autofree char *label = test_snapshot_make(f, "prod");
	test_snapshot_record(f, "full", true, true);
	reduce_first(f);
	assert_int_equal(test_snapshot_listed(f, "prod"), 0);
	assert_int_equal(test_vault_count(f->s.t, ""), 3);
	assert_int_equal(gathered(f, f->s.t->real, 0), 1);
	assert_ok(snapshot_foreign(f->s.t->real, &foreign, &err), err);
	assert_int_equal(foreign.len, 0);
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_true(snapshot_lists_lone(&list, label));
	assert_ok(lone_archives_gather(
		      f->s.t->real, &list, &f->s.trust, 0, &all, &err),
	    err);
	assert_non_null(lone_archive_of(&all, label));
	/* While there is a manifest, it does not count. */
	test_snapshot_put(f, label, ".manifest.json");
	assert_int_equal(gathered(f, f->s.t->real, 0), 0);
	assert_fails(lone_archive_remove(f->s.t->real, &all.items[0], &err),
	    err, ERR_EXISTS);
	autofree char *manifest = str_printf("%s.manifest.json", label);
	assert_ok(vault_remove(f->s.t->real, manifest, &err), err);
	assert_ok(lone_archive_remove(f->s.t->real, &all.items[0], &err), err);
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
	lone_archives_done(&all);
}

/* Who is not trusted with pruning, and who has not signed yet, says nothing. */
static void what_is_not_signed_says_nothing(struct fixture *f)
{
	cleanup(minisign_key_freep) struct minisign_key *other =
	    test_key_make(&f->s.random);
	struct err err = ERR_INIT;

	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *minisig = str_printf("%s.archive.json.minisig", label);
	assert_true(snapshot_reduce_may(&f->s.trust, f->s.key));
	assert_false(snapshot_reduce_may(&f->s.trust, other));
	assert_false(snapshot_reduce_may(&f->s.trust, NULL));
	reduce_first(f);
	vec_done(&f->s.trust.pruners);
	*vec_add(&f->s.trust.pruners) = *minisign_key_public(other);
	assert_int_equal(gathered(f, f->s.t->real, 0), 0);
	f->s.trust.pruners.items[0] = *minisign_key_public(f->s.key);
	assert_int_equal(gathered(f, f->s.t->real, 0), 1);
	assert_ok(vault_remove(f->s.t->real, minisig, &err), err);
	assert_int_equal(gathered(f, f->s.t->real, 0), 0);
}

/* What another vault says is believed after a week. */
static void a_copied_record_waits_for_a_week(struct fixture *f)
{
	struct test_vault *to = test_vault_open(0);
	struct err err = ERR_INIT;

	vault_set_id(&f->s.t->vault, "here");
	vault_set_id(to->real, "there");
	autofree char *label = test_snapshot_make(f, "prod");
	reduce_first(f);
	assert_int_equal(
	    lone_archive_copy_record(f->s.t->real, to->real, label, &err), 1);
	assert_int_equal(
	    lone_archive_copy_record(f->s.t->real, to->real, label, &err), 1);
	assert_int_equal(gathered(f, to->real, 6 * 86400), 0);
	assert_int_equal(gathered(f, to->real, 8 * 86400), 1);
	assert_ok(lone_archive_forget_record(to->real, label, &err), err);
	assert_int_equal(test_vault_count(to, ""), 0);
	assert_int_equal(
	    lone_archive_copy_record(to->real, f->s.t->real, label, &err), 0);
	test_vault_free(to);
}

/* A snapshot that is there needs no such record. */
static void a_record_beside_a_manifest_goes(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	autofree char *label = test_snapshot_make(f, "prod");
	test_snapshot_put(f, label, ".archive.json");
	test_snapshot_put(f, label, ".archive.json.minisig");
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_int_equal(
	    lone_archives_tidy(f->s.t->real, &list, &f->s.trust, &err), 2);
	assert_int_equal(test_vault_count(f->s.t, ""), 3);
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(only_the_archive_stays),
	    TEST_ON_VAULTS(what_is_not_signed_says_nothing),
	    TEST_ON_VAULTS(a_copied_record_waits_for_a_week),
	    TEST_ON_VAULTS(a_record_beside_a_manifest_goes),
	};

	return cmocka_run_group_tests_name(
	    "lone_archive", tests, test_vaults_start, test_vaults_stop);
}
