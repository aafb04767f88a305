/* The chain of a vault: each harm under its name, and none where nobody did
 * any. More of it is in the simulator, tests/sim/vault. */
#include "storage/vault/chain.h"

#include "storage/base/cleanup.h"
#include "storage/vault/snapshot.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400, COUNT = 5 };

struct fixture {
	struct test_vault *t;
	struct test_clock clock;
	struct test_random random;
	struct minisign_key *key;
	struct snapshot_trust trust;
	struct chain_head head;
	char *labels[COUNT];
	/* Of the last look. */
	struct snapshots list;
	struct chain_terms terms;
	struct chain chain;
};

static char *take(struct fixture *f, struct vault *v, int64_t later_s)
{
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->clock.clock,
	    .trust = &f->trust};
	struct err err = ERR_INIT;
	struct manifest m;

	f->clock.now_ms += later_s * 1000;
	f->t->passed_s += later_s;
	cleanup(snapshot_writer_freep) struct snapshot_writer *w =
	    snapshot_begin(&v, 1, &o, &err);
	if (!w)
		fail_msg("%s", err.message);
	struct sink *sink = snapshot_writer_sink(w, &err);
	assert_non_null(sink);
	assert_ok(sink_write(sink, "content", 7, &err), err);
	assert_ok(sink_finish(sink, &err), err);
	sink_free(sink);
	manifest_init(&m);
	assert_ok(snapshot_commit(w, &m, f->key, &err), err);
	char *label = str_dup(m.label);
	manifest_done(&m);
	return label;
}

static void setup(struct fixture *f, int kind)
{
	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	vault_set_id(&f->t->vault, "1d");
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 11);
	f->key = test_key_make(&f->random);
	*vec_add(&f->trust.keys) = *minisign_key_public(f->key);
	*vec_add(&f->trust.pruners) = *minisign_key_public(f->key);
	*vec_add(&f->trust.verifiers) = *minisign_key_public(f->key);
	for (int i = 0; i < COUNT; i++)
		f->labels[i] = take(f, &f->t->vault, DAY);
}

static void forget_look(struct fixture *f)
{
	chain_done(&f->chain);
	snapshots_done(&f->list);
	f->chain = (struct chain){.elsewhere = 0};
	f->list = (struct snapshots)VEC_INIT;
}

static void teardown(struct fixture *f)
{
	forget_look(f);
	for (int i = 0; i < COUNT; i++)
		free(f->labels[i]);
	chain_head_done(&f->head);
	test_vault_free(f->t);
	minisign_key_free(f->key);
	snapshot_trust_done(&f->trust);
}

/* How much was found. */
static size_t look(struct fixture *f)
{
	struct err err = ERR_INIT;

	forget_look(f);
	assert_ok(snapshot_list(&f->t->vault, "prod", &f->list, &err), err);
	f->terms = (struct chain_terms){.vault = &f->t->vault,
	    .name = "prod",
	    .list = &f->list,
	    .trust = &f->trust,
	    .head = &f->head,
	    .now = f->clock.now_ms / 1000};
	assert_ok(chain_check(&f->terms, &f->chain, &err), err);
	return f->chain.findings.len;
}

static void remember(struct fixture *f)
{
	struct chain_head next;

	assert_int_equal(chain_remember(&f->terms, &f->chain, &next), 0);
	chain_head_done(&f->head);
	f->head = next;
}

/* One finding, of that kind, of that snapshot (NULL: of all). */
static void assert_found(
    struct fixture *f, enum chain_kind kind, const char *label)
{
	size_t n = look(f);

	if (n != 1)
		fail_msg("%zu findings, the first: %s", n,
		    n ? f->chain.findings.items[0].text : "");
	assert_int_equal(f->chain.findings.items[0].kind, kind);
	assert_true(str_eq(f->chain.findings.items[0].label, label));
	assert_true(
	    str_starts(f->chain.findings.items[0].text, chain_kind_name(kind)));
}

static void assert_whole(struct fixture *f)
{
	if (look(f))
		fail_msg("%s", f->chain.findings.items[0].text);
}

static void drop(struct fixture *f, const char *label)
{
	static const char *const rests[] = {
	    ".manifest.json", ".manifest.json.minisig", ".tar.zst.age"};
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		autofree char *name = str_printf("%s%s", label, rests[i]);
		assert_ok(vault_remove(f->t->real, name, &err), err);
	}
}

struct parts {
	struct buf part[3];
};

static void pick(struct fixture *f, const char *label, struct parts *p)
{
	static const char *const rests[] = {
	    ".manifest.json", ".manifest.json.minisig", ".tar.zst.age"};
	struct err err = ERR_INIT;

	*p = (struct parts){.part = {BUF_INIT}};
	for (int i = 0; i < 3; i++) {
		autofree char *name = str_printf("%s%s", label, rests[i]);
		assert_ok(
		    vault_read(f->t->real, name, 1 << 20, &p->part[i], &err),
		    err);
	}
}

/* Under any label; released by it. */
static void put(struct fixture *f, const char *label, struct parts *p)
{
	static const char *const rests[] = {
	    ".manifest.json", ".manifest.json.minisig", ".tar.zst.age"};
	struct err err = ERR_INIT;

	for (int i = 3; i-- > 0;) {
		autofree char *name = str_printf("%s%s", label, rests[i]);
		assert_ok(vault_put_small(f->t->real, name, p->part[i].data,
			      p->part[i].len, VAULT_RETAIN_NONE, &err),
		    err);
		buf_done(&p->part[i]);
	}
}

static void record_pruned(struct fixture *f, const char *label)
{
	struct snapshot_drop one = {.label = label, .reason = "old"};
	const struct snapshot_drops drops = {.items = &one, .len = 1};
	struct err err = ERR_INIT;

	assert_ok(snapshot_record_pruned(&f->t->vault, "prod", &drops, f->key,
		      &f->clock.clock, &err),
	    err);
}

static void prune(struct fixture *f, const char *label)
{
	record_pruned(f, label);
	drop(f, label);
}

static void what_nobody_harmed_is_whole(struct fixture *f)
{
	assert_whole(f);
	assert_int_equal(f->chain.links.len, COUNT);
	remember(f);
	prune(f, f->labels[1]);
	assert_whole(f);
	remember(f);
	free(take(f, &f->t->vault, DAY));
	assert_whole(f);
}

static void what_a_list_hides_is_asked_for(struct fixture *f)
{
	static const int hidden[] = {0, 2, COUNT - 1};

	look(f);
	remember(f);
	for (size_t i = 0; i < 3; i++) {
		autofree char *name =
		    str_printf("%s.manifest.json", f->labels[hidden[i]]);
		f->t->unlisted = name;
		assert_whole(f);
		assert_int_equal(f->chain.links.len, COUNT);
		assert_false(f->chain.links.items[hidden[i]].listed);
		remember(f);
		f->t->unlisted = NULL;
		assert_whole(f);
	}
}

static void one_from_the_middle_is_missing_until_that_is_accepted(
    struct fixture *f)
{
	struct parts p;

	pick(f, f->labels[2], &p);
	drop(f, f->labels[2]);
	assert_found(f, CHAIN_DELETE, f->labels[2]);
	remember(f);
	assert_whole(f);
	remember(f);
	assert_whole(f);
	put(f, f->labels[2], &p);
	assert_found(f, CHAIN_REPLAY, f->labels[2]);
	remember(f);
	assert_whole(f);
}

static void one_that_was_pruned_does_not_come_back(struct fixture *f)
{
	struct parts p;

	look(f);
	remember(f);
	pick(f, f->labels[0], &p);
	prune(f, f->labels[0]);
	assert_whole(f);
	remember(f);
	put(f, f->labels[0], &p);
	assert_found(f, CHAIN_REPLAY, f->labels[0]);
	/* Who remembers nothing cannot tell. */
	chain_head_done(&f->head);
	assert_whole(f);
}

/* Object Lock keeps what a record says was pruned. */
static void one_that_the_store_keeps_is_no_replay(struct fixture *f)
{
	autofree char *name = str_printf("%s.manifest.json", f->labels[0]);

	record_pruned(f, f->labels[0]);
	for (int remembered = 0; remembered < 2; remembered++) {
		f->t->unlisted = name;
		assert_whole(f);
		assert_int_equal(f->chain.links.len, COUNT);
		remember(f);
		f->t->unlisted = NULL;
		assert_whole(f);
		remember(f);
	}
}

/* A list left it out when the next was written and when the vault was looked
 * at; then a prune saw it, and the store refused its removal. A newer record
 * excuses nothing where an older one says the same. */
static void one_that_was_pruned_after_the_look_is_no_replay(struct fixture *f)
{
	const char *label = f->labels[COUNT - 1];
	autofree char *name = str_printf("%s.manifest.json", label);

	f->t->unlisted = name;
	free(take(f, &f->t->vault, DAY));
	assert_whole(f);
	assert_int_equal(f->chain.links.len, COUNT);
	remember(f);
	f->t->unlisted = NULL;
	assert_int_equal(f->head.seen, f->clock.now_ms / 1000);
	f->clock.now_ms += 1000;
	record_pruned(f, label);
	assert_whole(f);
	f->head.seen++;
	assert_found(f, CHAIN_REPLAY, label);
	f->clock.now_ms += 1000;
	record_pruned(f, label);
	assert_found(f, CHAIN_REPLAY, label);
}

static void a_record_of_another_vault_explains_nothing(struct fixture *f)
{
	vault_set_id(&f->t->vault, "another");
	prune(f, f->labels[2]);
	vault_set_id(&f->t->vault, "1d");
	assert_found(f, CHAIN_DELETE, f->labels[2]);
	assert_int_equal(f->chain.hearsay.len, 1);
	assert_contains(f->chain.hearsay.items[0], "another vault");
}

static void the_newest_that_was_seen_is_remembered(struct fixture *f)
{
	struct parts p;

	look(f);
	remember(f);
	pick(f, f->labels[COUNT - 1], &p);
	drop(f, f->labels[COUNT - 1]);
	assert_found(f, CHAIN_TRUNCATE, f->labels[COUNT - 1]);
	free(take(f, &f->t->vault, DAY));
	assert_found(f, CHAIN_FORK, f->labels[COUNT - 1]);
	remember(f);
	assert_whole(f);
	put(f, f->labels[COUNT - 1], &p);
	assert_found(f, CHAIN_REPLAY, f->labels[COUNT - 1]);
}

static void one_that_was_replaced_is_a_fork(struct fixture *f)
{
	look(f);
	remember(f);
	f->head.sha256[0] = f->head.sha256[0] == '0' ? '1' : '0';
	assert_found(f, CHAIN_FORK, f->labels[COUNT - 1]);
}

static void a_newest_that_is_old_is_a_freeze(struct fixture *f)
{
	f->clock.now_ms += 3LL * DAY * 1000 - 60000;
	assert_whole(f);
	f->clock.now_ms += 120000;
	assert_found(f, CHAIN_FREEZE, NULL);
	remember(f);
	assert_found(f, CHAIN_FREEZE, NULL);
}

static void one_of_another_vault_is_mixed_in_unless_copied(struct fixture *f)
{
	struct vault *v = &f->t->vault;
	struct err err = ERR_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct manifest m;

	vault_set_id(v, "2e");
	autofree char *label = take(f, v, DAY);
	vault_set_id(v, "1d");
	assert_found(f, CHAIN_MIX, label);
	assert_int_equal(f->chain.elsewhere, 1);
	const struct snapshot *s = &f->list.items[COUNT];
	assert_string_equal(s->label, label);
	assert_ok(snapshot_manifest(v, s, &f->trust, &m, sha256, &err), err);
	manifest_done(&m);
	struct snapshot_finding finding = {.manifest_sha256 = sha256,
	    .level = "quick",
	    .good = true,
	    .by = "me"};
	/* That somebody found it good does not say that they put it there. */
	assert_ok(snapshot_record_verified(
		      v, s, &finding, &f->trust, f->key, &f->clock.clock, &err),
	    err);
	assert_found(f, CHAIN_MIX, label);
	finding.copied = true;
	s = &f->list.items[COUNT];
	assert_ok(snapshot_record_verified(
		      v, s, &finding, &f->trust, f->key, &f->clock.clock, &err),
	    err);
	assert_whole(f);
	/* Nor does a record of another vault. */
	vault_set_id(v, "3f");
	look(f);
	assert_int_equal(f->chain.findings.len, COUNT + 1);
	vault_set_id(v, "1d");
}

static void one_without_the_ids_of_vaults_may_be_of_here(struct fixture *f)
{
	free(f->t->vault.id);
	f->t->vault.id = NULL;
	free(take(f, &f->t->vault, DAY));
	vault_set_name(&f->t->vault, "renamed");
	assert_whole(f);
	vault_set_id(&f->t->vault, "1d");
	assert_whole(f);
	assert_int_equal(f->chain.elsewhere, 1);
}

static void few_that_nobody_signed_are_hearsay_and_many_a_flood(
    struct fixture *f)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < 20; i++) {
		autofree char *name =
		    str_printf("prod-2099%02d01T000000Z.%s.json", i % 10 + 1,
			i < 10 ? "manifest" : "pruned");
		assert_ok(vault_put_small(f->t->real, name, "{}", 2,
			      VAULT_RETAIN_NONE, &err),
		    err);
		size_t findings = look(f);
		assert_int_equal(findings, i >= 9);
		assert_true(f->chain.hearsay.len >= 1);
	}
	assert_found(f, CHAIN_FLOOD, NULL);
	remember(f);
	assert_whole(f);
}

static void one_that_others_name_is_no_hearsay(struct fixture *f)
{
	autofree char *name = str_printf("%s.manifest.json", f->labels[2]);
	autofree char *newest =
	    str_printf("%s.manifest.json", f->labels[COUNT - 1]);
	struct err err = ERR_INIT;

	look(f);
	remember(f);
	assert_ok(vault_remove(f->t->real, name, &err), err);
	assert_ok(
	    vault_put_small(f->t->real, name, "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
	assert_found(f, CHAIN_DELETE, f->labels[2]);
	assert_contains(f->chain.findings.items[0].text, "does not hold");
	remember(f);
	assert_whole(f);
	assert_ok(vault_remove(f->t->real, newest, &err), err);
	assert_ok(vault_put_small(
		      f->t->real, newest, "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
	assert_found(f, CHAIN_TRUNCATE, f->labels[COUNT - 1]);
}

static void a_vault_that_cannot_be_read_is_no_finding(struct fixture *f)
{
	struct err err = ERR_INIT;

	look(f);
	chain_done(&f->chain);
	f->chain = (struct chain){.elsewhere = 0};
	f->t->list_fails = true;
	assert_int_equal(chain_check(&f->terms, &f->chain, &err), -1);
	assert_int_equal(f->chain.findings.len, 0);
}

TEST_VAULT_RUNNER(setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_nobody_harmed_is_whole),
	    TEST_ON_VAULTS(what_a_list_hides_is_asked_for),
	    TEST_ON_VAULTS(
		one_from_the_middle_is_missing_until_that_is_accepted),
	    TEST_ON_VAULTS(one_that_was_pruned_does_not_come_back),
	    TEST_ON_VAULTS(one_that_the_store_keeps_is_no_replay),
	    TEST_ON_VAULTS(one_that_was_pruned_after_the_look_is_no_replay),
	    TEST_ON_VAULTS(a_record_of_another_vault_explains_nothing),
	    TEST_ON_VAULTS(the_newest_that_was_seen_is_remembered),
	    TEST_ON_VAULTS(one_that_was_replaced_is_a_fork),
	    TEST_ON_VAULTS(a_newest_that_is_old_is_a_freeze),
	    TEST_ON_VAULTS(one_of_another_vault_is_mixed_in_unless_copied),
	    TEST_ON_VAULTS(one_without_the_ids_of_vaults_may_be_of_here),
	    TEST_ON_VAULTS(few_that_nobody_signed_are_hearsay_and_many_a_flood),
	    TEST_ON_VAULTS(one_that_others_name_is_no_hearsay),
	    TEST_ON_VAULTS(a_vault_that_cannot_be_read_is_no_finding),
	};

	return cmocka_run_group_tests_name(
	    "chain", tests, test_vaults_start, test_vaults_stop);
}
