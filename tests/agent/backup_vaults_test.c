/* Which vaults a run uses, who else is kept out of them, and what becomes of a
 * run that lost one. */
#include "agent/backup_shard.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/vault/vault_dir.h"
#include "storage/vault/vault_known.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdlib.h>
#include <unistd.h>

enum { A, B };

struct fixture {
	char *dir;
	struct settings *settings;
	struct test_clock clock;
	struct test_random random;
	struct agent agent;
	struct backup_shard shard;
	struct backup_run run;
	struct vault *other_vault; /* of another process */
	struct vault_lock *other;
};

/* A run begins with nothing again. */
static void end(struct fixture *f)
{
	backup_vaults_done(&f->run);
	f->run = (struct backup_run){.a = &f->agent,
	    .settings = f->settings,
	    .scratch = SCRATCH_INIT,
	    .shard = f->run.shard};
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 5);
	autofree char *text = str_printf(
	    "name: prod\nencryption: none\nsigning: none\nstate_dir: %s/state\n"
	    "vaults: [{name: a, directory: %s/a}, {name: b, directory: "
	    "%s/b}]\n",
	    f->dir, f->dir, f->dir);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->agent.env = (struct connect_env){
	    .clock = &f->clock.clock, .random = &f->random.random};
	end(f);
	*state = f;
	return 0;
}

static void unlock_other(struct fixture *f)
{
	vault_lock_free(steal(f->other));
	vault_free(steal(f->other_vault));
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	end(f);
	unlock_other(f);
	free(f->shard.lock_name);
	settings_free(f->settings);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static struct vault *vault_at(const struct fixture *f, int i)
{
	struct err err = ERR_INIT;
	struct vault *v =
	    vault_dir_open(f->settings->vaults.items[i].directory, true, &err);

	assert_non_null(v);
	return v;
}

/* What `vault init` does; id NULL: a new one. */
static void mark(struct fixture *f, int i, const char *id)
{
	cleanup(vault_freep) struct vault *v = vault_at(f, i);
	const struct vault_marker_new o = {.random = &f->random.random,
	    .now = 1700000000,
	    .by = "h",
	    .id = id};
	struct vault_marker m;
	struct err err = ERR_INIT;

	assert_ok(vault_marker_write(v, &o, &m, &err), err);
}

/* As another process, which no thread keeps alive. */
static struct vault_lock *acquire(
    struct fixture *f, struct vault *v, const char *name)
{
	const struct vault_lock_options o = {.holder = "another",
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .beat_s = -1};
	struct err err = ERR_INIT;
	struct vault_lock *lock = vault_lock_acquire(v, name, &o, &err);

	if (!lock)
		fail_msg("%s", err.message);
	return lock;
}

static void lock_as_other(struct fixture *f, int i, const char *name)
{
	f->other_vault = vault_at(f, i);
	f->other = acquire(f, f->other_vault, name);
}

/* The holder; "" where nobody has it. */
static void assert_holder(
    struct fixture *f, int i, const char *name, const char *holder)
{
	cleanup(vault_freep) struct vault *v = vault_at(f, i);
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	const struct vault_lock_options o = {
	    .clock = &f->clock.clock, .random = &f->random.random};
	struct err err = ERR_INIT;

	assert_ok(vault_lock_show(v, name, &o, &info, &err), err);
	assert_int_equal(info.held, *holder != '\0');
	if (*holder)
		assert_contains(info.holder, holder);
}

static void open_all(struct fixture *f)
{
	struct err err = ERR_INIT;

	mark(f, A, NULL);
	mark(f, B, NULL);
	assert_ok(backup_vaults_open(&f->run, &err), err);
	assert_int_equal(f->run.open_count, 2);
}

/* Somebody ends our lock and begins: a run that took us for dead. */
static void take_over(struct fixture *f, int i)
{
	cleanup(vault_freep) struct vault *v = vault_at(f, i);
	struct err err = ERR_INIT;

	assert_true(vault_lock_break(v, "prod", &err) >= 0);
	vault_lock_free(acquire(f, v, "prod"));
}

static void each_is_locked_while_the_run_lasts(void **state)
{
	struct fixture *f = *state;
	autofree char *pid = str_printf(", pid %d", (int)getpid());
	struct err err = ERR_INIT;

	open_all(f);
	for (int i = A; i <= B; i++) {
		assert_holder(f, i, "prod", "backup on ");
		assert_holder(f, i, "prod", pid);
		assert_true(vault_known_remembers(f->settings->state_dir,
		    vault_describe(f->run.open[i]),
		    &f->run.vaults[i].connected.marker));
	}
	assert_ok(backup_vaults_check(&f->run, &err), err);
	end(f);
	assert_holder(f, A, "prod", "");
	assert_holder(f, B, "prod", "");
}

static void what_is_no_vault_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	mark(f, B, NULL);
	cleanup(vault_freep) struct vault *a = vault_at(f, A);
	assert_ok(backup_vaults_open(&f->run, &err), err);
	assert_int_equal(f->run.open_count, 1);
	assert_ptr_equal(f->run.open_run[0], &f->run.vaults[B]);
	assert_ptr_equal(f->run.open_lock[0], f->run.vaults[B].lock);
	assert_int_equal(f->run.vaults[A].err.code, ERR_NOT_FOUND);
	assert_contains(f->run.vaults[A].err.message, "vault 'a'");
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	assert_ok(vault_list(a, "", &items, &err), err);
	assert_int_equal(items.len, 0);
}

/* Another try may do where one was only locked, whichever was first. */
static void a_run_without_a_vault_says_that_it_was_locked(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	mark(f, A, NULL);
	lock_as_other(f, A, "prod");
	assert_fails(backup_vaults_open(&f->run, &err), err, ERR_LOCKED);
	assert_int_equal(f->run.open_count, 0);
	assert_contains(err.message, "no vault can be written to: vault 'a': ");
	assert_contains(err.message, "another");
	assert_holder(f, A, "prod", "another");
	assert_int_equal(f->run.vaults[B].err.code, ERR_NOT_FOUND);
}

static void one_vault_under_two_names_is_used_once(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	mark(f, A, "0123456789abcdef0123456789abcdef");
	mark(f, B, "0123456789abcdef0123456789abcdef");
	assert_ok(backup_vaults_open(&f->run, &err), err);
	assert_int_equal(f->run.open_count, 1);
	assert_int_equal(f->run.vaults[B].err.code, ERR_USAGE);
	assert_contains(f->run.vaults[B].err.message, "vault 'b': ");
	assert_holder(f, B, "prod", "");
}

/* It begins without us, and is not kept out by what this run does not use. */
static void a_vault_where_shards_are_at_work_is_not_used(void **state)
{
	struct fixture *f = *state;
	autofree char *name = shard_lock_name("prod", "r", "0123abcd");
	struct err err = ERR_INIT;

	mark(f, A, NULL);
	mark(f, B, NULL);
	lock_as_other(f, A, name);
	assert_ok(backup_vaults_open(&f->run, &err), err);
	assert_int_equal(f->run.open_count, 1);
	assert_int_equal(f->run.vaults[A].err.code, ERR_LOCKED);
	assert_contains(f->run.vaults[A].err.message, "another");
	assert_holder(f, A, "prod", "");
	assert_holder(f, B, "prod", "backup on ");
}

static void begin_shard(struct fixture *f, const char *attempt)
{
	f->shard.id = "r";
	f->shard.index = 1;
	f->shard.count = 2;
	f->shard.lock_name = shard_lock_name("prod", "r", attempt);
	f->run.shard = &f->shard;
	mark(f, A, NULL);
}

static void shards_of_a_run_go_side_by_side(void **state)
{
	struct fixture *f = *state;
	autofree char *other = shard_lock_name("prod", "r", "0123abcd");
	struct err err = ERR_INIT;

	begin_shard(f, "fedc3210");
	lock_as_other(f, A, other);
	assert_ok(backup_vaults_open(&f->run, &err), err);
	assert_holder(f, A, f->shard.lock_name, "shard 1/2 of run 'r' on ");
	assert_holder(f, A, "prod", "");
}

static void a_shard_waits_for_other_runs(void **state)
{
	struct fixture *f = *state;
	autofree char *of_other_run =
	    shard_lock_name("prod", "other", "0123abcd");
	const char *const names[] = {"prod", of_other_run};
	struct err err = ERR_INIT;

	begin_shard(f, "fedc3210");
	for (size_t i = 0; i < 2; i++) {
		lock_as_other(f, A, names[i]);
		assert_fails(
		    backup_vaults_open(&f->run, &err), err, ERR_LOCKED);
		assert_contains(err.message, "another");
		assert_holder(f, A, f->shard.lock_name, "");
		unlock_other(f);
		end(f);
	}
}

static void nothing_is_committed_after_a_lock_was_lost(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	open_all(f);
	take_over(f, B);
	assert_fails(backup_vaults_check(&f->run, &err), err, ERR_LOCKED);
	assert_contains(err.message, "vault 'b': ");
}

/* Not the write that it made fail. */
static void a_lost_lock_is_the_cause(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	open_all(f);
	err_set(&err, ERR_SYSTEM, "a file is gone");
	backup_vaults_explain(&f->run, &err);
	assert_string_equal(err.message, "a file is gone");
	take_over(f, B);
	struct err stopped = ERR_INIT;
	err_set(&stopped, ERR_CANCELLED, "stopped");
	backup_vaults_explain(&f->run, &stopped);
	assert_string_equal(stopped.message, "stopped");
	backup_vaults_explain(&f->run, &err);
	assert_int_equal(err.code, ERR_LOCKED);
	assert_contains(err.message, "vault 'b': ");
}

/* Their stores answer or not, as a test wants; the locks are ours. */
struct fronts {
	struct fixture *f;
	struct test_vault *vaults[2];
	struct run_vault runs[2];
	struct run_vault *open_run[2];
	struct vault *open[2];
};

static void fronts_open(struct fronts *x, struct fixture *f)
{
	x->f = f;
	for (int i = A; i <= B; i++) {
		x->vaults[i] = test_vault_open(0);
		x->open[i] = &x->vaults[i]->vault;
		x->runs[i] = (struct run_vault){
		    .settings = &f->settings->vaults.items[i],
		    .lock = acquire(f, x->open[i], "prod")};
		x->open_run[i] = &x->runs[i];
	}
	f->run.open_run = x->open_run;
	f->run.open = x->open;
	f->run.open_count = f->run.vault_count = 2;
}

static void fronts_done(struct fronts *x)
{
	snapshot_writer_free(steal(x->f->run.snapshot));
	x->f->run.open_count = x->f->run.vault_count = 0;
	x->f->run.open = NULL;
	x->f->run.open_run = NULL;
	for (int i = A; i <= B; i++) {
		x->vaults[i]->list_fails = false;
		vault_lock_free(x->runs[i].lock);
		test_vault_free(x->vaults[i]);
	}
}

static void begin_snapshot(struct fronts *x)
{
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_PLAIN,
	    .clock = &x->f->clock.clock,
	    .trust = &x->f->run.trust};
	struct err err = ERR_INIT;

	x->f->run.snapshot = snapshot_begin(x->open, 2, &o, &err);
	if (!x->f->run.snapshot)
		fail_msg("%s", err.message);
}

static void a_vault_that_cannot_be_asked_is_out(void **state)
{
	struct fixture *f = *state;
	cleanup(fronts_done) struct fronts x = {.f = NULL};
	struct err err = ERR_INIT;

	fronts_open(&x, f);
	begin_snapshot(&x);
	x.vaults[A]->list_fails = true;
	assert_ok(backup_vaults_check(&f->run, &err), err);
	assert_non_null(snapshot_writer_failure(f->run.snapshot, A));
	assert_null(snapshot_writer_failure(f->run.snapshot, B));
	assert_int_equal(backup_vaults_failed(&f->run), 1);
	/* It stays out. */
	x.vaults[A]->list_fails = false;
	x.vaults[B]->list_fails = true;
	assert_fails(backup_vaults_check(&f->run, &err), err, ERR_NETWORK);
	assert_contains(err.message, "no vault is left to commit to: ");
	assert_int_equal(backup_vaults_failed(&f->run), 2);
	/* One of the configuration was never open. */
	f->run.vault_count = 3;
	assert_int_equal(backup_vaults_failed(&f->run), 3);
}

/* A part has no writer of several vaults. */
static void without_a_snapshot_it_is_out_all_the_same(void **state)
{
	struct fixture *f = *state;
	cleanup(fronts_done) struct fronts x = {.f = NULL};
	struct err err = ERR_INIT;

	fronts_open(&x, f);
	x.vaults[B]->list_fails = true;
	assert_ok(backup_vaults_check(&f->run, &err), err);
	x.vaults[A]->list_fails = true;
	assert_fails(backup_vaults_check(&f->run, &err), err, ERR_NETWORK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_is_locked_while_the_run_lasts),
	    TEST(what_is_no_vault_is_left_alone),
	    TEST(a_run_without_a_vault_says_that_it_was_locked),
	    TEST(one_vault_under_two_names_is_used_once),
	    TEST(a_vault_where_shards_are_at_work_is_not_used),
	    TEST(shards_of_a_run_go_side_by_side),
	    TEST(a_shard_waits_for_other_runs),
	    TEST(nothing_is_committed_after_a_lock_was_lost),
	    TEST(a_lost_lock_is_the_cause),
	    TEST(a_vault_that_cannot_be_asked_is_out),
	    TEST(without_a_snapshot_it_is_out_all_the_same),
	};

	return cmocka_run_group_tests_name("backup_vaults", tests, NULL, NULL);
}
