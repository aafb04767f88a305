#include "storage/vault/shard.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST                                                                 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct vault *vault_of(struct fixture *f)
{
	return &f->s.t->vault;
}

static struct vault_lock_options lock_options(struct fixture *f)
{
	return (struct vault_lock_options){.holder = "shard 0/2",
	    .clock = &f->s.clock.clock,
	    .random = &f->s.random.random,
	    .beat_s = -1};
}

static void begin(struct fixture *f, const char *id, struct shard_run *r)
{
	struct err err = ERR_INIT;
	struct shard_run new = {.count = 2, .large = json_new_array()};
	char stamp[CLOCK_TEXT_MAX];
	struct manifest base;
	bool has_base;

	assert_ok(shard_run_time(vault_of(f), "prod", &f->s.trust,
		      &f->s.clock.clock, &new.created, &base, &has_base, &err),
	    err);
	if (has_base)
		manifest_done(&base);
	clock_stamp(new.created, stamp);
	new.id = str_dup(id);
	new.name = str_dup("prod");
	new.label = str_printf("prod-%s", stamp);
	memcpy(new.configuration, DIGEST, sizeof(new.configuration));
	assert_ok(shard_run_put(vault_of(f), &new, f->s.key, &err), err);
	assert_fails(
	    shard_run_put(vault_of(f), &new, f->s.key, &err), err, ERR_EXISTS);
	assert_int_equal(
	    shard_run_find(vault_of(f), "prod", id, &f->s.trust, r, &err), 1);
	assert_string_equal(r->label, new.label);
	assert_int_equal(r->count, 2);
	shard_run_done(&new);
}

/* A part of a single byte; `attempt` is that of its archive. */
static int put_part(struct fixture *f, const struct shard_run *r,
    uint32_t index, const char *attempt, struct err *err)
{
	cleanup(manifest_done) struct manifest m;

	manifest_init(&m);
	m.is_list = true;
	m.zone = str_dup("UTC");
	m.hostname = str_dup("h");
	m.archive.file = format_part_name(
	    r->label, index, r->count, attempt, ".tar.zst.age");
	m.archive.bytes = 1;
	m.archive.has_index = true;
	memcpy(m.archive.sha256, DIGEST, sizeof(m.archive.sha256));
	autofree char *list = shard_list_name(&m);
	assert_ok(vault_put_small(vault_of(f), m.archive.file, "x", 1,
		      VAULT_RETAIN_NONE, err),
	    *err);
	assert_ok(
	    vault_put_small(vault_of(f), list, "x", 1, VAULT_RETAIN_NONE, err),
	    *err);
	return shard_part_put(vault_of(f), r, index, &m, f->s.key, err);
}

static size_t parts(struct fixture *f)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;

	assert_ok(vault_list(f->s.t->real, "prod", &items, &err), err);
	VEC_EACH (&items, item)
		n += strstr(item->name, ".part-") != NULL;
	return n;
}

static void a_part_is_what_its_run_says(struct fixture *f)
{
	cleanup(shard_run_done) struct shard_run r = {.id = NULL};
	cleanup(strvec_done) struct strvec foreign = VEC_INIT;
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct manifest m;

	begin(f, "run-1", &r);
	assert_int_equal(
	    shard_part_find(vault_of(f), &r, 0, &f->s.trust, &m, &err), 0);
	assert_ok(put_part(f, &r, 0, "0123abcd", &err), err);
	assert_int_equal(
	    shard_part_find(vault_of(f), &r, 0, &f->s.trust, &m, &err), 1);
	assert_int_equal(json_get_int(m.part, "index", -1), 0);
	manifest_done(&m);
	/* The second of that index. */
	assert_fails(put_part(f, &r, 0, "0123abce", &err), err, ERR_EXISTS);
	/* Each fault by itself. */
	uint32_t count = r.count;
	r.configuration[0] = 'f';
	assert_fails(shard_part_find(vault_of(f), &r, 0, &f->s.trust, &m, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "another configuration");
	r.configuration[0] = DIGEST[0];
	r.id[0] = 'R';
	assert_fails(shard_part_find(vault_of(f), &r, 0, &f->s.trust, &m, &err),
	    err, ERR_INTEGRITY);
	assert_contains(err.message, "another run");
	r.id[0] = 'r';
	assert_int_equal(r.count, count);
	/* None of it is a snapshot, and all of it ours. */
	assert_ok(snapshot_list(vault_of(f), "prod", &list, &err), err);
	assert_int_equal(list.len, 0);
	assert_ok(snapshot_foreign(vault_of(f), &foreign, &err), err);
	assert_int_equal(foreign.len, 0);
}

static void a_run_is_signed_and_known_by_its_id(struct fixture *f)
{
	cleanup(shard_run_done) struct shard_run r = {.id = NULL};
	struct snapshot_trust nobody = {.unsigned_allowed = false};
	struct shard_run other;
	struct err err = ERR_INIT;

	begin(f, "run-1", &r);
	assert_int_equal(shard_run_find(vault_of(f), "prod", "run-2",
			     &f->s.trust, &other, &err),
	    0);
	assert_fails(
	    shard_run_find(vault_of(f), "prod", "run-1", &nobody, &other, &err),
	    err, ERR_INTEGRITY);
	/* Another run has another label, though it is of the same second. */
	begin(f, "run-2", &other);
	assert_string_not_equal(r.label, other.label);
	shard_run_done(&other);
}

static void who_is_at_work_keeps_others_out(struct fixture *f)
{
	const struct vault_lock_options o = lock_options(f);
	struct err err = ERR_INIT;
	autofree char *name = shard_lock_name("prod", "run-1", "0123abcd");
	struct vault_lock *lock =
	    vault_lock_acquire(vault_of(f), name, &o, &err);

	assert_non_null(lock);
	assert_ok(shard_others(vault_of(f), "prod", "run-1", &o, &err), err);
	assert_ok(shard_others(vault_of(f), "prod-eu", NULL, &o, &err), err);
	assert_fails(shard_others(vault_of(f), "prod", "run-2", &o, &err), err,
	    ERR_LOCKED);
	assert_contains(err.message, "shard 0/2");
	assert_fails(
	    shard_others(vault_of(f), "prod", NULL, &o, &err), err, ERR_LOCKED);
	vault_lock_free(lock);
	assert_ok(shard_others(vault_of(f), "prod", NULL, &o, &err), err);
}

static int tidy(struct fixture *f)
{
	const struct vault_lock_options o = lock_options(f);
	struct err err = ERR_INIT;
	int removed = shard_tidy(vault_of(f), "prod", &f->s.trust, &o, &err);

	if (removed < 0)
		fail_msg("%s", err.message);
	return removed;
}

/* By the time that was signed: what is under way stays. */
static void a_run_that_nobody_seals_is_over_after_a_day(struct fixture *f)
{
	cleanup(shard_run_done) struct shard_run r = {.id = NULL};
	const struct vault_lock_options o = lock_options(f);
	autofree char *name = shard_lock_name("prod", "run-1", "0123abcd");
	struct err err = ERR_INIT;

	begin(f, "run-1", &r);
	assert_ok(put_part(f, &r, 0, "0123abcd", &err), err);
	/* What a shard that died had written. */
	autofree char *dead =
	    format_part_name(r.label, 1, 2, "0123abce", ".tar.zst.age");
	assert_ok(
	    vault_put_small(vault_of(f), dead, "x", 1, VAULT_RETAIN_NONE, &err),
	    err);
	/* And what nobody signed for. */
	assert_ok(vault_put_small(vault_of(f),
		      "prod-20200101T000000Z.part-0-of-1-0123abcd.tar.zst.age",
		      "x", 1, VAULT_RETAIN_NONE, &err),
	    err);
	assert_int_equal(tidy(f), 0);
	assert_int_equal(parts(f), 5);
	f->s.clock.now_ms += (int64_t)(SHARD_DEAD_S + 1) * 1000;
	struct vault_lock *lock =
	    vault_lock_acquire(vault_of(f), name, &o, &err);
	assert_non_null(lock);
	assert_int_equal(tidy(f), 0);
	vault_lock_free(lock);
	/* The store keeps one: the run is remembered until that goes, too. */
	f->s.t->kept = "0123abce.tar.zst.age";
	assert_int_equal(tidy(f), 3);
	assert_int_equal(parts(f), 2);
	f->s.t->kept = NULL;
	assert_int_equal(tidy(f), 2);
	assert_int_equal(parts(f), 1);
	assert_int_equal(tidy(f), 0);
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(a_part_is_what_its_run_says),
	    TEST_ON_VAULTS(a_run_is_signed_and_known_by_its_id),
	    TEST_ON_VAULTS(who_is_at_work_keeps_others_out),
	    TEST_ON_VAULTS(a_run_that_nobody_seals_is_over_after_a_day),
	};

	return cmocka_run_group_tests_name(
	    "vault/shard", tests, test_vaults_start, test_vaults_stop);
}
