#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/vault/record.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>
#include <string.h>

static void nothing_but_a_record_says_what_was_pruned(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	autofree char *b = test_snapshot_make(f, "prod");
	autofree char *manifest = str_printf("%s.manifest.json", b);
	autofree char *minisig = str_printf("%s.manifest.json.minisig", b);
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	struct snapshot_drops drops = VEC_INIT;
	struct vault *v = f->s.t->real;
	struct err err = ERR_INIT;
	int64_t first = f->s.clock.now_ms / 1000;

	*vec_add(&drops) = (struct snapshot_drop){.label = a, .reason = "old"};
	assert_ok(snapshot_record_pruned(
		      v, "prod", &drops, f->s.key, &f->s.clock.clock, &err),
	    err);
	assert_ok(snapshot_record_pruned(
		      v, "prod", &drops, f->s.key, &f->s.clock.clock, &err),
	    err);
	/* That of an agent with another key is its own. */
	assert_ok(vault_put_small(v, "prod-eu-20260101T000000Z.pruned.json",
		      "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(
	    snapshot_pruned(v, "prod", &f->s.trust, &removals, NULL, &err),
	    err);
	/* That it was recorded twice makes it no younger. */
	assert_int_equal(removals.len, 1);
	assert_string_equal(removals.items[0].label, a);
	assert_int_equal(removals.items[0].recorded, first);
	assert_ptr_equal(
	    snapshot_removals_find(&removals, a), &removals.items[0]);
	assert_null(snapshot_removals_find(&removals, b));
	/* A manifest, which names the one before it, is no such record, though
	 * it is signed by the same key. */
	assert_ok(vault_read(v, manifest, 1 << 20, &text, &err), err);
	assert_ok(vault_read(v, minisig, 1 << 20, &signature, &err), err);
	assert_ok(vault_put_small(v, "prod-20260101T000000Z.pruned.json",
		      text.data, text.len, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(
	    vault_put_small(v, "prod-20260101T000000Z.pruned.json.minisig",
		signature.data, signature.len, VAULT_RETAIN_NONE, &err),
	    err);
	assert_fails(
	    snapshot_pruned(v, "prod", &f->s.trust, &removals, NULL, &err), err,
	    ERR_INTEGRITY);
	assert_contains(err.message, "signed as something else");
	vec_done(&drops);
}

/* How many records it took, and that all of it is read again. */
static size_t records_of(struct fixture *f, struct snapshot_drops *drops)
{
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	struct vault *v = f->s.t->real;
	struct err err = ERR_INIT;

	size_t before = test_vault_count(f->s.t, ".pruned.json");
	assert_ok(snapshot_record_pruned(
		      v, "prod", drops, f->s.key, &f->s.clock.clock, &err),
	    err);
	assert_ok(
	    snapshot_pruned(v, "prod", &f->s.trust, &removals, NULL, &err),
	    err);
	VEC_EACH (drops, d)
		assert_non_null(snapshot_removals_find(&removals, d->label));
	return test_vault_count(f->s.t, ".pruned.json") - before;
}

/* The size of the largest record that was written. */
static size_t largest(struct fixture *f)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t most = 0;

	assert_ok(vault_list(f->s.t->real, "prod-", &items, &err), err);
	VEC_EACH (&items, item)
		if (!strstr(item->name, ".minisig") && item->bytes > most)
			most = (size_t)item->bytes;
	return most;
}

static void what_one_record_does_not_hold_is_written_in_several(
    struct fixture *f)
{
	struct snapshot_drop two[] = {{.label = "prod-20260101T000000Z"},
	    {.label = "prod-20260102T000000Z", .reason = "old"}};
	struct snapshot_drops drops = {.items = two, .len = 2};
	struct err err = ERR_INIT;

	/* So long that the record has the limit to the byte. */
	two[0].reason = "";
	assert_int_equal(records_of(f, &drops), 1);
	size_t room = RECORD_LARGE_BYTES - largest(f);
	autofree char *reason = str_printf("%0*d", (int)room + 1, 0);
	two[0].reason = reason + 2;
	assert_int_equal(records_of(f, &drops), 1);
	assert_int_equal(largest(f), RECORD_LARGE_BYTES - 1);
	two[0].reason = reason + 1;
	assert_int_equal(records_of(f, &drops), 1);
	assert_int_equal(largest(f), RECORD_LARGE_BYTES);
	two[0].reason = reason;
	assert_int_equal(records_of(f, &drops), 2);
	assert_true(largest(f) <= RECORD_LARGE_BYTES);
	/* One alone that is too long is not written, since nobody could read
	 * it. */
	autofree char *longer = str_printf("%0*d", RECORD_LARGE_BYTES, 0);
	two[0].reason = longer;
	size_t before = test_vault_count(f->s.t, ".pruned.json");
	drops.len = 1;
	assert_fails(snapshot_record_pruned(f->s.t->real, "prod", &drops,
			 f->s.key, &f->s.clock.clock, &err),
	    err, ERR_FORMAT);
	assert_int_equal(test_vault_count(f->s.t, ".pruned.json"), before);
}

static void a_record_that_cannot_be_read_is_no_forged_one(struct fixture *f)
{
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	cleanup(strvec_done) struct strvec forged = VEC_INIT;
	struct vault *v = &f->s.t->vault;
	struct err err = ERR_INIT;

	test_snapshot_put(f, "prod-20260101T000000Z", ".pruned.json");
	assert_fails(
	    snapshot_pruned(v, "prod", &f->s.trust, &removals, NULL, &err), err,
	    ERR_INTEGRITY);
	assert_ok(
	    snapshot_pruned(v, "prod", &f->s.trust, &removals, &forged, &err),
	    err);
	assert_int_equal(forged.len, 1);
	for (int i = 0; i < 2; i++) {
		f->s.t->unread = ".pruned.json";
		f->s.t->unread_code = ERR_NETWORK;
		f->s.t->unread_times = 1;
		assert_fails(snapshot_pruned(v, "prod", &f->s.trust, &removals,
				 i ? &forged : NULL, &err),
		    err, ERR_NETWORK);
	}
	assert_int_equal(forged.len, 1);
	assert_int_equal(removals.len, 0);
}

static void removal_leaves_the_record_of_the_same_second(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	struct snapshot_drops drops = VEC_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	f->s.clock.now_ms = list.items[0].time * 1000;
	*vec_add(&drops) =
	    (struct snapshot_drop){.label = "prod-other", .reason = "old"};
	assert_ok(snapshot_record_pruned(f->s.t->real, "prod", &drops, f->s.key,
		      &f->s.clock.clock, &err),
	    err);
	assert_ok(test_snapshot_remove_first(f, &err), err);
	assert_int_equal(test_snapshot_listed(f, "prod"), 0);
	assert_ok(snapshot_pruned(
		      f->s.t->real, "prod", &f->s.trust, &removals, NULL, &err),
	    err);
	assert_int_equal(removals.len, 1);
	vec_done(&drops);
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(nothing_but_a_record_says_what_was_pruned),
	    TEST_ON_VAULTS(what_one_record_does_not_hold_is_written_in_several),
	    TEST_ON_VAULTS(a_record_that_cannot_be_read_is_no_forged_one),
	    TEST_ON_VAULTS(removal_leaves_the_record_of_the_same_second),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_pruned", tests, test_vaults_start, test_vaults_stop);
}
