/* What only a bucket has: Object Lock, versions, prefixes, parts. */
#include "storage/vault/vault_s3.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/vault/snapshot.h"
#include "tests/support/keys.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 20 << 20, DAY_S = 86400 };

static struct vault *open_vault(
    struct s3 *s3, const char *prefix, const char *mode, int days)
{
	const struct vault_s3_options o = {.s3 = s3,
	    .prefix = prefix,
	    .lock_mode = mode,
	    .lock_days = days,
	    .clock = clock_system()};
	struct err err = ERR_INIT;
	struct vault *v = vault_s3_open(&o, &err);

	assert_non_null(v);
	return v;
}

static const struct snapshot_trust anybody = {.unsigned_allowed = true};

static void write_snapshot(struct vault *v, size_t bytes)
{
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_AGE,
	    .clock = clock_system(),
	    .trust = &anybody};
	autofree char *content = mem_zalloc(bytes);
	struct test_random random;
	struct err err = ERR_INIT;
	struct manifest m;

	test_random_init(&random, 9);
	random_fill(&random.random, content, bytes);
	cleanup(minisign_key_freep) struct minisign_key *key =
	    test_key_make(&random);
	cleanup(snapshot_writer_freep) struct snapshot_writer *w =
	    snapshot_begin(&v, 1, &o, &err);
	assert_non_null(w);
	cleanup(sink_freep) struct sink *s = snapshot_writer_sink(w, &err);
	assert_ok(sink_write(s, content, bytes, &err), err);
	assert_ok(sink_finish(s, &err), err);
	manifest_init(&m);
	assert_ok(snapshot_commit(w, &m, key, &err), err);
	manifest_done(&m);
}

/* An archive of several parts and one of a single put; every object of both is
 * locked for its days, and none can be removed. */
static void every_object_of_a_snapshot_is_locked(const char *mode)
{
	struct s3 *s3 = test_vaults_bucket(true);
	struct vault *v = open_vault(s3, "a", mode, 2);
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	int64_t now = clock_now_ms(clock_system()) / 1000;
	struct err err = ERR_INIT;

	write_snapshot(v, LARGE);
	write_snapshot(v, 10);
	assert_ok(vault_list(v, "", &items, &err), err);
	assert_int_equal(items.len, 6);
	VEC_EACH (&items, item) {
		cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
		autofree char *key = str_printf("a/%s", item->name);
		assert_ok(s3_head(s3, key, NULL, &meta, &err), err);
		if (!meta.lock_mode)
			fail_msg("'%s' is not locked", item->name);
		assert_string_equal(meta.lock_mode, mode);
		assert_in_range(meta.lock_until, now + 2 * DAY_S - 5,
		    now + 2 * DAY_S + 300);
		assert_fails(
		    vault_remove(v, item->name, &err), err, ERR_DENIED);
	}
	assert_ok(snapshot_list(v, "prod", &list, &err), err);
	assert_int_equal(list.len, 2);
	VEC_EACH (&list, s) {
		struct manifest m;
		assert_ok(
		    snapshot_manifest(v, s, &anybody, &m, NULL, &err), err);
		assert_fails(snapshot_remove(v, s, &m, &err), err, ERR_DENIED);
		manifest_done(&m);
	}
	vault_items_done(&items);
	assert_ok(vault_list(v, "", &items, &err), err);
	assert_int_equal(items.len, 6);
	/* What is not part of a snapshot comes and goes. */
	assert_ok(vault_put_small(v, "prod.lock-000001-00000000", "x", 1,
		      VAULT_RETAIN_NONE, &err),
	    err);
	assert_ok(vault_remove(v, "prod.lock-000001-00000000", &err), err);
	/* Of two that write it, the first alone has it. */
	assert_ok(vault_put_small(
		      v, "prod.run-1.json", "a", 1, VAULT_RETAIN_NONE, &err),
	    err);
	assert_fails(vault_put_small(
			 v, "prod.run-1.json", "b", 1, VAULT_RETAIN_NONE, &err),
	    err, ERR_EXISTS);
	cleanup(buf_done) struct buf first = BUF_INIT;
	assert_ok(vault_read(v, "prod.run-1.json", 9, &first, &err), err);
	assert_string_equal(buf_str(&first), "a");
	assert_ok(vault_remove(v, "prod.run-1.json", &err), err);
	struct sink *passing = vault_put_passing(v, "prod.contents", &err);
	assert_non_null(passing);
	assert_ok(sink_write(passing, "x", 1, &err), err);
	assert_ok(sink_finish(passing, &err), err);
	sink_free(passing);
	assert_ok(vault_remove(v, "prod.contents", &err), err);
	printf("# %s: 6 of 6 objects locked for 2 days, 0 removed\n", mode);
	vault_free(v);
	s3_free(s3);
}

static void locked_for_their_days(void **state)
{
	(void)state;
	every_object_of_a_snapshot_is_locked("GOVERNANCE");
	every_object_of_a_snapshot_is_locked("COMPLIANCE");
}

static int64_t lock_of(struct s3 *s3, const char *key, const char *mode)
{
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct err err = ERR_INIT;

	assert_ok(s3_head(s3, key, NULL, &meta, &err), err);
	if (!mode)
		assert_null(meta.lock_mode);
	else
		assert_string_equal(meta.lock_mode, mode);
	return meta.lock_until;
}

/* Longer, never shorter, and never by a weaker lock. */
static void a_lock_is_extended(void **state)
{
	struct s3 *s3 = test_vaults_bucket(true);
	struct vault *none = open_vault(s3, "a", NULL, 0);
	struct vault *two = open_vault(s3, "a", "GOVERNANCE", 2);
	struct vault *five = open_vault(s3, "a", "GOVERNANCE", 5);
	struct vault *fixed = open_vault(s3, "a", "COMPLIANCE", 5);
	struct vault *nine = open_vault(s3, "a", "GOVERNANCE", 9);
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(
	    vault_put_small(none, "x", "1", 1, VAULT_RETAIN_SNAPSHOT, &err),
	    err);
	assert_ok(vault_keep(none, "x", &err), err);
	lock_of(s3, "a/x", NULL);
	assert_ok(vault_keep(two, "x", &err), err);
	int64_t first = lock_of(s3, "a/x", "GOVERNANCE");
	assert_ok(vault_keep(five, "x", &err), err);
	int64_t second = lock_of(s3, "a/x", "GOVERNANCE");
	assert_in_range(
	    second - first, (uintmax_t)3 * DAY_S, (uintmax_t)3 * DAY_S + 600);
	assert_ok(vault_keep(two, "x", &err), err);
	assert_int_equal(lock_of(s3, "a/x", "GOVERNANCE"), second);
	/* The other mode takes a right that we do not use. */
	assert_fails(vault_keep(fixed, "x", &err), err, ERR_DENIED);
	assert_ok(
	    vault_put_small(fixed, "y", "1", 1, VAULT_RETAIN_SNAPSHOT, &err),
	    err);
	int64_t third = lock_of(s3, "a/y", "COMPLIANCE");
	assert_ok(vault_keep(two, "y", &err), err);
	assert_fails(vault_keep(nine, "y", &err), err, ERR_DENIED);
	assert_int_equal(lock_of(s3, "a/y", "COMPLIANCE"), third);
	assert_fails(vault_keep(two, "not-there", &err), err, ERR_NOT_FOUND);
	vault_free(none);
	vault_free(two);
	vault_free(five);
	vault_free(fixed);
	vault_free(nine);
	s3_free(s3);
}

/* A snapshot of which the store keeps the archive alone stays whole. */
static void what_is_kept_in_part_stays_whole(void **state)
{
	struct s3 *s3 = test_vaults_bucket(true);
	struct vault *v = open_vault(s3, "a", NULL, 0);
	struct vault *locking = open_vault(s3, "a", "GOVERNANCE", 2);
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	(void)state;
	write_snapshot(v, 10);
	assert_ok(snapshot_list(v, "prod", &list, &err), err);
	assert_ok(
	    snapshot_manifest(v, &list.items[0], &anybody, &m, NULL, &err),
	    err);
	assert_ok(vault_keep(locking, m.archive.file, &err), err);
	assert_fails(
	    snapshot_remove(v, &list.items[0], &m, &err), err, ERR_DENIED);
	assert_contains(err.message, "the store keeps");
	assert_ok(vault_list(v, "", &items, &err), err);
	assert_int_equal(items.len, 3);
	manifest_done(&m);
	vault_free(v);
	vault_free(locking);
	s3_free(s3);
}

/* In a bucket with versions a removal takes them all, and frees the space. */
static void removal_leaves_no_version(void **state)
{
	struct s3 *s3 = test_vaults_bucket(true); /* has versions */
	struct vault *v = open_vault(s3, "a", NULL, 0);
	cleanup(s3_objects_done) struct s3_object_vec versions = VEC_INIT;
	struct s3_list l = {.prefix = "a/", .versions = true};
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_ok(vault_put_small(
			      v, "x", "1", 1, VAULT_RETAIN_SNAPSHOT, &err),
		    err);
		assert_ok(vault_remove(v, "x", &err), err);
	}
	while (!l.ended)
		assert_ok(s3_list_page(s3, &l, &versions, NULL, &err), err);
	s3_list_done(&l);
	assert_int_equal(versions.len, 0);
	vault_free(v);
	s3_free(s3);
}

static void a_prefix_sees_only_its_own(void **state)
{
	struct s3 *s3 = test_vaults_bucket(false);
	struct vault *a = open_vault(s3, "team", NULL, 0);
	struct vault *b = open_vault(s3, "team/prod", NULL, 0);
	struct vault *top = open_vault(s3, NULL, NULL, 0);
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	write_snapshot(a, 10);
	write_snapshot(b, 10);
	assert_ok(vault_list(a, "", &items, &err), err);
	assert_int_equal(items.len, 3);
	vault_items_done(&items);
	assert_ok(vault_list(b, "", &items, &err), err);
	assert_int_equal(items.len, 3);
	vault_items_done(&items);
	assert_ok(vault_list(top, "", &items, &err), err);
	assert_int_equal(items.len, 0);
	vault_free(a);
	vault_free(b);
	vault_free(top);
	s3_free(s3);
}

static void what_is_read_from_the_middle_is_the_rest(void **state)
{
	struct s3 *s3 = test_vaults_bucket(false);
	struct vault *v = open_vault(s3, "a", NULL, 0);
	autofree char *content = mem_zalloc(LARGE);
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct test_random random;
	struct err err = ERR_INIT;

	(void)state;
	test_random_init(&random, 2);
	random_fill(&random.random, content, LARGE);
	struct sink *s = vault_put(v, "x", &err);
	assert_ok(sink_write(s, content, LARGE, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	s = vault_put(v, "x", &err);
	if (s)
		(void)sink_finish(s, &err);
	sink_free(s);
	assert_int_equal(err.code, ERR_EXISTS);
	err = (struct err)ERR_INIT;
	struct source *from = vault_get(v, "x", LARGE / 3, &err);
	struct sink *to = test_sink(&got);
	assert_int_equal(stream_copy(from, to, &err), LARGE - LARGE / 3);
	sink_free(to);
	source_free(from);
	assert_memory_equal(got.data, content + LARGE / 3, got.len);
	vault_free(v);
	s3_free(s3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(locked_for_their_days),
	    cmocka_unit_test(a_lock_is_extended),
	    cmocka_unit_test(what_is_kept_in_part_stays_whole),
	    cmocka_unit_test(removal_leaves_no_version),
	    cmocka_unit_test(a_prefix_sees_only_its_own),
	    cmocka_unit_test(what_is_read_from_the_middle_is_the_rest),
	};

	return cmocka_run_group_tests_name(
	    "vault_s3", tests, test_vaults_start, test_vaults_stop);
}
