#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>
#include <string.h>

static bool found_good(struct fixture *f, const char *level, bool good)
{
	f->s.clock.now_ms += 60 * 1000;
	test_snapshot_record(f, level, good, true);
	return !test_snapshot_verdict(f).failed;
}

static void what_was_found_wrong_stands_until_it_is_looked_at(struct fixture *f)
{
	free(test_snapshot_make(f, "prod"));
	assert_true(found_good(f, "quick", true));
	assert_false(found_good(f, "full", false));
	assert_false(found_good(f, "quick", true));
	assert_false(found_good(f, "sample", true));
	assert_true(found_good(f, "full", true));
	assert_false(found_good(f, "quick", false));
	assert_true(found_good(f, "quick", true));
}

/* A restore that does not succeed is no damage, and none that a look at the
 * archive clears. */
static void a_drill_that_failed_stands_until_one_passes(struct fixture *f)
{
	free(test_snapshot_make(f, "prod"));
	assert_true(found_good(f, "full", true));
	assert_true(found_good(f, "drill", false));
	struct snapshot_verdict v = test_snapshot_verdict(f);
	assert_true(v.drill_failed);
	assert_int_equal(v.drilled, f->s.clock.now_ms / 1000);
	assert_string_equal(v.level, "full");
	assert_true(found_good(f, "full", true));
	assert_true(test_snapshot_verdict(f).drill_failed);
	assert_false(found_good(f, "full", false));
	assert_true(found_good(f, "drill", true));
	v = test_snapshot_verdict(f);
	assert_false(v.drill_failed);
	assert_string_equal(v.level, "drill");
	assert_int_equal(v.at, v.drilled);
}

/* The text of the only record of the first snapshot. */
static void only_record(struct fixture *f, struct buf *text)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	const struct strvec *records = &list.items[0].records;
	assert_int_equal(records->len, 1);
	assert_ok(
	    vault_read(f->s.t->real, records->items[0], 1 << 20, text, &err),
	    err);
}

static void record_drill(struct fixture *f, const struct json_object *details)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;

	test_snapshot_first(f, &list, sha256, NULL);
	const struct snapshot_finding finding = {.manifest_sha256 = sha256,
	    .level = SNAPSHOT_LEVEL_DRILL,
	    .good = true,
	    .details = details};
	assert_ok(snapshot_record_verified(f->s.t->real, &list.items[0],
		      &finding, &f->s.trust, f->s.key, &f->s.clock.clock, &err),
	    err);
}

/* And that of a verification has no such member. */
static void a_record_holds_what_a_drill_measured(struct fixture *f)
{
	cleanup(json_freep) struct json_object *details = json_new_object();
	cleanup(buf_done) struct buf text = BUF_INIT, other = BUF_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	json_set_int(details, "applied", 7);
	record_drill(f, details);
	only_record(f, &text);
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&text), text.len, &err);
	assert_int_equal(json_get_int(json_get(j, "drill"), "applied", 0), 7);
	assert_ok(test_snapshot_remove_first(f, &err), err);
	free(test_snapshot_make(f, "prod"));
	test_snapshot_record(f, "full", true, true);
	only_record(f, &other);
	assert_contains(buf_str(&other), "\"finding\"");
	assert_null(strstr(buf_str(&other), "\"drill\""));
}

static void unsigned_words_weigh_nothing(struct fixture *f)
{
	autofree char *label = test_snapshot_make(f, "prod");

	test_snapshot_put(
	    f, label, ".verified-20260101T000000Z-full-failed.json");
	test_snapshot_put(
	    f, label, ".verified-20361128T000000Z-full-good.json");
	test_snapshot_put(
	    f, label, ".verified-20361128T000000Z-full-good.json.minisig");
	test_snapshot_record(f, "full", false, false);
	assert_int_equal(test_snapshot_verdict(f).at, 0);
	assert_false(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).hearsay, 3);
	assert_int_equal(test_snapshot_verdict(f).hearsay_failed, 2);
	test_snapshot_record(f, "full", true, true);
	assert_int_not_equal(test_snapshot_verdict(f).at, 0);
	test_snapshot_record(f, "full", false, true);
	assert_true(test_snapshot_verdict(f).failed);
	/* Whose key may sign snapshots may not say this. */
	f->s.trust.verifiers.len = 0;
	assert_int_equal(test_snapshot_verdict(f).at, 0);
	assert_int_equal(test_snapshot_verdict(f).hearsay, 5);
}

/* Of one level and outcome, with its signature. */
static void silence(struct fixture *f, const char *end)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t removed = 0;

	assert_ok(vault_list(f->s.t->real, "prod-", &items, &err), err);
	VEC_EACH (&items, item) {
		if (!strstr(item->name, end))
			continue;
		assert_ok(vault_remove(f->s.t->real, item->name, &err), err);
		removed++;
	}
	assert_true(removed >= 2);
}

/* Whoever owns the vault may remove the newest record: who has read it knows
 * it. */
static void a_record_that_was_read_is_not_silenced(struct fixture *f)
{
	free(test_snapshot_make(f, "prod"));
	assert_true(found_good(f, "full", true));
	assert_false(found_good(f, "full", false));
	assert_false(found_good(f, "quick", true));
	silence(f, "-full-failed.json");
	assert_true(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).silenced, 1);
	silence(f, "-quick-good.json");
	assert_true(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).silenced, 2);
	assert_int_equal(test_snapshot_verdict(f).sequence, 3);
	/* A later one still outweighs them. */
	f->s.clock.now_ms += 60 * 1000;
	test_snapshot_record(f, "full", true, true);
	assert_false(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).sequence, 4);
	silence(f, "-full-good.json");
	assert_false(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).sequence, 4);
	assert_string_equal(test_snapshot_verdict(f).level, "full");
}

/* Not even for those who have no right to speak any more, and not longer than
 * there is a snapshot. */
static void a_remembered_record_counts_as_one_in_the_vault(struct fixture *f)
{
	struct err err = ERR_INIT;
	char location[DIGEST_SHA256_HEX];

	autofree char *label = test_snapshot_make(f, "prod");
	test_snapshot_record(f, "full", false, true);
	assert_true(test_snapshot_verdict(f).failed);
	silence(f, "-full-failed.json");
	struct minisign_publics verifiers = f->s.trust.verifiers;
	f->s.trust.verifiers.len = 0;
	assert_false(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).silenced, 0);
	f->s.trust.verifiers = verifiers;
	assert_true(test_snapshot_verdict(f).failed);
	/* A machine that has read none knows none. */
	vault_set_memory(f->s.t->real, NULL);
	assert_false(test_snapshot_verdict(f).failed);
	vault_set_memory(f->s.t->real, f->state_dir);
	digest_sha256_hex(f->s.t->real->description,
	    strlen(f->s.t->real->description), location);
	autofree char *dir =
	    str_printf("%s/records/%s/%s", f->state_dir, location, label);
	assert_true(file_exists(dir));
	assert_ok(test_snapshot_remove_first(f, &err), err);
	assert_false(file_exists(dir));
}

/* A look at less of it says nothing of the rest, not even by failing. */
static void damage_stands_until_as_much_is_found_good(struct fixture *f)
{
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	assert_false(found_good(f, "full", false));
	assert_false(found_good(f, "quick", false));
	assert_false(found_good(f, "quick", true));
	assert_string_equal(test_snapshot_verdict(f).level, "full");
	/* Nor does it that the archive was out of sight for a while. */
	assert_ok(
	    vault_read(f->s.t->real, archive, 1 << 20, &bytes, &err), err);
	assert_ok(vault_remove(f->s.t->real, archive, &err), err);
	assert_false(found_good(f, "full", false));
	assert_ok(vault_put_small(f->s.t->real, archive, bytes.data, bytes.len,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_false(test_snapshot_verdict(f).unseen);
	assert_false(found_good(f, "quick", true));
	assert_true(found_good(f, "full", true));
}

/* Records are put in order by what each knew of, not by clocks. */
static void a_clock_that_is_ahead_silences_nobody(struct fixture *f)
{
	static const int64_t ahead_s[] = {240, 86400, 315360000, -240, -86400};

	for (size_t i = 0; i < sizeof(ahead_s) / sizeof(*ahead_s); i++) {
		struct err err = ERR_INIT;
		int64_t now = f->s.clock.now_ms;
		free(test_snapshot_make(f, "prod"));
		f->s.clock.now_ms += ahead_s[i] * 1000;
		test_snapshot_record(f, "full", true, true);
		f->s.clock.now_ms = now + 60 * 1000;
		test_snapshot_record(f, "full", false, true);
		assert_true(test_snapshot_verdict(f).failed);
		f->s.clock.now_ms -= 7200 * 1000;
		test_snapshot_record(f, "full", true, true);
		assert_false(test_snapshot_verdict(f).failed);
		f->s.clock.now_ms = now;
		assert_ok(test_snapshot_remove_first(f, &err), err);
	}
}

/* Recorded by a machine to which the store does not show records that end so.
 */
static void record_unaware(
    struct fixture *f, const char *level, bool good, const char *unlisted)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct vault *v = &f->s.t->vault;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	f->s.clock.now_ms += 1000;
	assert_ok(snapshot_list(v, "prod", &list, &err), err);
	assert_ok(
	    snapshot_manifest(v, &list.items[0], &f->s.trust, &m, sha256, &err),
	    err);
	manifest_done(&m);
	const struct snapshot_finding finding = {
	    .manifest_sha256 = sha256, .level = level, .good = good};
	f->s.t->unlisted = unlisted;
	assert_ok(snapshot_record_verified(v, &list.items[0], &finding,
		      &f->s.trust, f->s.key, &f->s.clock.clock, &err),
	    err);
	f->s.t->unlisted = NULL;
}

/* Two that did not know of each other have the same number: the clocks do not
 * decide between a fault and what is good, but between two alike. */
static void of_two_at_once_a_fault_counts(struct fixture *f)
{
	static const struct {
		const char *first, *second, *unlisted;
		bool first_good, second_good, failed;
		const char *level;
	} cases[] = {
	    {"full", "full", "-full-good.json", true, false, true, "full"},
	    {"full", "full", "-full-failed.json", false, true, true, "full"},
	    {"quick", "full", "-quick-failed.json", false, true, true, "quick"},
	    {"full", "quick", "-full-good.json", true, true, false, "quick"},
	    {"quick", "full", "-quick-good.json", true, true, false, "full"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		free(test_snapshot_make(f, "prod"));
		record_unaware(f, cases[i].first, cases[i].first_good, NULL);
		record_unaware(f, cases[i].second, cases[i].second_good,
		    cases[i].unlisted);
		struct snapshot_verdict v = test_snapshot_verdict(f);
		assert_int_equal(v.sequence, 1);
		assert_int_equal(v.failed, cases[i].failed);
		assert_string_equal(v.level, cases[i].level);
		assert_ok(test_snapshot_remove_first(f, &err), err);
	}
}

/* A record goes with the manifest it speaks of, and with its own name. */
static void a_record_of_another_manifest_weighs_nothing(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;

	test_snapshot_record(f, "full", false, true);
	assert_ok(vault_list(f->s.t->real, "", &items, &err), err);
	autofree char *b = test_snapshot_make(f, "prod");
	VEC_EACH (&items, item) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		if (!strstr(item->name, ".verified-"))
			continue;
		autofree char *name =
		    str_printf("%s%s", b, item->name + strlen(a));
		assert_ok(
		    vault_read(f->s.t->real, item->name, 1 << 20, &text, &err),
		    err);
		assert_ok(vault_put_small(f->s.t->real, name, text.data,
			      text.len, VAULT_RETAIN_NONE, &err),
		    err);
	}
	assert_ok(test_snapshot_remove_first(f, &err), err);
	assert_false(test_snapshot_verdict(f).failed);
	assert_int_equal(test_snapshot_verdict(f).hearsay, 1);
}

static void that_nothing_was_recorded_is_an_error_with_its_cause(
    struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	test_snapshot_first(f, &list, sha256, NULL);
	const struct snapshot_finding finding = {.manifest_sha256 = sha256,
	    .level = "full",
	    .good = true,
	    .by = "host7"};
	f->s.t->put_fails = "-full-good.json";
	assert_fails(
	    snapshot_record_verified(&f->s.t->vault, &list.items[0], &finding,
		&f->s.trust, f->s.key, &f->s.clock.clock, &err),
	    err, ERR_NETWORK);
	assert_contains(err.message, "recording the verification of");
	f->s.t->put_fails = NULL;
	struct err untouched = ERR_INIT;
	assert_ok(
	    snapshot_record_verified(&f->s.t->vault, &list.items[0], &finding,
		&f->s.trust, f->s.key, &f->s.clock.clock, &untouched),
	    untouched);
	assert_false(test_snapshot_verdict(f).failed);
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_was_found_wrong_stands_until_it_is_looked_at),
	    TEST_ON_VAULTS(a_drill_that_failed_stands_until_one_passes),
	    TEST_ON_VAULTS(a_record_holds_what_a_drill_measured),
	    TEST_ON_VAULTS(unsigned_words_weigh_nothing),
	    TEST_ON_VAULTS(a_record_that_was_read_is_not_silenced),
	    TEST_ON_VAULTS(a_remembered_record_counts_as_one_in_the_vault),
	    TEST_ON_VAULTS(damage_stands_until_as_much_is_found_good),
	    TEST_ON_VAULTS(a_clock_that_is_ahead_silences_nobody),
	    TEST_ON_VAULTS(of_two_at_once_a_fault_counts),
	    TEST_ON_VAULTS(a_record_of_another_manifest_weighs_nothing),
	    TEST_ON_VAULTS(
		that_nothing_was_recorded_is_an_error_with_its_cause),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_verified", tests, test_vaults_start, test_vaults_stop);
}
