/* What pruning one vault prints, measures and says; prune_test.c has what goes
 * and what stays. */
#include "agent/prune/vault.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "tests/support/configs.h"
#include "tests/support/snapshots.h"

#include <stdlib.h>

enum { HOUR = 3600, SNAPSHOTS = 4 };

struct fixture {
	struct test_snapshots s;
	struct settings *settings;
	struct agent_options options;
	struct agent agent;
	struct retention_zone *zone;
	struct prune_terms terms;
	char *dir;    /* of metrics */
	char *oldest; /* its label */
	struct err err;
};

static void make_partial(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	m->partial = true;
}

/* One an hour. The last but one is partial, and counts for no rule. */
static void setup(struct fixture *f, int kind)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	*f = (struct fixture){.err = ERR_INIT};
	test_snapshots_init(&f->s, kind);
	f->dir = test_dir_make();
	autofree char *text = str_printf(CONFIG_HEAD
	    "state_dir: %s\nretention: {keep_last: 2, keep_min: 1}\n"
	    "metrics: {textfile_directory: %s}\n",
	    f->dir, f->dir);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &f->err);
	if (!f->settings)
		fail_msg("%s", f->err.message);
	f->agent = (struct agent){.command = "prune",
	    .options = &f->options,
	    .settings = f->settings,
	    .env = {.clock = &f->s.clock.clock, .random = &f->s.random.random}};
	f->zone = retention_zone_open("UTC", &f->err);
	f->terms =
	    (struct prune_terms){.zone = f->zone, .vaults = json_new_array()};
	f->s.clock.now_ms -= (int64_t)SNAPSHOTS * HOUR * 1000;
	for (int i = 0; i < SNAPSHOTS; i++) {
		test_snapshots_add(
		    &f->s, i == SNAPSHOTS - 2 ? make_partial : NULL);
		f->s.clock.now_ms += (int64_t)HOUR * 1000;
	}
	assert_int_equal(
	    snapshot_list(f->s.t->real, "prod", &list, &f->err), 0);
	f->oldest = str_dup(list.items[0].label);
}

static void teardown(struct fixture *f)
{
	json_free(f->terms.vaults);
	retention_zone_free(f->zone);
	settings_free(f->settings);
	test_snapshots_done(&f->s);
	test_dir_remove(f->dir);
	free(f->oldest);
}

TEST_VAULT_RUNNER(setup, teardown)

static int prune(struct fixture *f)
{
	const struct vault_lock_options o = {.holder = "prune",
	    .clock = &f->s.clock.clock,
	    .random = &f->s.random.random,
	    .beat_s = -1};
	struct err why = ERR_INIT;
	cleanup(vault_lock_freep) struct vault_lock *lock = NULL;

	f->err = (struct err)ERR_INIT;
	if (!f->terms.dry_run) {
		lock = vault_lock_acquire(&f->s.t->vault, "prod", &o, &why);
		assert_non_null(lock);
	}
	return prune_vault(&f->agent, &f->settings->vaults.items[0],
	    &f->s.t->vault, lock, &f->terms, &f->err);
}

static size_t left(struct fixture *f)
{
	return test_vault_count(f->s.t, ".manifest.json");
}

/* How many of the snapshots of the i-th report had that outcome. */
static size_t count(struct fixture *f, size_t i, const char *outcome)
{
	const struct json_object *rows =
	    json_get(json_at(f->terms.vaults, i), "snapshots");
	size_t n = 0;

	for (size_t at = 0; at < json_len(rows); at++)
		n +=
		    str_eq(json_get_str(json_at(rows, at), "outcome"), outcome);
	return n;
}

static void what_became_of_each_is_added(struct fixture *f)
{
	f->terms.dry_run = true;
	if (prune(f))
		fail_msg("%s", f->err.message);
	assert_int_equal(left(f), SNAPSHOTS);
	f->terms.dry_run = false;
	if (prune(f))
		fail_msg("%s", f->err.message);
	assert_int_equal(left(f), 2);
	assert_int_equal(json_len(f->terms.vaults), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct json_object *j = json_at(f->terms.vaults, i);
		assert_string_equal(json_get_str(j, "vault"), "a");
		assert_int_equal(json_truth(json_get(j, "dry_run"), false), !i);
		assert_int_equal(count(f, i, "dropped"), 2);
		assert_int_equal(count(f, i, "kept"), 2);
	}
}

/* A refusal has said nothing of any snapshot: nothing is added. */
static void a_refusal_names_the_vault(struct fixture *f)
{
	f->s.clock.now_ms += (int64_t)HOUR * 1000;
	assert_int_equal(prune(f), -1);
	assert_true(str_starts(f->err.message, "prune: vault 'a': "));
	assert_int_equal(json_len(f->terms.vaults), 0);
	assert_int_equal(left(f), SNAPSHOTS);
	f->s.clock.now_ms -= (int64_t)HOUR * 1000;
	f->s.t->list_fails = true;
	f->terms.dry_run = true;
	assert_int_equal(prune(f), -1);
	assert_contains(f->err.message, "prune: vault 'a': ");
	assert_contains(f->err.message, "the list was cut short");
	assert_int_equal(json_len(f->terms.vaults), 0);
}

static void one_is_forgotten_by_its_label(struct fixture *f)
{
	f->terms.forget = f->oldest;
	if (prune(f))
		fail_msg("%s", f->err.message);
	assert_int_equal(left(f), SNAPSHOTS - 1);
	assert_int_equal(count(f, 0, "dropped"), 1);
	f->terms.forget = "prod-20200101T000000Z";
	int status = prune(f);
	assert_int_not_equal(status, 0);
	assert_int_equal(left(f), SNAPSHOTS - 1);
}

/* ---- metrics ---- */

static void assert_metric(struct fixture *f, const char *line, bool there)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = file_join(f->dir, "backstay-agent-prod.prom");
	autofree char *whole = str_printf("\n%s\n", line);
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1 << 20, &text, &err), err);
	if ((strstr(buf_str(&text), whole) != NULL) != there)
		fail_msg("'%s' in\n%s", line, buf_str(&text));
}

#define KEPT(STATUS)                                                           \
	"backstay_snapshots{name=\"prod\",vault=\"a\",status=\"" STATUS "\"} "

static void what_is_kept_is_measured(struct fixture *f)
{
	const struct watch_options o = {.program = "backstay-agent",
	    .command = "prune",
	    .settings = f->settings,
	    .env = f->agent.env};

	f->agent.watch = watch_start(&o);
	f->terms.dry_run = true;
	assert_int_equal(prune(f), 0);
	watch_finish(f->agent.watch, 0, NULL);
	assert_metric(f, KEPT("complete") "2", false);
	f->terms.dry_run = false;
	f->agent.watch = watch_start(&o);
	assert_int_equal(prune(f), 0);
	watch_finish(f->agent.watch, 0, NULL);
	assert_metric(f, KEPT("complete") "2", true);
	assert_metric(f, KEPT("partial") "0", true);
	assert_metric(f, KEPT("bad") "0", true);
	autofree char *times = str_printf(
	    "%lld", (long long)f->s.clock.now_ms / 1000 - (long long)HOUR);
	autofree char *newest = str_printf(
	    "backstay_newest_snapshot_timestamp_seconds{name=\"prod\","
	    "vault=\"a\"} %s",
	    times);
	assert_metric(f, newest, true);
}

/* What is none of ours stays, and the lock of the run goes with it. */
static void what_is_foreign_stays(struct fixture *f)
{
	assert_int_equal(vault_put_small(f->s.t->real, "other-thing.txt", "x",
			     1, VAULT_RETAIN_NONE, &f->err),
	    0);
	assert_int_equal(prune(f), 0);
	assert_int_equal(test_vault_count(f->s.t, "other-thing.txt"), 1);
	assert_int_equal(test_vault_count(f->s.t, ".lock"), 0);
}

int main(void)
{
	log_setup(&(struct log_options){
	    .level = LOG_LEVEL_ERROR, .clock = clock_system()});
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_became_of_each_is_added),
	    TEST_ON_VAULTS(a_refusal_names_the_vault),
	    TEST_ON_VAULTS(one_is_forgotten_by_its_label),
	    TEST_ON_VAULTS(what_is_kept_is_measured),
	    TEST_ON_VAULTS(what_is_foreign_stays),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
