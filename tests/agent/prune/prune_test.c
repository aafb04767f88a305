/* Pruning a vault in a directory and one in a bucket of a real S3 server: what
 * goes, what stays, and when it refuses. */
#include "agent/prune/prune.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/keys.h"
#include "tests/support/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600, DAY = 24 * HOUR, SNAPSHOTS = 5 };

struct fixture {
	struct test_snapshots s;
	struct retention_zone *zone;
	struct retention_policy policy;
	struct prune_options o;
	struct vault_lock_options later;
	int64_t first; /* seconds */
};

static void tag(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	strvec_add(&m->tags, "release");
}

static void hold(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	m->hold = true;
}

static void setup(struct fixture *f, int kind)
{
	struct err err = ERR_INIT;

	memset(f, 0, sizeof(*f));
	test_snapshots_init(&f->s, kind);
	f->zone = retention_zone_open("Europe/Berlin", &err);
	f->policy = (struct retention_policy){.keep_last = 2, .keep_min = 1};
	f->o = (struct prune_options){.vault = &f->s.t->vault,
	    .name = "prod",
	    .policy = &f->policy,
	    .zone = f->zone,
	    .trust = &f->s.trust,
	    .key = f->s.key,
	    .clock = &f->s.clock.clock};
	f->later = (struct vault_lock_options){.holder = "prune",
	    .clock = &f->s.clock.clock,
	    .random = &f->s.random.random,
	    .beat_s = -1};
	/* One an hour, up to an hour ago. */
	int64_t now = f->s.clock.now_ms;
	f->s.clock.now_ms -= (int64_t)SNAPSHOTS * HOUR * 1000;
	f->first = f->s.clock.now_ms / 1000;
	for (int i = 0; i < SNAPSHOTS; i++) {
		test_snapshots_add(&f->s, NULL);
		f->s.clock.now_ms += HOUR * 1000;
	}
	assert_int_equal(f->s.clock.now_ms, now);
}

static void teardown(struct fixture *f)
{
	retention_policy_done(&f->policy);
	test_snapshots_done(&f->s);
	retention_zone_free(f->zone);
}

static size_t left(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	return list.len;
}

static const struct prune_row *row_of(const struct prune_rows *rows, size_t i)
{
	return &rows->items[rows->len - 1 - i]; /* oldest first */
}

static void the_oldest_go_and_a_record_stays(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	struct err err = ERR_INIT;

	f->o.dry_run = true;
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(rows.len, SNAPSHOTS);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_DROPPED);
	assert_int_equal(left(f), SNAPSHOTS);
	assert_int_equal(test_vault_count(f->s.t, ".pruned.json"), 0);
	prune_rows_done(&rows);
	f->o.dry_run = false;
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), 2);
	assert_int_equal(row_of(&rows, 4)->outcome, PRUNE_KEPT);
	assert_string_equal(row_of(&rows, 4)->reason, "last");
	/* Of what is gone nothing is left but the word of it. */
	assert_int_equal(test_vault_count(f->s.t, ".tar.zst.age"), 2);
	assert_int_equal(test_vault_count(f->s.t, ".manifest.json.minisig"), 2);
	assert_ok(snapshot_pruned(
		      f->s.t->real, "prod", &f->s.trust, &removals, NULL, &err),
	    err);
	assert_int_equal(removals.len, 3);
	/* Nothing to do: nothing is written. */
	prune_rows_done(&rows);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(test_vault_count(f->s.t, ".pruned.json"), 1);
}

/* Clocks that are wrong, ours or the store's. */
static void a_wrong_clock_deletes_nothing_wrong(struct fixture *f)
{
	static const int minutes[] = {4, -4, 14, -14, 16, -16, 1440, -1440};
	enum { COUNT = sizeof(minutes) / sizeof(*minutes) };
	int64_t now = f->s.clock.now_ms;
	int wrong = 0, refused = 0;

	f->o.dry_run = true; /* what would go is what goes */
	for (int i = 0; i < 2 * COUNT; i++) {
		cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
		struct err err = ERR_INIT;
		int64_t off = minutes[i / 2] * 60;
		f->s.clock.now_ms = now + (i % 2 ? off * 1000 : 0);
		f->s.t->passed_s = i % 2 ? 0 : off;
		if (prune_run(&f->o, &rows, &err)) {
			refused++;
			assert_int_equal(err.code, ERR_SYSTEM);
			assert_contains(err.message, "set the clock right");
			continue;
		}
		assert_in_range(off < 0 ? -off : off, 0, 300);
		for (size_t n = 0; n < rows.len; n++)
			wrong += row_of(&rows, n)->outcome !=
				 (n < 3 ? PRUNE_DROPPED : PRUNE_KEPT);
	}
	printf("# %s: %d wrong clocks, %d refused, %d wrong deletions\n",
	    f->s.t->kind, 2 * COUNT, refused, wrong);
	assert_int_equal(wrong, 0);
	assert_int_equal(refused, 12);
	assert_int_equal(left(f), SNAPSHOTS);
}

static void without_a_list_or_a_policy_nothing_goes(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->s.t->list_fails = true;
	assert_fails(prune_run(&f->o, &rows, &err), err, ERR_NETWORK);
	f->s.t->list_fails = false;
	f->policy.keep_last = 0;
	assert_fails(prune_run(&f->o, &rows, &err), err, ERR_USAGE);
	f->policy.keep_last = 2;
	/* The word of it cannot be written. */
	f->s.t->put_fails = ".pruned.json";
	assert_int_not_equal(prune_run(&f->o, &rows, &err), 0);
	assert_int_equal(left(f), SNAPSHOTS);
}

static void no_more_than_the_cap_go(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->policy.max_deletions = 1;
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS - 1);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_DROPPED);
	assert_contains(row_of(&rows, 1)->reason, "max_deletions");
}

static void what_the_store_keeps_is_kept(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->s.t->kept = ".manifest.json";
	assert_ok(prune_run(&f->o, &rows, &err), err);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(row_of(&rows, i)->outcome, PRUNE_KEPT_LOCKED);
	assert_int_equal(left(f), SNAPSHOTS);
	assert_int_equal(test_vault_count(f->s.t, ".tar.zst.age"), SNAPSHOTS);
}

static void say_level(struct fixture *f, size_t i, const char *level, bool good,
    const struct minisign_key *key)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(f->s.t->real, &list.items[i], &f->s.trust,
		      &m, sha256, &err),
	    err);
	manifest_done(&m);
	const struct snapshot_finding finding = {
	    .manifest_sha256 = sha256, .level = level, .good = good};
	assert_ok(snapshot_record_verified(f->s.t->real, &list.items[i],
		      &finding, &f->s.trust, key, &f->s.clock.clock, &err),
	    err);
}

static void say(
    struct fixture *f, size_t i, bool good, const struct minisign_key *key)
{
	say_level(f, i, "full", good, key);
}

/* With verified_only, a snapshot counts by a drill that passed, and no longer
 * by a verification after its last drill failed; nor by a drill of which nobody
 * who is trusted speaks. */
static void drills_count_as_verifications(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->policy.keep_last = 1;
	f->policy.verified_only = true;
	f->o.dry_run = true;
	say_level(f, 1, SNAPSHOT_LEVEL_DRILL, true, f->s.key);
	say_level(f, 2, "full", true, f->s.key);
	say_level(f, 2, SNAPSHOT_LEVEL_DRILL, false, f->s.key);
	say_level(f, 3, SNAPSHOT_LEVEL_DRILL, true, NULL);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(row_of(&rows, 1)->outcome, PRUNE_KEPT);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_DROPPED);
	prune_rows_done(&rows);
	/* The one whose drill passes now is newer, and all that counts. */
	say_level(f, 2, SNAPSHOT_LEVEL_DRILL, true, f->s.key);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(row_of(&rows, 2)->outcome, PRUNE_KEPT);
	assert_int_equal(row_of(&rows, 1)->outcome, PRUNE_DROPPED);
}

static void tags_hold_and_verifications_count(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;
	int64_t now = f->s.clock.now_ms;

	/* 0 good by verification, 1 bad by one; 5 on hold, 6 tagged, then two
	 * more. */
	say(f, 0, true, f->s.key);
	say(f, 4, false, f->s.key);
	f->s.clock.now_ms = now - 1800 * 1000;
	test_snapshots_add(&f->s, hold);
	test_snapshots_add(&f->s, tag);
	test_snapshots_add(&f->s, NULL);
	test_snapshots_add(&f->s, NULL);
	f->s.clock.now_ms = now;
	strvec_add(&f->policy.keep_tags, "release");
	/* Nobody looked into a newer one: what was found wrong stays. */
	f->o.dry_run = true;
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(row_of(&rows, 4)->outcome, PRUNE_KEPT);
	assert_contains(row_of(&rows, 4)->reason, "no newer one was verified");
	assert_contains(row_of(&rows, 0)->reason, "verification found good");
	prune_rows_done(&rows);
	f->o.dry_run = false;
	say(f, 8, true, f->s.key);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(rows.len, 9);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_DROPPED);
	assert_int_equal(row_of(&rows, 1)->outcome, PRUNE_DROPPED);
	assert_int_equal(row_of(&rows, 4)->outcome, PRUNE_DROPPED);
	assert_contains(row_of(&rows, 4)->reason, "not good");
	assert_string_equal(row_of(&rows, 5)->reason, "hold");
	assert_string_equal(row_of(&rows, 6)->reason, "tag release");
	assert_int_equal(left(f), 4);
}

/* Who may only write puts there that good ones were found wrong. */
static void what_is_not_signed_drops_nothing(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->policy = (struct retention_policy){.keep_last = 10, .keep_min = 10};
	for (size_t i = 0; i < 3; i++)
		say(f, i, false, NULL);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS);
	VEC_EACH (&rows, row)
		assert_false(row->bad);
}

/* The object named so of the snapshot that is the i-th, oldest first. */
static char *object_of(struct fixture *f, size_t i, const char *rest)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	return str_printf("%s%s", list.items[i].label, rest);
}

static void what_a_list_says_wrongly_drops_nothing_good(struct fixture *f)
{
	static const char *const ends[] = {
	    ".tar.zst.age", ".manifest.json", ".manifest.json.minisig", ""};

	f->policy = (struct retention_policy){.keep_last = 10, .keep_min = 10};
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
		struct err err = ERR_INIT;
		f->s.t->doubled = ends[i];
		assert_ok(prune_run(&f->o, &rows, &err), err);
		assert_int_equal(rows.len, SNAPSHOTS);
		f->s.t->doubled = NULL;
		prune_rows_done(&rows);
		autofree char *unlisted = object_of(f, 2, ends[i]);
		f->s.t->unlisted = unlisted;
		assert_ok(prune_run(&f->o, &rows, &err), err);
		f->s.t->unlisted = NULL;
		/* The one after it names it. */
		assert_int_equal(rows.len, SNAPSHOTS);
		assert_int_equal(left(f), SNAPSHOTS);
		assert_int_equal(
		    test_vault_count(f->s.t, ".tar.zst.age"), SNAPSHOTS);
		VEC_EACH (&rows, row)
			assert_false(row->bad);
	}
}

/* What stays is asked for by name where no list has it. */
static void what_a_list_leaves_out_stops_no_prune(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->s.t->unlisted = ".tar.zst.age";
	assert_ok(prune_run(&f->o, &rows, &err), err);
	f->s.t->unlisted = NULL;
	assert_int_equal(left(f), f->policy.keep_last);
}

/* Nor does a manifest that nobody signed, whatever it holds. */
static void what_passes_for_a_manifest_stops_no_prune(struct fixture *f)
{
	static const char *const texts[] = {"", "{}", "no JSON"};
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		autofree char *name =
		    str_printf("prod-2020010%zuT000000Z.manifest.json", i + 1);
		assert_ok(vault_put_small(f->s.t->real, name, texts[i],
			      strlen(texts[i]), VAULT_RETAIN_NONE, &err),
		    err);
	}
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), f->policy.keep_last + 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(row_of(&rows, i)->bad);
		assert_int_equal(row_of(&rows, i)->outcome, PRUNE_KEPT);
	}
}

/* By both clocks. */
static void pass(struct fixture *f, int64_t seconds)
{
	f->s.clock.now_ms += seconds * 1000;
	f->s.t->passed_s += seconds;
}

/* One that is out of sight counts for nothing, and is kept, also where a
 * verification missed it; once that is a week ago, it goes. */
static void an_archive_that_is_gone_may_come_back(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	autofree char *archive = object_of(f, 1, ".tar.zst.age");
	struct err err = ERR_INIT;

	f->policy = (struct retention_policy){.keep_last = 4, .keep_min = 4};
	assert_ok(vault_remove(f->s.t->real, archive, &err), err);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS);
	assert_contains(row_of(&rows, 1)->reason, "archive is missing");
	assert_string_equal(row_of(&rows, 0)->reason, "last");
	prune_rows_done(&rows);
	say(f, 1, false, f->s.key);
	say(f, 4, true, f->s.key);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS);
	prune_rows_done(&rows);
	/* One verification and time alone say nothing: it may have come back
	 * meanwhile, and be out of sight for the second time. */
	pass(f, 7 * DAY - 1);
	say(f, 1, false, f->s.key);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS);
	prune_rows_done(&rows);
	pass(f, DAY);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS);
	prune_rows_done(&rows);
	say(f, 1, false, f->s.key);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), SNAPSHOTS - 1);
	assert_int_equal(row_of(&rows, 1)->outcome, PRUNE_DROPPED);
}

/* What a verification could not see and prune can, was not bad. */
static void an_archive_that_came_back_is_good(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	autofree char *archive = object_of(f, 1, ".tar.zst.age");
	struct err err = ERR_INIT;

	f->policy = (struct retention_policy){.keep_last = 4, .keep_min = 4};
	assert_ok(vault_read(f->s.t->real, archive, 100, &bytes, &err), err);
	assert_ok(vault_remove(f->s.t->real, archive, &err), err);
	say(f, 1, false, f->s.key);
	say(f, 4, true, f->s.key);
	assert_ok(vault_put_small(f->s.t->real, archive, bytes.data, bytes.len,
		      VAULT_RETAIN_SNAPSHOT, &err),
	    err);
	pass(f, 30 * DAY);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), 4);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_DROPPED);
	assert_string_equal(row_of(&rows, 1)->reason, "last");
	assert_false(row_of(&rows, 1)->bad);
}

static void damage_the_newest(void *ctx)
{
	struct fixture *f = ctx;
	autofree char *archive = object_of(f, SNAPSHOTS - 1, ".tar.zst.age");
	struct err err = ERR_INIT;

	assert_ok(vault_remove(f->s.t->real, archive, &err), err);
}

/* Between the plan and the first deletion, one of those to be kept goes. */
static void nothing_goes_once_what_stays_is_not_whole(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->s.t->before = ".pruned.json";
	f->s.t->call = damage_the_newest;
	f->s.t->ctx = f;
	assert_fails(prune_run(&f->o, &rows, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "nothing more is pruned");
	assert_contains(err.message, "is not whole any more");
	assert_int_equal(left(f), SNAPSHOTS);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(row_of(&rows, i)->outcome, PRUNE_NOT_REACHED);
}

/* Not one object more fits in; that there was no lock, the caller found out. */
static void a_full_vault_is_emptied(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->o.lock_later = &f->later;
	for (unsigned keep = SNAPSHOTS - 1; keep; keep -= keep > 2 ? 1 : keep) {
		cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
		cleanup(
		    snapshot_removals_done) struct snapshot_removals removals =
		    VEC_INIT;
		f->policy.keep_last = keep;
		f->s.t->max_objects = test_vault_count(f->s.t, "");
		assert_ok(prune_run(&f->o, &rows, &err), err);
		assert_int_equal(left(f), keep);
		assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_DROPPED);
		assert_ok(snapshot_pruned(f->s.t->real, "prod", &f->s.trust,
			      &removals, NULL, &err),
		    err);
		assert_int_equal(removals.len, SNAPSHOTS - keep);
		assert_int_equal(
		    test_vault_count(f->s.t, ".tar.zst.age"), keep);
		assert_int_equal(test_vault_count(f->s.t, ".minisig"),
		    keep + test_vault_count(f->s.t, ".pruned.json"));
		assert_int_equal(test_vault_count(f->s.t, "-00000000"), 0);
	}
}

/* Nor is anything removed while another run holds the lock. */
static void a_full_vault_of_another_run_is_left_alone(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;
	cleanup(vault_lock_freep) struct vault_lock *other =
	    vault_lock_acquire(f->s.t->real, "prod", &f->later, &err);

	assert_non_null(other);
	f->s.t->max_objects = test_vault_count(f->s.t, "");
	f->o.lock_later = &f->later;
	assert_fails(prune_run(&f->o, &rows, &err), err, ERR_LOCKED);
	assert_int_equal(left(f), SNAPSHOTS);
	assert_int_equal(test_vault_count(f->s.t, ".tar.zst.age"), SNAPSHOTS);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_NOT_REACHED);
}

/* What is there is taken away, and there is still no room. */
static void a_vault_that_stays_full_says_what_went(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->policy.keep_last = SNAPSHOTS - 1;
	f->s.t->max_objects = 1;
	assert_fails(prune_run(&f->o, &rows, &err), err, ERR_SYSTEM);
	assert_int_equal(row_of(&rows, 0)->outcome, PRUNE_FAILED);
	assert_contains(row_of(&rows, 0)->reason, "part of it is removed");
	assert_int_equal(left(f), SNAPSHOTS - 1);
}

/* Writes one that may be continued and one that goes on from it, and needs it,
 * an hour each, after the others. */
static void add_two(struct fixture *f)
{
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
	test_snapshots_add(&f->s, test_snapshot_go_on);
	pass(f, HOUR);
}

/* And one that does not go on from them. */
static void add_chain(struct fixture *f)
{
	add_two(f);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
}

/* An object that the store denies for a while; name NULL: none. */
struct denied {
	char *name;
	struct buf bytes;
};

static struct denied deny(
    struct fixture *f, const char *label, const char *rest)
{
	struct denied d = {.name = NULL};
	struct err err = ERR_INIT;

	if (!rest)
		return d;
	d.name = str_printf("%s%s", label, rest);
	assert_ok(
	    vault_read(f->s.t->real, d.name, 1 << 20, &d.bytes, &err), err);
	assert_ok(vault_remove(f->s.t->real, d.name, &err), err);
	return d;
}

static void give_back(struct fixture *f, struct denied *d)
{
	struct err err = ERR_INIT;

	if (!d->name)
		return;
	assert_ok(vault_put_small(f->s.t->real, d->name, d->bytes.data,
		      d->bytes.len, VAULT_RETAIN_SNAPSHOT, &err),
	    err);
	free(d->name);
	buf_done(&d->bytes);
}

/* All that a vault has of a snapshot. */
static const char *const parts[] = {
    ".manifest.json", ".manifest.json.minisig", ".tar.zst.age"};
enum { PARTS = sizeof(parts) / sizeof(*parts) };

static void deny_all(struct fixture *f, const char *label, struct denied *d)
{
	for (size_t n = 0; n < PARTS; n++)
		d[n] = deny(f, label, parts[n]);
}

static void give_all_back(struct fixture *f, struct denied *d)
{
	for (size_t n = 0; n < PARTS; n++)
		give_back(f, &d[n]);
}

/* A rule for the newest alone; what is out of sight may need what was written
 * up to a day before it. */
static void plan_for_the_newest(struct fixture *f)
{
	f->policy = (struct retention_policy){.keep_last = 1, .keep_min = 1};
	f->o.dry_run = true;
	f->o.needed_for_s = DAY;
}

/* The first of the chain, which only the second needs. */
static void expect_first(
    struct fixture *f, enum prune_outcome outcome, const char *reason)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(row_of(&rows, SNAPSHOTS)->outcome, outcome);
	assert_contains(row_of(&rows, SNAPSHOTS)->reason, reason);
	assert_int_equal(row_of(&rows, SNAPSHOTS - 1)->outcome, PRUNE_DROPPED);
}

/* Whichever of its parts is the sign of it, and only what was written not too
 * long before it. */
static void what_one_out_of_sight_may_need_stays(struct fixture *f)
{
	static const char *const denied[][PARTS] = {
	    {".manifest.json", ".manifest.json.minisig", ".tar.zst.age"},
	    {".manifest.json", ".manifest.json.minisig"},
	    {".manifest.json", ".tar.zst.age"},
	    {".manifest.json"},
	    {".manifest.json.minisig"},
	};
	struct denied d[PARTS];

	f->policy = (struct retention_policy){.keep_last = 1, .keep_min = 1};
	f->o.dry_run = true;
	add_chain(f);
	autofree char *second = object_of(f, SNAPSHOTS + 1, "");
	for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++) {
		for (size_t n = 0; n < PARTS; n++)
			d[n] = deny(f, second, denied[i][n]);
		f->o.needed_for_s = HOUR;
		expect_first(f, PRUNE_KEPT, "may be needed by 'prod-");
		f->o.needed_for_s = HOUR - 1;
		expect_first(f, PRUNE_DROPPED, "not kept by any rule");
		give_all_back(f, d);
	}
	f->o.needed_for_s = HOUR;
	expect_first(f, PRUNE_DROPPED, "not kept by any rule");
}

/* Nothing in the vault tells of it, but this machine wrote it. */
static void what_this_machine_wrote_is_known_to_it(struct fixture *f)
{
	char *state_dir = test_dir_make();
	struct denied d[PARTS];

	plan_for_the_newest(f);
	vault_set_memory(&f->s.t->vault, state_dir);
	add_two(f);
	autofree char *second = object_of(f, SNAPSHOTS + 1, "");
	deny_all(f, second, d);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
	expect_first(f, PRUNE_KEPT, "may be needed by 'prod-");
	vault_set_memory(&f->s.t->vault, NULL);
	expect_first(f, PRUNE_DROPPED, "not kept by any rule");
	give_all_back(f, d);
	test_dir_remove(state_dir);
}

/* One that was written before it, and needs nothing of it, does not stand for
 * the one that does. */
static void each_one_out_of_sight_counts(struct fixture *f)
{
	char *state_dir = test_dir_make();
	struct denied d[2][PARTS];

	plan_for_the_newest(f);
	vault_set_memory(&f->s.t->vault, state_dir);
	for (int i = 0; i < 3; i++) {
		test_snapshots_add(&f->s,
		    i < 2 ? test_snapshot_begin_list : test_snapshot_go_on);
		pass(f, HOUR);
	}
	autofree char *before = object_of(f, SNAPSHOTS, "");
	autofree char *after = object_of(f, SNAPSHOTS + 2, "");
	deny_all(f, before, d[0]);
	deny_all(f, after, d[1]);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
	expect_first(f, PRUNE_KEPT, after);
	give_all_back(f, d[0]);
	give_all_back(f, d[1]);
	vault_set_memory(&f->s.t->vault, NULL);
	test_dir_remove(state_dir);
}

/* Nothing in the vault tells of it, and the state directory in which it was
 * written is lost: a run that saw it before remembers it. */
static void what_a_prune_saw_is_known_to_the_next(struct fixture *f)
{
	char *state_dir = test_dir_make();
	struct denied d[PARTS];

	plan_for_the_newest(f);
	add_two(f);
	autofree char *second = object_of(f, SNAPSHOTS + 1, "");
	for (int seen = 0; seen < 2; seen++) {
		deny_all(f, second, d);
		if (!seen)
			test_snapshots_add(&f->s, test_snapshot_begin_list);
		expect_first(f, seen ? PRUNE_KEPT : PRUNE_DROPPED,
		    seen ? "may be needed by 'prod-" : "not kept by any rule");
		give_all_back(f, d);
		if (seen)
			continue;
		vault_set_memory(&f->s.t->vault, state_dir);
		expect_first(f, PRUNE_KEPT, "for less than 3 days");
	}
	vault_set_memory(&f->s.t->vault, NULL);
	test_dir_remove(state_dir);
}

/* Whatever it may need is left for one that no machine has seen since the
 * state directories were lost; and not for ever. */
static void a_machine_that_meets_a_vault_looks_first(struct fixture *f)
{
	char *state_dir = test_dir_make();
	struct denied d[PARTS];

	plan_for_the_newest(f);
	add_two(f);
	autofree char *second = object_of(f, SNAPSHOTS + 1, "");
	deny_all(f, second, d);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
	expect_first(f, PRUNE_DROPPED, "not kept by any rule");
	vault_set_memory(&f->s.t->vault, state_dir);
	expect_first(f, PRUNE_KEPT, "for less than 3 days");
	pass(f, (int64_t)3 * DAY - 1);
	expect_first(f, PRUNE_KEPT, "for less than 3 days");
	give_all_back(f, d);
	pass(f, 1);
	expect_first(f, PRUNE_DROPPED, "not kept by any rule");
	deny_all(f, second, d);
	expect_first(f, PRUNE_KEPT, "may be needed by 'prod-");
	give_all_back(f, d);
	vault_set_memory(&f->s.t->vault, NULL);
	test_dir_remove(state_dir);
}

/* Each run of a machine whose state directory does not last is its first. */
static void a_machine_that_remembers_nothing_prunes_in_the_end(
    struct fixture *f)
{
	plan_for_the_newest(f);
	add_chain(f);
	for (int days = 0; days < 45; days += 15) {
		char *state_dir = test_dir_make();
		vault_set_memory(&f->s.t->vault, state_dir);
		if (days < 30)
			expect_first(f, PRUNE_KEPT, "for less than 3 days");
		else
			expect_first(f, PRUNE_DROPPED, "not kept by any rule");
		pass(f, (int64_t)15 * DAY);
		vault_set_memory(&f->s.t->vault, NULL);
		test_dir_remove(state_dir);
	}
}

static size_t remembered(const char *state_dir)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	autofree char *dir = file_join(state_dir, "seen");
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(dir, &names, &err), err);
	return names.len;
}

/* What another machine pruned is forgotten, and not asked for ever again. */
static void what_another_machine_pruned_is_forgotten(struct fixture *f)
{
	char *state_dir = test_dir_make();
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	f->policy = (struct retention_policy){.keep_last = 1, .keep_min = 1};
	vault_set_memory(&f->s.t->vault, state_dir);
	add_chain(f);
	assert_int_equal(remembered(state_dir), 3);
	vault_set_memory(&f->s.t->vault, NULL);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(left(f), 1);
	prune_rows_done(&rows);
	vault_set_memory(&f->s.t->vault, state_dir);
	assert_ok(prune_run(&f->o, &rows, &err), err);
	assert_int_equal(remembered(state_dir), 1);
	vault_set_memory(&f->s.t->vault, NULL);
	test_dir_remove(state_dir);
}

/* What is left of one that a trusted record says was pruned is no sign. */
static void what_was_pruned_needs_nothing(struct fixture *f)
{
	cleanup(minisign_key_freep) struct minisign_key *other =
	    test_key_make(&f->s.random);
	struct err err = ERR_INIT;

	plan_for_the_newest(f);
	add_chain(f);
	autofree char *second = object_of(f, SNAPSHOTS + 1, "");
	struct denied manifest = deny(f, second, ".manifest.json");
	struct snapshot_drop drop = {.label = second, .reason = "test"};
	const struct snapshot_drops drops = {.items = &drop, .len = 1};
	assert_ok(snapshot_record_pruned(f->s.t->real, "prod", &drops, other,
		      &f->s.clock.clock, &err),
	    err);
	expect_first(f, PRUNE_KEPT, "which is out of sight");
	assert_ok(snapshot_record_pruned(f->s.t->real, "prod", &drops, f->s.key,
		      &f->s.clock.clock, &err),
	    err);
	expect_first(f, PRUNE_DROPPED, "not kept by any rule");
	free(manifest.name);
	buf_done(&manifest.bytes);
}

/* One that may be continued, and one that goes on from it; a rule for the
 * newest alone. */
static void plan_for_a_chain(struct fixture *f)
{
	f->policy = (struct retention_policy){.keep_last = 1, .keep_min = 1};
	f->o.needed_for_s = DAY;
	add_two(f);
}

static void prune(struct fixture *f, struct prune_rows *rows)
{
	struct err err = ERR_INIT;

	prune_rows_done(rows);
	assert_ok(prune_run(&f->o, rows, &err), err);
}

static void check_newest(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	const struct snapshot_open_options o = {.trust = &f->s.trust};
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_ok(snapshot_check(
		      f->s.t->real, &list.items[list.len - 1], &o, &m, &err),
	    err);
	manifest_done(&m);
}

static size_t archives_left(struct fixture *f)
{
	return test_vault_count(f->s.t, ".tar.zst.age");
}

/* Its manifest goes, and the archive once nobody needs it. */
static void the_archive_stays_as_long_as_it_is_needed(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;

	plan_for_a_chain(f);
	f->o.dry_run = true;
	prune(f, &rows);
	assert_non_null(row_of(&rows, SNAPSHOTS)->stays_for);
	assert_int_equal(left(f), SNAPSHOTS + 2);
	f->o.dry_run = false;
	prune(f, &rows);
	assert_int_equal(row_of(&rows, SNAPSHOTS)->outcome, PRUNE_DROPPED);
	assert_contains(row_of(&rows, SNAPSHOTS)->reason,
	    "not kept by any rule; its archive stays for 'prod-");
	assert_int_equal(left(f), 1);
	assert_int_equal(archives_left(f), 2);
	assert_int_equal(test_vault_count(f->s.t, ".manifest.json"), 1);
	assert_int_equal(test_vault_count(f->s.t, ".manifest.json.minisig"), 1);
	assert_int_equal(test_vault_count(f->s.t, ".archive.json"), 1);
	assert_int_equal(test_vault_count(f->s.t, ".archive.json.minisig"), 1);
	check_newest(f);
	/* It is needed still, and by one that goes on, as well. */
	prune(f, &rows);
	assert_int_equal(rows.len, 2);
	assert_true(row_of(&rows, 0)->archive_only);
	assert_contains(row_of(&rows, 0)->reason, "needed by 'prod-");
	assert_int_equal(row_of(&rows, 0)->bytes, 1);
	test_snapshots_add(&f->s, test_snapshot_go_on);
	pass(f, HOUR);
	prune(f, &rows);
	assert_int_equal(left(f), 1);
	assert_int_equal(archives_left(f), 3);
	check_newest(f);
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
	prune(f, &rows);
	assert_int_equal(left(f), 1);
	assert_int_equal(archives_left(f), 1);
	assert_int_equal(test_vault_count(f->s.t, ".archive.json"), 0);
	assert_int_equal(test_vault_count(f->s.t, ".minisig"),
	    1 + test_vault_count(f->s.t, ".pruned.json"));
	check_newest(f);
}

/* Whatever fails on the way, the one that is kept stays whole, and the next run
 * goes on; what nobody can tell of stays. */
static void a_run_that_fails_on_the_way_loses_nothing(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	plan_for_a_chain(f);
	f->s.t->put_fails = ".archive.json";
	assert_int_not_equal(prune_run(&f->o, &rows, &err), 0);
	assert_true(left(f) >= 2);
	check_newest(f);
	/* It was written, and the answer was lost. */
	f->s.t->stored = true;
	prune_rows_done(&rows);
	assert_int_not_equal(prune_run(&f->o, &rows, &err), 0);
	assert_int_equal(test_vault_count(f->s.t, ".archive.json"), 1);
	check_newest(f);
	f->s.t->put_fails = NULL;
	f->s.t->stored = false;
	/* The store keeps the manifest: all of it stays, and nothing else. */
	autofree char *manifest = object_of(f, left(f) - 2, ".manifest.json");
	f->s.t->kept = manifest;
	prune(f, &rows);
	f->s.t->kept = NULL;
	assert_int_equal(left(f), 2);
	assert_int_equal(test_vault_count(f->s.t, ".archive.json"), 0);
	f->s.t->put_fails = ".archive.json.minisig";
	prune_rows_done(&rows);
	assert_int_not_equal(prune_run(&f->o, &rows, &err), 0);
	f->s.t->put_fails = NULL;
	/* Of this one nothing says that its manifest is gone, and not hidden.
	 */
	test_snapshots_add(&f->s, test_snapshot_begin_list);
	pass(f, HOUR);
	prune(f, &rows);
	assert_int_equal(left(f), 1);
	assert_int_equal(archives_left(f), 2);
}

/* Where nobody signs, a snapshot stays with its archive. */
static void without_a_key_all_of_it_stays(struct fixture *f)
{
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;

	plan_for_a_chain(f);
	f->s.trust.unsigned_allowed = true;
	f->o.key = NULL;
	prune(f, &rows);
	assert_int_equal(row_of(&rows, SNAPSHOTS)->outcome, PRUNE_KEPT);
	assert_contains(row_of(&rows, SNAPSHOTS)->reason, "needed by 'prod-");
	assert_int_equal(left(f), 2);
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(the_oldest_go_and_a_record_stays),
	    TEST_ON_VAULTS(a_wrong_clock_deletes_nothing_wrong),
	    TEST_ON_VAULTS(without_a_list_or_a_policy_nothing_goes),
	    TEST_ON_VAULTS(no_more_than_the_cap_go),
	    TEST_ON_VAULTS(what_the_store_keeps_is_kept),
	    TEST_ON_VAULTS(tags_hold_and_verifications_count),
	    TEST_ON_VAULTS(drills_count_as_verifications),
	    TEST_ON_VAULTS(what_is_not_signed_drops_nothing),
	    TEST_ON_VAULTS(what_a_list_says_wrongly_drops_nothing_good),
	    TEST_ON_VAULTS(what_a_list_leaves_out_stops_no_prune),
	    TEST_ON_VAULTS(what_passes_for_a_manifest_stops_no_prune),
	    TEST_ON_VAULTS(an_archive_that_is_gone_may_come_back),
	    TEST_ON_VAULTS(an_archive_that_came_back_is_good),
	    TEST_ON_VAULTS(nothing_goes_once_what_stays_is_not_whole),
	    TEST_ON_VAULTS(a_full_vault_is_emptied),
	    TEST_ON_VAULTS(a_full_vault_of_another_run_is_left_alone),
	    TEST_ON_VAULTS(a_vault_that_stays_full_says_what_went),
	    TEST_ON_VAULTS(what_one_out_of_sight_may_need_stays),
	    TEST_ON_VAULTS(what_this_machine_wrote_is_known_to_it),
	    TEST_ON_VAULTS(each_one_out_of_sight_counts),
	    TEST_ON_VAULTS(what_a_prune_saw_is_known_to_the_next),
	    TEST_ON_VAULTS(a_machine_that_meets_a_vault_looks_first),
	    TEST_ON_VAULTS(a_machine_that_remembers_nothing_prunes_in_the_end),
	    TEST_ON_VAULTS(what_another_machine_pruned_is_forgotten),
	    TEST_ON_VAULTS(what_was_pruned_needs_nothing),
	    TEST_ON_VAULTS(the_archive_stays_as_long_as_it_is_needed),
	    TEST_ON_VAULTS(a_run_that_fails_on_the_way_loses_nothing),
	    TEST_ON_VAULTS(without_a_key_all_of_it_stays),
	};

	return cmocka_run_group_tests_name(
	    "prune", tests, test_vaults_start, test_vaults_stop);
}
