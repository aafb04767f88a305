/* How snapshots come to be and cease to be, in a directory and in a bucket of
 * a real S3 server: nothing that is listed is not whole. */
#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"
#include "storage/vault/remains.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>
#include <string.h>

static void labels_never_repeat_nor_go_backwards(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	autofree char *b = test_snapshot_make(f, "prod");
	f->s.clock.now_ms -= 60 * 1000;
	autofree char *c = test_snapshot_make(f, "prod");
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_true(strcmp(a, b) < 0);
	assert_true(strcmp(b, c) < 0);
	assert_int_equal(test_snapshot_listed(f, "prod"), 3);
	/* Three objects each, and no more. */
	assert_int_equal(test_vault_count(f->s.t, ""), 9);
	/* What says which is meant. */
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_string_equal(snapshot_resolve(&list, "latest", &err)->label, c);
	assert_string_equal(snapshot_resolve(&list, b, &err)->label, b);
	assert_null(snapshot_resolve(&list, "prod-2", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(snapshot_resolve(&list, "other", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void each_manifest_names_the_one_before(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	autofree char *b = test_snapshot_make(f, "prod");
	autofree char *eu = test_snapshot_make(f, "prod-eu");
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest first, second;
	char sha256[DIGEST_SHA256_HEX];

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_int_equal(list.len, 2);
	assert_ok(snapshot_manifest(f->s.t->real, &list.items[0], &f->s.trust,
		      &first, sha256, &err),
	    err);
	assert_ok(snapshot_manifest(f->s.t->real, &list.items[1], &f->s.trust,
		      &second, NULL, &err),
	    err);
	const struct manifest_previous *p =
	    manifest_previous_in(&first, f->s.t->kind, NULL);
	assert_non_null(p);
	assert_null(p->label);
	p = manifest_previous_in(&second, f->s.t->kind, NULL);
	assert_string_equal(p->label, a);
	assert_string_equal(p->sha256, sha256);
	assert_null(manifest_previous_in(&second, "another", NULL));
	manifest_done(&first);
	manifest_done(&second);
	free(steal(b));
	free(steal(eu));
}

static void expect_before_newest(struct fixture *f, const char *before)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(f->s.t->real, &list.items[list.len - 1],
		      &f->s.trust, &m, NULL, &err),
	    err);
	assert_string_equal(
	    manifest_previous_in(&m, f->s.t->kind, NULL)->label, before);
	manifest_done(&m);
}

/* What a list leaves out is the one before all the same, if this machine knows
 * it and the store has it; a machine that does not know it believes the list.
 */
static void the_one_before_may_be_in_no_list(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	vault_set_memory(&f->s.t->vault, f->state_dir);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	autofree char *second =
	    str_printf("%s" LABEL_MANIFEST, list.items[1].label);
	f->s.t->unlisted = second;
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	expect_before_newest(f, list.items[1].label);
	snapshots_done(&list);
	f->s.t->unlisted = NULL;
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	autofree char *third =
	    str_printf("%s" LABEL_MANIFEST, list.items[2].label);
	f->s.t->unlisted = third;
	vault_set_memory(&f->s.t->vault, NULL);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	f->s.t->unlisted = NULL;
	expect_before_newest(f, list.items[1].label);
}

static void a_run_without_a_commit_leaves_nothing(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;
	struct snapshot_writer *w = test_snapshot_begin(f, "prod", &v, 1, &err);

	assert_non_null(w);
	assert_ok(test_snapshot_write(w, &err), err);
	snapshot_writer_free(w);
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
	/* Nor one whose archive was never ended. */
	w = test_snapshot_begin(f, "prod", &v, 1, &err);
	struct sink *s = snapshot_writer_sink(w, &err);
	assert_ok(sink_write(s, "half", 4, &err), err);
	sink_free(s);
	assert_fails(test_snapshot_commit(f, w, &err), err, ERR_INTEGRITY);
	snapshot_writer_free(w);
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
}

static void one_whose_manifest_no_reader_takes_is_none(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;
	struct snapshot_writer *w = test_snapshot_begin(f, "prod", &v, 1, &err);
	autofree char *reason = mem_zalloc((1 << 20) + 1);
	struct manifest m;

	manifest_init(&m);
	memset(reason, 'a', 1 << 20);
	for (int i = 0; i < MANIFEST_MAX_BYTES >> 20; i++)
		manifest_add_missing(&m, "something", reason);
	assert_ok(test_snapshot_write(w, &err), err);
	assert_int_equal(snapshot_commit(w, &m, f->s.key, &err), -1);
	assert_non_null(strstr(err.message, "cannot be read: "));
	snapshot_writer_free(w);
	manifest_done(&m);
	assert_int_equal(test_snapshot_listed(f, "prod"), 0);
}

static void a_vault_that_fails_leaves_the_others(struct fixture *f)
{
	struct test_vault *second = test_vault_open(0);
	struct vault *both[] = {&second->vault, &f->s.t->vault};
	struct err err = ERR_INIT;

	vault_set_name(&second->vault, "second");
	second->put_fails = ".tar.zst.age";
	struct snapshot_writer *w =
	    test_snapshot_begin(f, "prod", both, 2, &err);
	assert_ok(test_snapshot_write(w, &err), err);
	assert_non_null(snapshot_writer_failure(w, 0));
	assert_contains(snapshot_writer_failure(w, 0)->message, "No space");
	assert_null(snapshot_writer_failure(w, 1));
	assert_ok(test_snapshot_commit(f, w, &err), err);
	snapshot_writer_free(w);
	assert_int_equal(test_snapshot_listed(f, "prod"), 1);
	assert_int_equal(test_vault_count(second, ""), 0);
	/* Both fail: nothing is committed. */
	f->s.t->put_fails = ".tar.zst.age";
	w = test_snapshot_begin(f, "prod", both, 2, &err);
	assert_int_not_equal(test_snapshot_write(w, &err), 0);
	snapshot_writer_free(w);
	assert_int_equal(test_snapshot_listed(f, "prod"), 1);
	test_vault_free(second);
}

static void a_wrong_clock_is_refused(struct fixture *f)
{
	static const int64_t minutes[] = {14, -14, 16, -16, 1440, -1440};
	struct vault *v = &f->s.t->vault;
	int64_t now = f->s.clock.now_ms;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(minutes) / sizeof(*minutes); i++) {
		f->s.clock.now_ms = now + minutes[i] * 60 * 1000;
		err = (struct err)ERR_INIT;
		assert_null(test_snapshot_begin(f, "prod", &v, 1, &err));
		assert_int_equal(err.code, ERR_SYSTEM);
		assert_contains(err.message, "set the clock right");
	}
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
}

static void forged_and_swapped_are_refused(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	autofree char *b = test_snapshot_make(f, "prod");
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(buf_done) struct buf manifest = BUF_INIT, minisig = BUF_INIT;
	autofree char *a_manifest = str_printf("%s.manifest.json", a);
	autofree char *a_minisig = str_printf("%s.manifest.json.minisig", a);
	autofree char *b_manifest = str_printf("%s.manifest.json", b);
	autofree char *b_minisig = str_printf("%s.manifest.json.minisig", b);
	struct vault *v = f->s.t->real;
	struct err err = ERR_INIT;
	struct manifest m;

	/* The one's papers under the other's name. */
	assert_ok(vault_read(v, a_manifest, 1 << 20, &manifest, &err), err);
	assert_ok(vault_read(v, a_minisig, 1 << 20, &minisig, &err), err);
	assert_ok(vault_remove(v, b_manifest, &err), err);
	assert_ok(vault_remove(v, b_minisig, &err), err);
	assert_ok(vault_put_small(v, b_manifest, manifest.data, manifest.len,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(vault_put_small(v, b_minisig, minisig.data, minisig.len,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(snapshot_list(v, "prod", &list, &err), err);
	assert_fails(
	    snapshot_manifest(v, &list.items[1], &f->s.trust, &m, NULL, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "manifest of another snapshot");
	/* No signature at all. */
	assert_ok(vault_remove(v, a_minisig, &err), err);
	assert_fails(
	    snapshot_manifest(v, &list.items[0], &f->s.trust, &m, NULL, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "has no signature");
}

/* What is no signature is as good as none: the snapshot's fault, and not ours.
 */
static void a_text_in_place_of_a_signature_does_not_hold(struct fixture *f)
{
	static const char *const texts[] = {"", "{}", "untrusted comment: x\n"};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *minisig = str_printf("%s.manifest.json.minisig", label);
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_ok(vault_remove(f->s.t->real, minisig, &err), err);
		assert_ok(vault_put_small(f->s.t->real, minisig, texts[i],
			      strlen(texts[i]), VAULT_RETAIN_NONE, &err),
		    err);
		assert_fails(snapshot_manifest(f->s.t->real, &list.items[0],
				 &f->s.trust, &m, NULL, &err),
		    err, ERR_INTEGRITY);
		assert_int_equal(snapshot_holds(f->s.t->real, &list.items[0],
				     &f->s.trust, &m, NULL, &err),
		    0);
	}
}

/* A label is the name, and seventeen more; a name of a letter too many is
 * refused before anything is written. */
static void names_are_read_up_to_the_length_that_is_written(struct fixture *f)
{
	for (int over = -1; over <= 1; over++) {
		autofree char *name = str_printf("%0*d", 63 + over, 0);
		struct err err = ERR_INIT;
		if (over > 0) {
			assert_fails(
			    snapshot_name_check(name, &err), err, ERR_USAGE);
			continue;
		}
		autofree char *label = test_snapshot_make(f, name);
		assert_int_equal(strlen(label), 63 + over + 17);
		cleanup(snapshots_done) struct snapshots list = VEC_INIT;
		struct manifest m;
		assert_ok(snapshot_list(f->s.t->real, name, &list, &err), err);
		assert_int_equal(list.len, 1);
		assert_string_equal(list.items[0].label, label);
		assert_ok(snapshot_manifest(f->s.t->real, &list.items[0],
			      &f->s.trust, &m, NULL, &err),
		    err);
		manifest_done(&m);
	}
}

static void removal_begins_with_the_manifest(struct fixture *f)
{
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	test_snapshot_record(f, "full", true, true);
	f->s.t->kept = ".manifest.json";
	assert_fails(test_snapshot_remove_first(f, &err), err, ERR_DENIED);
	assert_int_equal(test_vault_count(f->s.t, ""), 5);
	assert_int_equal(test_snapshot_listed(f, "prod"), 1);
	f->s.t->kept = NULL;
	assert_ok(test_snapshot_remove_first(f, &err), err);
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
}

static void foreign_objects_are_no_part_of_it(struct fixture *f)
{
	static const char *const foreign[] = {".tar.zst.age.sha256",
	    ".tar.zst.age~", ".tar.zst.age.part", ".tar.xz", ".tar.",
	    ".manifest.json.bak", ".verified-20260101T000000Z-full-good.json~",
	    ".verified-20260101T000000Z-full-failed.json.minisig.old"};
	enum { COUNT = sizeof(foreign) / sizeof(*foreign) };
	autofree char *label = test_snapshot_make(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT; i++)
		test_snapshot_put(f, label, foreign[i]);
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_int_equal(list.len, 1);
	assert_string_equal(list.items[0].archive, archive);
	assert_int_equal(list.items[0].records.len, 0);
	assert_int_equal(test_snapshot_listed(f, "prod"), 1);
	assert_ok(test_snapshot_remove_first(f, &err), err);
	assert_int_equal(test_vault_count(f->s.t, ""), COUNT);
	/* And the next run does not tidy them away. */
	free(test_snapshot_make(f, "prod"));
	assert_int_equal(test_vault_count(f->s.t, ""), COUNT + 3);
}

/* To the last letter: what is ours is not named, and what is not is. */
static void what_is_foreign_is_named(struct fixture *f)
{
	static const char *const ours[] = {"prod.lock-000001-00000001",
	    "prod.lock-x.lock-000001-00000001",
	    "prod-20260101T000000Z.pruned.json",
	    "prod-20260101T000000Z.witness-log",
	    "prod-20260101T000000Z.witnessed"};
	static const char *const foreign[] = {"notes.txt",
	    "prod-20260101T000000Z.witnessed.minisig", "prod.witnessed",
	    "prod-20260101T000000Z.pruned.json.bak",
	    "prod.lock-000001-00000001x", "prod.lock-000001-0000001",
	    "prod.lock-0000010-0000001", "prod.lock-00000a-00000001"};
	enum { OURS = 5, FOREIGN = 8 };
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));

	for (size_t i = 0; i < OURS + FOREIGN; i++)
		assert_ok(vault_put_small(f->s.t->real,
			      i < OURS ? ours[i] : foreign[i - OURS], "x", 1,
			      VAULT_RETAIN_NONE, &err),
		    err);
	assert_ok(snapshot_foreign(f->s.t->real, &names, &err), err);
	assert_int_equal(names.len, FOREIGN);
	for (size_t i = 0; i < FOREIGN; i++)
		assert_true(strvec_has(&names, foreign[i]));
}

static void only_what_is_signed_pulls_the_label(struct fixture *f)
{
	static const char *const forged[] = {"prod-99991231T235959Z",
	    "prod-99991231T235958Z", "prod-22620411T234716Z"};
	autofree char *before = test_snapshot_make(f, "prod");
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;
	struct snapshot_writer *w;
	int64_t now = f->s.clock.now_ms;

	for (size_t i = 0; i < 3; i++) {
		test_snapshot_put(f, forged[i], ".manifest.json");
		test_snapshot_put(f, forged[i], ".manifest.json.minisig");
	}
	autofree char *after = test_snapshot_make(f, "prod");
	assert_true(strcmp(before, after) < 0);
	assert_true(strcmp(after, "prod-21") < 0);
	/* One that is signed does, and is told of. */
	f->s.clock.now_ms += INT64_C(10) * 365 * 86400 * 1000;
	f->s.t->passed_s += INT64_C(10) * 365 * 86400;
	autofree char *ahead = test_snapshot_make(f, "prod");
	f->s.clock.now_ms = now;
	f->s.t->passed_s = 0;
	w = test_snapshot_begin(f, "prod", &v, 1, &err);
	assert_non_null(w);
	assert_string_equal(snapshot_writer_future(w), ahead);
	autofree char *label = label_make("prod", snapshot_writer_time(w));
	assert_true(strcmp(label, ahead) > 0);
	snapshot_writer_free(w);
}

/* Whoever may only write must not keep a run from its label. */
static void a_label_that_is_taken_is_passed_over(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	for (int64_t n = 1; n <= 3; n++) {
		char stamp[CLOCK_TEXT_MAX];
		clock_stamp(list.items[0].time + n, stamp);
		autofree char *label = str_printf("prod-%s", stamp);
		test_snapshot_put(f, label, ".manifest.json");
	}
	autofree char *second = test_snapshot_make(f, "prod");
	char stamp[CLOCK_TEXT_MAX];
	clock_stamp(list.items[0].time + 4, stamp);
	assert_string_equal(second + strlen("prod-"), stamp);
}

static void what_a_list_leaves_out_is_asked_for(struct fixture *f)
{
	autofree char *a = test_snapshot_make(f, "prod");
	autofree char *manifest = str_printf("%s.manifest.json", a);
	autofree char *minisig = str_printf("%s.minisig", manifest);
	autofree char *archive = str_printf("%s.tar.zst.age", a);
	struct err err = ERR_INIT;

	/* An archive whose manifest is not listed is not a dead run's. */
	f->s.t->unlisted = manifest;
	free(test_snapshot_make(f, "prod"));
	f->s.t->unlisted = NULL;
	assert_int_equal(test_snapshot_listed(f, "prod"), 2);
	/* Nor is one whose manifest is gone: it may come back. */
	assert_ok(vault_remove(f->s.t->real, manifest, &err), err);
	free(test_snapshot_make(f, "prod"));
	assert_int_equal(test_vault_count(f->s.t, archive), 1);
	/* That its signature is out of sight, too, says no more. */
	assert_ok(vault_remove(f->s.t->real, minisig, &err), err);
	free(test_snapshot_make(f, "prod"));
	assert_int_equal(test_vault_count(f->s.t, archive), 1);
	assert_false(remains_known(f->s.t->real, a));
}

static void a_list_that_names_all_twice_names_one(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	free(test_snapshot_make(f, "prod"));
	f->s.t->doubled = "";
	assert_ok(snapshot_list(&f->s.t->vault, "prod", &list, &err), err);
	assert_int_equal(list.len, 2);
	VEC_EACH (&list, s)
		assert_non_null(s->archive);
}

/* Whatever their names are. */
static void a_list_of_all_names_is_in_order_of_time(struct fixture *f)
{
	static const char *const order[] = {"zeta", "alpha", "beta"};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "zeta"));
	f->s.clock.now_ms += 60 * 1000;
	free(test_snapshot_make(f, "beta"));
	free(test_snapshot_make(f, "alpha"));
	assert_ok(snapshot_list(f->s.t->real, NULL, &list, &err), err);
	assert_int_equal(list.len, 3);
	for (size_t i = 0; i < list.len; i++)
		assert_string_equal(list.items[i].name, order[i]);
	assert_int_equal(list.items[1].time, list.items[2].time);
}

static void whether_there_is_an_archive_is_asked_by_name(struct fixture *f)
{
	static const char *const ends[] = {
	    ".tar.zst.age", ".tar.gz.age", ".tar.zst", ".tar.gz"};
	struct vault *v = &f->s.t->vault;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		autofree char *label =
		    str_printf("prod-2026010%zuT000000Z", i + 1);
		const struct snapshot s = {.label = label};
		test_snapshot_put(f, label, ".tar.zst.age.part");
		assert_int_equal(snapshot_has_archive(v, &s, &err), 0);
		test_snapshot_put(f, label, ends[i]);
		assert_int_equal(snapshot_has_archive(v, &s, &err), 1);
		f->s.t->unread = ".age";
		f->s.t->unread_code = ERR_NETWORK;
		f->s.t->unread_times = 1;
		assert_fails(
		    snapshot_has_archive(v, &s, &err), err, ERR_NETWORK);
		f->s.t->unread_code = ERR_FORMAT; /* a link */
		f->s.t->unread_times = 1;
		assert_int_equal(snapshot_has_archive(v, &s, &err), 1);
	}
}

/* Only what is known of it makes a snapshot a bad one. */
static void an_archive_that_cannot_be_asked_for_is_not_bad(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	static const enum err_code said[][2] = {{ERR_NETWORK, ERR_NETWORK},
	    {ERR_DENIED, ERR_DENIED}, {ERR_FORMAT, ERR_INTEGRITY},
	    {ERR_NOT_FOUND, ERR_INTEGRITY}};
	struct err err = ERR_INIT;
	struct manifest m;

	free(test_snapshot_make(f, "prod"));
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(f->s.t->real, &list.items[0], &f->s.trust,
		      &m, NULL, &err),
	    err);
	f->s.t->unread = ".tar.zst.age";
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		f->s.t->unread_code = said[i][0];
		f->s.t->unread_times = 1;
		assert_fails(snapshot_find_archive(&f->s.t->vault, &m, &err),
		    err, said[i][1]);
	}
	assert_ok(snapshot_find_archive(&f->s.t->vault, &m, &err), err);
	manifest_done(&m);
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(labels_never_repeat_nor_go_backwards),
	    TEST_ON_VAULTS(each_manifest_names_the_one_before),
	    TEST_ON_VAULTS(the_one_before_may_be_in_no_list),
	    TEST_ON_VAULTS(a_run_without_a_commit_leaves_nothing),
	    TEST_ON_VAULTS(one_whose_manifest_no_reader_takes_is_none),
	    TEST_ON_VAULTS(a_vault_that_fails_leaves_the_others),
	    TEST_ON_VAULTS(a_wrong_clock_is_refused),
	    TEST_ON_VAULTS(forged_and_swapped_are_refused),
	    TEST_ON_VAULTS(a_text_in_place_of_a_signature_does_not_hold),
	    TEST_ON_VAULTS(names_are_read_up_to_the_length_that_is_written),
	    TEST_ON_VAULTS(removal_begins_with_the_manifest),
	    TEST_ON_VAULTS(foreign_objects_are_no_part_of_it),
	    TEST_ON_VAULTS(what_is_foreign_is_named),
	    TEST_ON_VAULTS(only_what_is_signed_pulls_the_label),
	    TEST_ON_VAULTS(a_label_that_is_taken_is_passed_over),
	    TEST_ON_VAULTS(what_a_list_leaves_out_is_asked_for),
	    TEST_ON_VAULTS(a_list_that_names_all_twice_names_one),
	    TEST_ON_VAULTS(a_list_of_all_names_is_in_order_of_time),
	    TEST_ON_VAULTS(whether_there_is_an_archive_is_asked_by_name),
	    TEST_ON_VAULTS(an_archive_that_cannot_be_asked_for_is_not_bad),
	};

	return cmocka_run_group_tests_name(
	    "snapshot", tests, test_vaults_start, test_vaults_stop);
}
