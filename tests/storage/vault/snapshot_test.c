/* How snapshots come to be and cease to be, in a directory and in a bucket of
 * a real S3 server: nothing that is listed is not whole. */
#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"
#include "storage/vault/remains.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT "an archive, or what passes for one here"

struct fixture {
	struct test_vault *t;
	struct test_clock clock;
	struct test_random random;
	struct minisign_key *key;
	struct snapshot_trust trust;
	char *state_dir;
};

static void setup(struct fixture *f, int kind)
{
	struct err err = ERR_INIT;

	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	f->state_dir = test_dir_make();
	vault_set_memory(f->t->real, f->state_dir);
	vault_set_memory(&f->t->vault, f->state_dir);
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 7);
	cleanup(buf_done) struct buf public = BUF_INIT;
	struct secret *text = minisign_keygen(&f->random.random, &public);
	f->key = minisign_key_parse(text, NULL, "key", &err);
	secret_free(text);
	assert_non_null(f->key);
	*vec_add(&f->trust.keys) = *minisign_key_public(f->key);
	*vec_add(&f->trust.pruners) = *minisign_key_public(f->key);
	*vec_add(&f->trust.verifiers) = *minisign_key_public(f->key);
}

static void teardown(struct fixture *f)
{
	test_vault_free(f->t);
	test_dir_remove(f->state_dir);
	minisign_key_free(f->key);
	snapshot_trust_done(&f->trust);
}

static struct snapshot_writer *begin_locked(struct fixture *f, const char *name,
    struct vault *const *vaults, size_t count, struct vault_lock *const *locks,
    struct err *err)
{
	const struct snapshot_options o = {.name = name,
	    .compression = ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->clock.clock,
	    .trust = &f->trust,
	    .locks = locks};

	return snapshot_begin(vaults, count, &o, err);
}

static struct snapshot_writer *begin(struct fixture *f, const char *name,
    struct vault *const *vaults, size_t count, struct err *err)
{
	return begin_locked(f, name, vaults, count, NULL, err);
}

static int write_archive(struct snapshot_writer *w, struct err *err)
{
	cleanup(sink_freep) struct sink *s = snapshot_writer_sink(w, err);

	return !s || sink_write(s, CONTENT, strlen(CONTENT), err) ||
		       sink_finish(s, err)
		   ? -1
		   : 0;
}

static int commit(struct fixture *f, struct snapshot_writer *w, struct err *err)
{
	struct manifest m;

	manifest_init(&m);
	int result = snapshot_commit(w, &m, f->key, err);
	manifest_done(&m);
	return result;
}

/* A whole snapshot; its label is the caller's. */
static char *take(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;
	struct snapshot_writer *w = begin(f, name, &v, 1, &err);

	if (!w)
		fail_msg("%s", err.message);
	assert_ok(write_archive(w, &err), err);
	assert_ok(commit(f, w, &err), err);
	char *label = label_make(name, snapshot_writer_time(w));
	snapshot_writer_free(w);
	return label;
}

/* How many are listed; each of them must be whole. */
static size_t listed(struct fixture *f, const char *name)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	const struct snapshot_open_options o = {.trust = &f->trust};
	struct manifest m;

	assert_ok(snapshot_list(f->t->real, name, &list, &err), err);
	VEC_EACH (&list, s) {
		assert_ok(snapshot_check(f->t->real, s, &o, &m, &err), err);
		manifest_done(&m);
	}
	return list.len;
}

static void labels_never_repeat_nor_go_backwards(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	autofree char *b = take(f, "prod");
	f->clock.now_ms -= 60 * 1000;
	autofree char *c = take(f, "prod");
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_true(strcmp(a, b) < 0);
	assert_true(strcmp(b, c) < 0);
	assert_int_equal(listed(f, "prod"), 3);
	/* Three objects each, and no more. */
	assert_int_equal(test_vault_count(f->t, ""), 9);
	/* What says which is meant. */
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_string_equal(snapshot_resolve(&list, "latest", &err)->label, c);
	assert_string_equal(snapshot_resolve(&list, b, &err)->label, b);
	assert_null(snapshot_resolve(&list, "prod-2", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(snapshot_resolve(&list, "other", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void each_manifest_names_the_one_before(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	autofree char *b = take(f, "prod");
	autofree char *eu = take(f, "prod-eu");
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest first, second;
	char sha256[DIGEST_SHA256_HEX];

	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_int_equal(list.len, 2);
	assert_ok(snapshot_manifest(f->t->real, &list.items[0], &f->trust,
		      &first, sha256, &err),
	    err);
	assert_ok(snapshot_manifest(f->t->real, &list.items[1], &f->trust,
		      &second, NULL, &err),
	    err);
	const struct manifest_previous *p =
	    manifest_previous_in(&first, f->t->kind, NULL);
	assert_non_null(p);
	assert_null(p->label);
	p = manifest_previous_in(&second, f->t->kind, NULL);
	assert_string_equal(p->label, a);
	assert_string_equal(p->sha256, sha256);
	assert_null(manifest_previous_in(&second, "another", NULL));
	manifest_done(&first);
	manifest_done(&second);
	free(steal(b));
	free(steal(eu));
}

/* Another agent's upload in the making, in the same bucket, whose name begins
 * with ours. */
static void what_dead_runs_left_goes_and_nothing_of_others(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = f->t->real;
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
	free(take(f, "prod"));
	/* What is gone is known of no more: the next of that label may be a
	 * copy. */
	assert_false(remains_known(v, "prod-20200102T000000Z"));
	assert_true(remains_known(v, "prod-20200103T000000Z"));
	assert_true(remains_known(v, "prod-eu-20200102T000000Z"));
	/* Ours are gone: the upload cannot be ended any more. */
	assert_int_not_equal(sink_finish(dead, &err), 0);
	sink_free(dead);
	assert_int_equal(
	    test_vault_count(f->t, "prod-20200102T000000Z.tar.zst.age"), 0);
	/* Of this one the manifest may come back. */
	assert_int_equal(test_vault_count(f->t, "prod-20200103T000000Z"
						".tar.zst.age"),
	    1);
	assert_int_equal(
	    test_vault_count(f->t, "20200103T000000Z.manifest.json.minisig"),
	    1);
	/* Theirs are untouched. */
	err = (struct err)ERR_INIT;
	assert_ok(sink_finish(alive, &err), err);
	assert_int_equal(test_vault_count(f->t, ".tar.zst.age"), 4);
}

static void a_run_without_a_commit_leaves_nothing(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;
	struct snapshot_writer *w = begin(f, "prod", &v, 1, &err);

	assert_non_null(w);
	assert_ok(write_archive(w, &err), err);
	snapshot_writer_free(w);
	assert_int_equal(test_vault_count(f->t, ""), 0);
	/* Nor one whose archive was never ended. */
	w = begin(f, "prod", &v, 1, &err);
	struct sink *s = snapshot_writer_sink(w, &err);
	assert_ok(sink_write(s, "half", 4, &err), err);
	sink_free(s);
	assert_fails(commit(f, w, &err), err, ERR_INTEGRITY);
	snapshot_writer_free(w);
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

/* What a store does not give up is known to be ours until it is gone. */
static void what_could_not_be_withdrawn_is_remembered(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;

	for (int kept = 0; kept < 2; kept++) {
		struct snapshot_writer *w = begin(f, "prod", &v, 1, &err);
		assert_non_null(w);
		assert_ok(write_archive(w, &err), err);
		autofree char *label =
		    label_make("prod", snapshot_writer_time(w));
		assert_true(remains_known(v, label));
		f->t->kept = kept ? ".tar.zst.age" : NULL;
		snapshot_writer_free(w);
		assert_int_equal(remains_known(v, label), kept);
	}
}

/* Each object of a snapshot fails once, with nothing stored and with the
 * answer lost after it was. */
static void one_whose_manifest_no_reader_takes_is_none(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;
	struct snapshot_writer *w = begin(f, "prod", &v, 1, &err);
	autofree char *reason = mem_zalloc((1 << 20) + 1);
	struct manifest m;

	manifest_init(&m);
	memset(reason, 'a', 1 << 20);
	for (int i = 0; i < MANIFEST_MAX_BYTES >> 20; i++)
		manifest_add_missing(&m, "something", reason);
	assert_ok(write_archive(w, &err), err);
	assert_int_equal(snapshot_commit(w, &m, f->key, &err), -1);
	assert_non_null(strstr(err.message, "cannot be read: "));
	snapshot_writer_free(w);
	manifest_done(&m);
	assert_int_equal(listed(f, "prod"), 0);
}

static void a_put_that_fails_leaves_nothing_listed(struct fixture *f)
{
	static const char *const parts[] = {
	    ".manifest.json", ".manifest.json.minisig"};
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;

	for (int i = 0; i < 4; i++) {
		f->t->put_fails = parts[i / 2];
		f->t->stored = i % 2;
		struct snapshot_writer *w = begin(f, "prod", &v, 1, &err);
		assert_non_null(w);
		assert_ok(write_archive(w, &err), err);
		assert_fails(commit(f, w, &err), err, ERR_NETWORK);
		snapshot_writer_free(w);
		assert_int_equal(listed(f, "prod"), 0);
		/* Of a manifest that others may have seen, a record says that
		 * it was withdrawn. */
		size_t withdrawn = i < 2 ? (size_t)i + 1 : 2;
		assert_int_equal(
		    test_vault_count(f->t, ".pruned.json"), withdrawn);
		assert_int_equal(test_vault_count(f->t, ""), 2 * withdrawn);
	}
	/* A manifest that may be there keeps its archive. */
	f->t->put_fails = ".manifest.json";
	f->t->stored = true;
	f->t->kept = ".manifest.json";
	struct snapshot_writer *w = begin(f, "prod", &v, 1, &err);
	assert_ok(write_archive(w, &err), err);
	assert_fails(commit(f, w, &err), err, ERR_NETWORK);
	snapshot_writer_free(w);
	assert_int_equal(listed(f, "prod"), 1);
}

static void a_vault_that_fails_leaves_the_others(struct fixture *f)
{
	struct test_vault *second = test_vault_open(0);
	struct vault *both[] = {&second->vault, &f->t->vault};
	struct err err = ERR_INIT;

	vault_set_name(&second->vault, "second");
	second->put_fails = ".tar.zst.age";
	struct snapshot_writer *w = begin(f, "prod", both, 2, &err);
	assert_ok(write_archive(w, &err), err);
	assert_non_null(snapshot_writer_failure(w, 0));
	assert_contains(snapshot_writer_failure(w, 0)->message, "No space");
	assert_null(snapshot_writer_failure(w, 1));
	assert_ok(commit(f, w, &err), err);
	snapshot_writer_free(w);
	assert_int_equal(listed(f, "prod"), 1);
	assert_int_equal(test_vault_count(second, ""), 0);
	/* Both fail: nothing is committed. */
	f->t->put_fails = ".tar.zst.age";
	w = begin(f, "prod", both, 2, &err);
	assert_int_not_equal(write_archive(w, &err), 0);
	snapshot_writer_free(w);
	assert_int_equal(listed(f, "prod"), 1);
	test_vault_free(second);
}

static void a_wrong_clock_is_refused(struct fixture *f)
{
	static const int64_t minutes[] = {14, -14, 16, -16, 1440, -1440};
	struct vault *v = &f->t->vault;
	int64_t now = f->clock.now_ms;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(minutes) / sizeof(*minutes); i++) {
		f->clock.now_ms = now + minutes[i] * 60 * 1000;
		err = (struct err)ERR_INIT;
		assert_null(begin(f, "prod", &v, 1, &err));
		assert_int_equal(err.code, ERR_SYSTEM);
		assert_contains(err.message, "set the clock right");
	}
	assert_int_equal(test_vault_count(f->t, ""), 0);
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

	o->f->t->before = NULL;
	o->f->clock.now_ms += 2000;
	assert_true(vault_lock_break(&o->f->t->vault, "prod", &err) > 0);
	o->label = take(o->f, "prod");
}

/* Whether it stood still before its signature or after it: two heads of one
 * chain would look as if somebody had forked it. */
static void one_that_stood_still_lists_nothing_broken(struct fixture *f)
{
	static const char *const before[] = {".minisig", ".manifest.json"};
	const struct vault_lock_options lock_options = {.holder = "one",
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .beat_s = -1};
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;
	struct other_run other = {.f = f};

	f->t->call = run_meanwhile;
	f->t->ctx = &other;
	for (int i = 0; i < 2; i++) {
		struct vault_lock *lock =
		    vault_lock_acquire(v, "prod", &lock_options, &err);
		assert_non_null(lock);
		struct snapshot_writer *w =
		    begin_locked(f, "prod", &v, 1, &lock, &err);
		assert_ok(write_archive(w, &err), err);
		f->t->before = before[i];
		assert_fails(commit(f, w, &err), err, ERR_LOCKED);
		snapshot_writer_free(w);
		vault_lock_free(lock);
		free(other.label);
		/* Those of the other runs, and no object of ours. */
		assert_int_equal(listed(f, "prod"), i + 1);
		assert_int_equal(test_vault_count(f->t, ".tar.zst.age"), i + 1);
		assert_int_equal(
		    test_vault_count(f->t, ".manifest.json.minisig"), i + 1);
		assert_int_equal(test_vault_count(f->t, ".pruned.json"), i + 1);
		f->clock.now_ms += 2000;
	}
}

static void forged_and_swapped_are_refused(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	autofree char *b = take(f, "prod");
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(buf_done) struct buf manifest = BUF_INIT, minisig = BUF_INIT;
	autofree char *a_manifest = str_printf("%s.manifest.json", a);
	autofree char *a_minisig = str_printf("%s.manifest.json.minisig", a);
	autofree char *b_manifest = str_printf("%s.manifest.json", b);
	autofree char *b_minisig = str_printf("%s.manifest.json.minisig", b);
	struct vault *v = f->t->real;
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
	    snapshot_manifest(v, &list.items[1], &f->trust, &m, NULL, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "manifest of another snapshot");
	/* No signature at all. */
	assert_ok(vault_remove(v, a_minisig, &err), err);
	assert_fails(
	    snapshot_manifest(v, &list.items[0], &f->trust, &m, NULL, &err),
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

	autofree char *label = take(f, "prod");
	autofree char *minisig = str_printf("%s.manifest.json.minisig", label);
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_ok(vault_remove(f->t->real, minisig, &err), err);
		assert_ok(vault_put_small(f->t->real, minisig, texts[i],
			      strlen(texts[i]), VAULT_RETAIN_NONE, &err),
		    err);
		assert_fails(snapshot_manifest(f->t->real, &list.items[0],
				 &f->trust, &m, NULL, &err),
		    err, ERR_INTEGRITY);
		assert_int_equal(
		    snapshot_holds(f->t->real, &list.items[0], &f->trust, &err),
		    0);
	}
}

static void nothing_but_a_record_says_what_was_pruned(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	autofree char *b = take(f, "prod");
	autofree char *manifest = str_printf("%s.manifest.json", b);
	autofree char *minisig = str_printf("%s.manifest.json.minisig", b);
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	struct snapshot_drops drops = VEC_INIT;
	struct vault *v = f->t->real;
	struct err err = ERR_INIT;
	int64_t first = f->clock.now_ms / 1000;

	*vec_add(&drops) = (struct snapshot_drop){.label = a, .reason = "old"};
	assert_ok(snapshot_record_pruned(
		      v, "prod", &drops, f->key, &f->clock.clock, &err),
	    err);
	assert_ok(snapshot_record_pruned(
		      v, "prod", &drops, f->key, &f->clock.clock, &err),
	    err);
	/* That of an agent with another key is its own. */
	assert_ok(vault_put_small(v, "prod-eu-20260101T000000Z.pruned.json",
		      "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(
	    snapshot_pruned(v, "prod", &f->trust, &removals, NULL, &err), err);
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
	    snapshot_pruned(v, "prod", &f->trust, &removals, NULL, &err), err,
	    ERR_INTEGRITY);
	assert_contains(err.message, "signed as something else");
	vec_done(&drops);
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
		autofree char *label = take(f, name);
		assert_int_equal(strlen(label), 63 + over + 17);
		cleanup(snapshots_done) struct snapshots list = VEC_INIT;
		struct manifest m;
		assert_ok(snapshot_list(f->t->real, name, &list, &err), err);
		assert_int_equal(list.len, 1);
		assert_string_equal(list.items[0].label, label);
		assert_ok(snapshot_manifest(f->t->real, &list.items[0],
			      &f->trust, &m, NULL, &err),
		    err);
		manifest_done(&m);
	}
}

/* How many records it took, and that all of it is read again. */
static size_t records_of(struct fixture *f, struct snapshot_drops *drops)
{
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	struct vault *v = f->t->real;
	struct err err = ERR_INIT;

	size_t before = test_vault_count(f->t, ".pruned.json");
	assert_ok(snapshot_record_pruned(
		      v, "prod", drops, f->key, &f->clock.clock, &err),
	    err);
	assert_ok(
	    snapshot_pruned(v, "prod", &f->trust, &removals, NULL, &err), err);
	VEC_EACH (drops, d)
		assert_non_null(snapshot_removals_find(&removals, d->label));
	return test_vault_count(f->t, ".pruned.json") - before;
}

/* The size of the largest record that was written. */
static size_t largest(struct fixture *f)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t most = 0;

	assert_ok(vault_list(f->t->real, "prod-", &items, &err), err);
	VEC_EACH (&items, item)
		if (!strstr(item->name, ".minisig") && item->bytes > most)
			most = (size_t)item->bytes;
	return most;
}

static void what_one_record_does_not_hold_is_told_in_several(struct fixture *f)
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
	size_t before = test_vault_count(f->t, ".pruned.json");
	drops.len = 1;
	assert_fails(snapshot_record_pruned(f->t->real, "prod", &drops, f->key,
			 &f->clock.clock, &err),
	    err, ERR_FORMAT);
	assert_int_equal(test_vault_count(f->t, ".pruned.json"), before);
}

static int copy_first(struct fixture *f, struct test_vault *to, struct err *err)
{
	const struct vault_lock_options lock_options = {.holder = "a copy",
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .beat_s = -1};
	cleanup(vault_lock_freep) struct vault_lock *lock =
	    vault_lock_acquire(&to->vault, "prod", &lock_options, err);
	autofree char *scratch = test_dir_make();
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	const struct snapshot_open_options o = {
	    .trust = &f->trust, .scratch = scratch};
	const struct snapshot_copy_to target = {
	    .vault = &to->vault, .lock = lock};

	assert_non_null(lock);
	assert_ok(snapshot_list(f->t->real, "prod", &list, err), *err);
	int result =
	    snapshot_copy(f->t->real, &list.items[0], &o, &target, err);
	test_dir_remove(steal(scratch));
	return result;
}

static void a_copy_that_was_interrupted_is_made_again(struct fixture *f)
{
	autofree char *label = take(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	struct test_vault *to = test_vault_open(0);
	struct err err = ERR_INIT;

	assert_ok(vault_put_small(
		      to->real, archive, CONTENT, 5, VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(copy_first(f, to, &err), err);
	assert_int_equal(test_vault_count(to, ""), 3);
	assert_int_equal(copy_first(f, to, &err), 1);
	assert_int_equal(test_vault_count(to, ""), 3);
	test_vault_free(to);
}

static void a_copy_takes_for_there_what_is_the_same_and_whole(struct fixture *f)
{
	autofree char *label = take(f, "prod");
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
	autofree char *label = take(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	struct test_vault *to = test_vault_open(0);
	struct err err = ERR_INIT;
	unsigned written = 0;

	assert_ok(vault_put_small(to->real, archive, CONTENT, strlen(CONTENT),
		      VAULT_RETAIN_NONE, &err),
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

	free(take(f, "prod"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_vault *to = test_vault_open(f->t->kind[0] == 'S');
		struct err err = ERR_INIT;

		to->before = cases[i].before;
		to->call = cases[i].call;
		to->ctx = to;
		assert_fails(copy_first(f, to, &err), err, ERR_LOCKED);
		assert_int_equal(test_vault_count(to, ""), cases[i].left);
		test_vault_free(to);
	}
}

/* What is said of the first snapshot, signed (or not) by the fixture's key. */
static void say(struct fixture *f, const char *level, bool good, bool is_signed)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, sha256, &err),
	    err);
	manifest_done(&m);
	const struct snapshot_finding finding = {.manifest_sha256 = sha256,
	    .level = level,
	    .good = good,
	    .by = "host7"};
	assert_ok(
	    snapshot_record_verified(f->t->real, &list.items[0], &finding,
		&f->trust, is_signed ? f->key : NULL, &f->clock.clock, &err),
	    err);
}

static struct snapshot_verdict verdict_of(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct snapshot_verdict v;
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, sha256, &err),
	    err);
	manifest_done(&m);
	assert_ok(snapshot_verdict(
		      f->t->real, &list.items[0], &f->trust, sha256, &v, &err),
	    err);
	return v;
}

static int remove_first(struct fixture *f, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->t->real, "prod", &list, err), *err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, NULL, err),
	    *err);
	int result = snapshot_remove(&f->t->vault, &list.items[0], &m, err);
	manifest_done(&m);
	return result;
}

static void removal_begins_with_the_manifest(struct fixture *f)
{
	struct err err = ERR_INIT;

	free(take(f, "prod"));
	say(f, "full", true, true);
	f->t->kept = ".manifest.json";
	assert_fails(remove_first(f, &err), err, ERR_DENIED);
	assert_int_equal(test_vault_count(f->t, ""), 5);
	assert_int_equal(listed(f, "prod"), 1);
	f->t->kept = NULL;
	assert_ok(remove_first(f, &err), err);
	assert_int_equal(test_vault_count(f->t, ""), 0);
}

static void put(struct fixture *f, const char *label, const char *rest)
{
	autofree char *object = str_printf("%s%s", label, rest);
	struct err err = ERR_INIT;

	assert_ok(vault_put_small(
		      f->t->real, object, "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
}

static void foreign_objects_are_no_part_of_it(struct fixture *f)
{
	static const char *const foreign[] = {".tar.zst.age.sha256",
	    ".tar.zst.age~", ".tar.zst.age.part", ".tar.xz", ".tar.",
	    ".manifest.json.bak", ".verified-20260101T000000Z-full-good.json~",
	    ".verified-20260101T000000Z-full-failed.json.minisig.old"};
	enum { COUNT = sizeof(foreign) / sizeof(*foreign) };
	autofree char *label = take(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT; i++)
		put(f, label, foreign[i]);
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_int_equal(list.len, 1);
	assert_string_equal(list.items[0].archive, archive);
	assert_int_equal(list.items[0].records.len, 0);
	assert_int_equal(listed(f, "prod"), 1);
	assert_ok(remove_first(f, &err), err);
	assert_int_equal(test_vault_count(f->t, ""), COUNT);
	/* And the next run does not tidy them away. */
	free(take(f, "prod"));
	assert_int_equal(test_vault_count(f->t, ""), COUNT + 3);
}

/* To the last letter: what is ours is not named, and what is not is. */
static void what_is_foreign_is_named(struct fixture *f)
{
	static const char *const ours[] = {"prod.lock-000001-00000001",
	    "prod.lock-x.lock-000001-00000001",
	    "prod-20260101T000000Z.pruned.json"};
	static const char *const foreign[] = {"notes.txt",
	    "prod-20260101T000000Z.pruned.json.bak",
	    "prod.lock-000001-00000001x", "prod.lock-000001-0000001",
	    "prod.lock-0000010-0000001", "prod.lock-00000a-00000001"};
	enum { OURS = 3, FOREIGN = 6 };
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	free(take(f, "prod"));

	for (size_t i = 0; i < OURS + FOREIGN; i++)
		assert_ok(vault_put_small(f->t->real,
			      i < OURS ? ours[i] : foreign[i - OURS], "x", 1,
			      VAULT_RETAIN_NONE, &err),
		    err);
	assert_ok(snapshot_foreign(f->t->real, &names, &err), err);
	assert_int_equal(names.len, FOREIGN);
	for (size_t i = 0; i < FOREIGN; i++)
		assert_true(strvec_has(&names, foreign[i]));
}

static void only_what_is_signed_pulls_the_label(struct fixture *f)
{
	static const char *const forged[] = {"prod-99991231T235959Z",
	    "prod-99991231T235958Z", "prod-22620411T234716Z"};
	autofree char *before = take(f, "prod");
	struct err err = ERR_INIT;
	struct vault *v = &f->t->vault;
	struct snapshot_writer *w;
	int64_t now = f->clock.now_ms;

	for (size_t i = 0; i < 3; i++) {
		put(f, forged[i], ".manifest.json");
		put(f, forged[i], ".manifest.json.minisig");
	}
	autofree char *after = take(f, "prod");
	assert_true(strcmp(before, after) < 0);
	assert_true(strcmp(after, "prod-21") < 0);
	/* One that is signed does, and is told of. */
	f->clock.now_ms += INT64_C(10) * 365 * 86400 * 1000;
	f->t->passed_s += INT64_C(10) * 365 * 86400;
	autofree char *ahead = take(f, "prod");
	f->clock.now_ms = now;
	f->t->passed_s = 0;
	w = begin(f, "prod", &v, 1, &err);
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

	free(take(f, "prod"));
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	for (int64_t n = 1; n <= 3; n++) {
		char stamp[CLOCK_TEXT_MAX];
		clock_stamp(list.items[0].time + n, stamp);
		autofree char *label = str_printf("prod-%s", stamp);
		put(f, label, ".manifest.json");
	}
	autofree char *second = take(f, "prod");
	char stamp[CLOCK_TEXT_MAX];
	clock_stamp(list.items[0].time + 4, stamp);
	assert_string_equal(second + strlen("prod-"), stamp);
}

static void what_a_list_leaves_out_is_asked_for(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	autofree char *manifest = str_printf("%s.manifest.json", a);
	autofree char *minisig = str_printf("%s.minisig", manifest);
	autofree char *archive = str_printf("%s.tar.zst.age", a);
	struct err err = ERR_INIT;

	/* An archive whose manifest is not listed is not a dead run's. */
	f->t->unlisted = manifest;
	free(take(f, "prod"));
	f->t->unlisted = NULL;
	assert_int_equal(listed(f, "prod"), 2);
	/* Nor is one whose manifest is gone: it may come back. */
	assert_ok(vault_remove(f->t->real, manifest, &err), err);
	free(take(f, "prod"));
	assert_int_equal(test_vault_count(f->t, archive), 1);
	/* That its signature is out of sight, too, says no more. */
	assert_ok(vault_remove(f->t->real, minisig, &err), err);
	free(take(f, "prod"));
	assert_int_equal(test_vault_count(f->t, archive), 1);
	assert_false(remains_known(f->t->real, a));
}

static void what_a_dead_prune_left_goes_with_the_next_run(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", a);
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, NULL, &err),
	    err);
	f->t->kept = archive;
	assert_fails(snapshot_remove(&f->t->vault, &list.items[0], &m, &err),
	    err, ERR_DENIED);
	manifest_done(&m);
	assert_true(remains_known(f->t->real, a));
	/* One that the store keeps does no harm. */
	free(take(f, "prod"));
	assert_int_equal(test_vault_count(f->t, archive), 1);
	f->t->kept = NULL;
	free(take(f, "prod"));
	assert_int_equal(test_vault_count(f->t, archive), 0);
	assert_false(remains_known(f->t->real, a));
	assert_int_equal(listed(f, "prod"), 2);
}

static void a_list_that_names_all_twice_names_one(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	free(take(f, "prod"));
	free(take(f, "prod"));
	f->t->doubled = "";
	assert_ok(snapshot_list(&f->t->vault, "prod", &list, &err), err);
	assert_int_equal(list.len, 2);
	VEC_EACH (&list, s)
		assert_non_null(s->archive);
}

static void removal_leaves_the_record_of_the_same_second(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	struct snapshot_drops drops = VEC_INIT;
	struct err err = ERR_INIT;

	free(take(f, "prod"));
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	f->clock.now_ms = list.items[0].time * 1000;
	*vec_add(&drops) =
	    (struct snapshot_drop){.label = "prod-other", .reason = "old"};
	assert_ok(snapshot_record_pruned(f->t->real, "prod", &drops, f->key,
		      &f->clock.clock, &err),
	    err);
	assert_ok(remove_first(f, &err), err);
	assert_int_equal(listed(f, "prod"), 0);
	assert_ok(snapshot_pruned(
		      f->t->real, "prod", &f->trust, &removals, NULL, &err),
	    err);
	assert_int_equal(removals.len, 1);
	vec_done(&drops);
}

/* "hold a b": what the first snapshot is marked with; the caller frees. */
static char *marks_of(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct buf out = BUF_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, sha256, &err),
	    err);
	assert_true(snapshot_marked(f->t->real, &list.items[0], &f->trust,
			sha256, &m, &err) >= 0);
	buf_add_str(&out, m.hold ? "hold" : "free");
	VEC_EACH (&m.tags, tag)
		buf_printf(&out, " %s", *tag);
	manifest_done(&m);
	return buf_steal(&out);
}

static void assert_marks(struct fixture *f, const char *want)
{
	autofree char *marks = marks_of(f);

	assert_string_equal(marks, want);
}

/* Tag NULL: none. A digest that is not the manifest's: "other". */
static void mark(struct fixture *f, bool hold, const char *tag,
    const struct minisign_key *key, const char *digest)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(strvec_done) struct strvec tags = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	if (tag)
		strvec_add(&tags, tag);
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, sha256, &err),
	    err);
	manifest_done(&m);
	const struct snapshot_mark one = {
	    .manifest_sha256 = digest ? digest : sha256,
	    .hold = hold,
	    .tags = &tags,
	    .by = "here"};
	assert_ok(snapshot_record_marked(f->t->real, &list.items[0], &one,
		      &f->trust, key, &f->clock.clock, &err),
	    err);
}

static void the_last_marks_count(struct fixture *f)
{
	cleanup(strvec_done) struct strvec foreign = VEC_INIT;
	struct err err = ERR_INIT;

	free(take(f, "prod"));
	assert_marks(f, "free");
	mark(f, true, "audited", f->key, NULL);
	assert_marks(f, "hold audited");
	/* The same second, and a clock that went back. */
	mark(f, false, NULL, f->key, NULL);
	assert_marks(f, "free");
	f->clock.now_ms -= 3600 * 1000;
	mark(f, true, "b", f->key, NULL);
	assert_marks(f, "hold b");
	/* They are ours, are no verification, and go with the snapshot. */
	assert_ok(snapshot_foreign(f->t->real, &foreign, &err), err);
	assert_int_equal(foreign.len, 0);
	assert_int_equal(verdict_of(f).at, 0);
	assert_ok(remove_first(f, &err), err);
	struct vault_items left = VEC_INIT;
	assert_ok(vault_list(f->t->real, "prod-", &left, &err), err);
	assert_int_equal(left.len, 0);
	vault_items_done(&left);
}

/* Anyone may write to the vault. */
static void marks_of_nobody_who_may_weigh_nothing(struct fixture *f)
{
	struct minisign_publics pruners = f->trust.pruners;

	free(take(f, "prod"));
	mark(f, true, "good", f->key, NULL);
	mark(f, false, "unsigned", NULL, NULL);
	assert_marks(f, "hold good");
	mark(f, false, "other", f->key, "0123");
	assert_marks(f, "hold good");
	f->trust.pruners = (struct minisign_publics)VEC_INIT;
	assert_marks(f, "free");
	f->trust.pruners = pruners;
}

static bool found_good(struct fixture *f, const char *level, bool good)
{
	f->clock.now_ms += 60 * 1000;
	say(f, level, good, true);
	return !verdict_of(f).failed;
}

static void what_was_found_wrong_stands_until_it_is_looked_at(struct fixture *f)
{
	free(take(f, "prod"));
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
	free(take(f, "prod"));
	assert_true(found_good(f, "full", true));
	assert_true(found_good(f, "drill", false));
	struct snapshot_verdict v = verdict_of(f);
	assert_true(v.drill_failed);
	assert_int_equal(v.drilled, f->clock.now_ms / 1000);
	assert_string_equal(v.level, "full");
	assert_true(found_good(f, "full", true));
	assert_true(verdict_of(f).drill_failed);
	assert_false(found_good(f, "full", false));
	assert_true(found_good(f, "drill", true));
	v = verdict_of(f);
	assert_false(v.drill_failed);
	assert_string_equal(v.level, "drill");
	assert_int_equal(v.at, v.drilled);
}

static void unsigned_words_weigh_nothing(struct fixture *f)
{
	autofree char *label = take(f, "prod");

	put(f, label, ".verified-20260101T000000Z-full-failed.json");
	put(f, label, ".verified-20361128T000000Z-full-good.json");
	put(f, label, ".verified-20361128T000000Z-full-good.json.minisig");
	say(f, "full", false, false);
	assert_int_equal(verdict_of(f).at, 0);
	assert_false(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).hearsay, 3);
	assert_int_equal(verdict_of(f).hearsay_failed, 2);
	say(f, "full", true, true);
	assert_int_not_equal(verdict_of(f).at, 0);
	say(f, "full", false, true);
	assert_true(verdict_of(f).failed);
	/* Whose key may sign snapshots may not say this. */
	f->trust.verifiers.len = 0;
	assert_int_equal(verdict_of(f).at, 0);
	assert_int_equal(verdict_of(f).hearsay, 5);
}

/* Of one level and outcome, with its signature. */
static void silence(struct fixture *f, const char *end)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t removed = 0;

	assert_ok(vault_list(f->t->real, "prod-", &items, &err), err);
	VEC_EACH (&items, item) {
		if (!strstr(item->name, end))
			continue;
		assert_ok(vault_remove(f->t->real, item->name, &err), err);
		removed++;
	}
	assert_true(removed >= 2);
}

/* Whoever owns the vault may remove the newest record: who has read it knows
 * it. */
static void a_record_that_was_read_is_not_silenced(struct fixture *f)
{
	free(take(f, "prod"));
	assert_true(found_good(f, "full", true));
	assert_false(found_good(f, "full", false));
	assert_false(found_good(f, "quick", true));
	silence(f, "-full-failed.json");
	assert_true(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).silenced, 1);
	silence(f, "-quick-good.json");
	assert_true(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).silenced, 2);
	assert_int_equal(verdict_of(f).sequence, 3);
	/* A later one still outweighs them. */
	f->clock.now_ms += 60 * 1000;
	say(f, "full", true, true);
	assert_false(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).sequence, 4);
	silence(f, "-full-good.json");
	assert_false(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).sequence, 4);
	assert_string_equal(verdict_of(f).level, "full");
}

/* Not even for those who have no right to speak any more, and not longer than
 * there is a snapshot. */
static void a_remembered_record_counts_as_one_in_the_vault(struct fixture *f)
{
	struct err err = ERR_INIT;
	char place[DIGEST_SHA256_HEX];

	autofree char *label = take(f, "prod");
	say(f, "full", false, true);
	assert_true(verdict_of(f).failed);
	silence(f, "-full-failed.json");
	struct minisign_publics verifiers = f->trust.verifiers;
	f->trust.verifiers.len = 0;
	assert_false(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).silenced, 0);
	f->trust.verifiers = verifiers;
	assert_true(verdict_of(f).failed);
	/* A machine that has read none knows none. */
	vault_set_memory(f->t->real, NULL);
	assert_false(verdict_of(f).failed);
	vault_set_memory(f->t->real, f->state_dir);
	digest_sha256_hex(
	    f->t->real->description, strlen(f->t->real->description), place);
	autofree char *dir =
	    str_printf("%s/records/%s/%s", f->state_dir, place, label);
	assert_true(file_exists(dir));
	assert_ok(remove_first(f, &err), err);
	assert_false(file_exists(dir));
}

/* A look at less of it says nothing of the rest, not even by failing. */
static void damage_stands_until_as_much_is_found_good(struct fixture *f)
{
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	autofree char *label = take(f, "prod");
	autofree char *archive = str_printf("%s.tar.zst.age", label);
	assert_false(found_good(f, "full", false));
	assert_false(found_good(f, "quick", false));
	assert_false(found_good(f, "quick", true));
	assert_string_equal(verdict_of(f).level, "full");
	/* Nor does it that the archive was out of sight for a while. */
	assert_ok(vault_read(f->t->real, archive, 1 << 20, &bytes, &err), err);
	assert_ok(vault_remove(f->t->real, archive, &err), err);
	assert_false(found_good(f, "full", false));
	assert_ok(vault_put_small(f->t->real, archive, bytes.data, bytes.len,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_false(verdict_of(f).unseen);
	assert_false(found_good(f, "quick", true));
	assert_true(found_good(f, "full", true));
}

/* Records are put in order by what each knew of, not by clocks. */
static void a_clock_that_is_ahead_silences_nobody(struct fixture *f)
{
	static const int64_t ahead_s[] = {240, 86400, 315360000, -240, -86400};

	for (size_t i = 0; i < sizeof(ahead_s) / sizeof(*ahead_s); i++) {
		struct err err = ERR_INIT;
		int64_t now = f->clock.now_ms;
		free(take(f, "prod"));
		f->clock.now_ms += ahead_s[i] * 1000;
		say(f, "full", true, true);
		f->clock.now_ms = now + 60 * 1000;
		say(f, "full", false, true);
		assert_true(verdict_of(f).failed);
		f->clock.now_ms -= 7200 * 1000;
		say(f, "full", true, true);
		assert_false(verdict_of(f).failed);
		f->clock.now_ms = now;
		assert_ok(remove_first(f, &err), err);
	}
}

/* A record goes with the manifest it speaks of, and with its own name. */
static void a_record_of_another_manifest_weighs_nothing(struct fixture *f)
{
	autofree char *a = take(f, "prod");
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;

	say(f, "full", false, true);
	assert_ok(vault_list(f->t->real, "", &items, &err), err);
	autofree char *b = take(f, "prod");
	VEC_EACH (&items, item) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		if (!strstr(item->name, ".verified-"))
			continue;
		autofree char *name =
		    str_printf("%s%s", b, item->name + strlen(a));
		assert_ok(
		    vault_read(f->t->real, item->name, 1 << 20, &text, &err),
		    err);
		assert_ok(vault_put_small(f->t->real, name, text.data, text.len,
			      VAULT_RETAIN_NONE, &err),
		    err);
	}
	assert_ok(remove_first(f, &err), err);
	assert_false(verdict_of(f).failed);
	assert_int_equal(verdict_of(f).hearsay, 1);
}

/* Whatever their names are. */
static void a_list_of_all_names_is_in_order_of_time(struct fixture *f)
{
	static const char *const order[] = {"zeta", "alpha", "beta"};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	free(take(f, "zeta"));
	f->clock.now_ms += 60 * 1000;
	free(take(f, "beta"));
	free(take(f, "alpha"));
	assert_ok(snapshot_list(f->t->real, NULL, &list, &err), err);
	assert_int_equal(list.len, 3);
	for (size_t i = 0; i < list.len; i++)
		assert_string_equal(list.items[i].name, order[i]);
	assert_int_equal(list.items[1].time, list.items[2].time);
}

static void whether_there_is_an_archive_is_asked_by_name(struct fixture *f)
{
	static const char *const ends[] = {
	    ".tar.zst.age", ".tar.gz.age", ".tar.zst", ".tar.gz"};
	struct vault *v = &f->t->vault;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		autofree char *label =
		    str_printf("prod-2026010%zuT000000Z", i + 1);
		const struct snapshot s = {.label = label};
		put(f, label, ".tar.zst.age.part");
		assert_int_equal(snapshot_has_archive(v, &s, &err), 0);
		put(f, label, ends[i]);
		assert_int_equal(snapshot_has_archive(v, &s, &err), 1);
		f->t->unread = ".age";
		f->t->unread_code = ERR_NETWORK;
		f->t->unread_times = 1;
		assert_fails(
		    snapshot_has_archive(v, &s, &err), err, ERR_NETWORK);
		f->t->unread_code = ERR_FORMAT; /* a link */
		f->t->unread_times = 1;
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

	free(take(f, "prod"));
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, NULL, &err),
	    err);
	f->t->unread = ".tar.zst.age";
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		f->t->unread_code = said[i][0];
		f->t->unread_times = 1;
		assert_fails(snapshot_find_archive(&f->t->vault, &m, &err), err,
		    said[i][1]);
	}
	assert_ok(snapshot_find_archive(&f->t->vault, &m, &err), err);
	manifest_done(&m);
}

static void a_record_that_cannot_be_read_is_no_forged_one(struct fixture *f)
{
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	cleanup(strvec_done) struct strvec forged = VEC_INIT;
	struct vault *v = &f->t->vault;
	struct err err = ERR_INIT;

	put(f, "prod-20260101T000000Z", ".pruned.json");
	assert_fails(
	    snapshot_pruned(v, "prod", &f->trust, &removals, NULL, &err), err,
	    ERR_INTEGRITY);
	assert_ok(
	    snapshot_pruned(v, "prod", &f->trust, &removals, &forged, &err),
	    err);
	assert_int_equal(forged.len, 1);
	for (int i = 0; i < 2; i++) {
		f->t->unread = ".pruned.json";
		f->t->unread_code = ERR_NETWORK;
		f->t->unread_times = 1;
		assert_fails(snapshot_pruned(v, "prod", &f->trust, &removals,
				 i ? &forged : NULL, &err),
		    err, ERR_NETWORK);
	}
	assert_int_equal(forged.len, 1);
	assert_int_equal(removals.len, 0);
}

static void that_nothing_was_recorded_is_an_error_with_its_cause(
    struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	free(take(f, "prod"));
	assert_ok(snapshot_list(f->t->real, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(
		      f->t->real, &list.items[0], &f->trust, &m, sha256, &err),
	    err);
	manifest_done(&m);
	const struct snapshot_finding finding = {.manifest_sha256 = sha256,
	    .level = "full",
	    .good = true,
	    .by = "host7"};
	f->t->put_fails = "-full-good.json";
	assert_fails(snapshot_record_verified(&f->t->vault, &list.items[0],
			 &finding, &f->trust, f->key, &f->clock.clock, &err),
	    err, ERR_NETWORK);
	assert_contains(err.message, "recording the verification of");
	f->t->put_fails = NULL;
	struct err untouched = ERR_INIT;
	assert_ok(snapshot_record_verified(&f->t->vault, &list.items[0],
		      &finding, &f->trust, f->key, &f->clock.clock, &untouched),
	    untouched);
	assert_false(verdict_of(f).failed);
}

TEST_VAULT_RUNNER

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(labels_never_repeat_nor_go_backwards),
	    TEST_ON_VAULTS(each_manifest_names_the_one_before),
	    TEST_ON_VAULTS(what_dead_runs_left_goes_and_nothing_of_others),
	    TEST_ON_VAULTS(a_run_without_a_commit_leaves_nothing),
	    TEST_ON_VAULTS(what_could_not_be_withdrawn_is_remembered),
	    TEST_ON_VAULTS(one_whose_manifest_no_reader_takes_is_none),
	    TEST_ON_VAULTS(a_put_that_fails_leaves_nothing_listed),
	    TEST_ON_VAULTS(a_vault_that_fails_leaves_the_others),
	    TEST_ON_VAULTS(a_wrong_clock_is_refused),
	    TEST_ON_VAULTS(one_that_stood_still_lists_nothing_broken),
	    TEST_ON_VAULTS(forged_and_swapped_are_refused),
	    TEST_ON_VAULTS(a_text_in_place_of_a_signature_does_not_hold),
	    TEST_ON_VAULTS(nothing_but_a_record_says_what_was_pruned),
	    TEST_ON_VAULTS(names_are_read_up_to_the_length_that_is_written),
	    TEST_ON_VAULTS(what_one_record_does_not_hold_is_told_in_several),
	    TEST_ON_VAULTS(a_copy_that_was_interrupted_is_made_again),
	    TEST_ON_VAULTS(a_copy_takes_for_there_what_is_the_same_and_whole),
	    TEST_ON_VAULTS(a_copy_that_stood_still_makes_no_snapshot),
	    TEST_ON_VAULTS(removal_begins_with_the_manifest),
	    TEST_ON_VAULTS(foreign_objects_are_no_part_of_it),
	    TEST_ON_VAULTS(what_is_foreign_is_named),
	    TEST_ON_VAULTS(only_what_is_signed_pulls_the_label),
	    TEST_ON_VAULTS(a_label_that_is_taken_is_passed_over),
	    TEST_ON_VAULTS(what_a_list_leaves_out_is_asked_for),
	    TEST_ON_VAULTS(what_a_dead_prune_left_goes_with_the_next_run),
	    TEST_ON_VAULTS(a_copy_keeps_the_archive_that_is_there),
	    TEST_ON_VAULTS(a_list_that_names_all_twice_names_one),
	    TEST_ON_VAULTS(unsigned_words_weigh_nothing),
	    TEST_ON_VAULTS(a_clock_that_is_ahead_silences_nobody),
	    TEST_ON_VAULTS(a_record_that_was_read_is_not_silenced),
	    TEST_ON_VAULTS(a_remembered_record_counts_as_one_in_the_vault),
	    TEST_ON_VAULTS(damage_stands_until_as_much_is_found_good),
	    TEST_ON_VAULTS(a_record_of_another_manifest_weighs_nothing),
	    TEST_ON_VAULTS(removal_leaves_the_record_of_the_same_second),
	    TEST_ON_VAULTS(what_was_found_wrong_stands_until_it_is_looked_at),
	    TEST_ON_VAULTS(a_drill_that_failed_stands_until_one_passes),
	    TEST_ON_VAULTS(the_last_marks_count),
	    TEST_ON_VAULTS(marks_of_nobody_who_may_weigh_nothing),
	    TEST_ON_VAULTS(a_list_of_all_names_is_in_order_of_time),
	    TEST_ON_VAULTS(whether_there_is_an_archive_is_asked_by_name),
	    TEST_ON_VAULTS(an_archive_that_cannot_be_asked_for_is_not_bad),
	    TEST_ON_VAULTS(a_record_that_cannot_be_read_is_no_forged_one),
	    TEST_ON_VAULTS(
		that_nothing_was_recorded_is_an_error_with_its_cause),
	};

	return cmocka_run_group_tests_name(
	    "snapshot", tests, test_vaults_start, test_vaults_stop);
}
