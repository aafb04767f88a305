/* The start and the end of runs, as metrics and notices have them. */
#include "config/watch/watch.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	char *dir;
	struct test_clock clock;
	struct test_random random;
	struct settings *settings;
	struct watch_options o;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 3);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	settings_free(f->settings);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* Metrics go into the folder of the test, unless `config` says otherwise. */
static void configure_all(struct fixture *f, const char *config)
{
	autofree char *text =
	    str_printf("%sstate_dir: %s\n%s", CONFIG_HEAD, f->dir, config);
	struct err err = ERR_INIT;

	settings_free(f->settings);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s: %s", err.message, text);
	f->o = (struct watch_options){.program = "backstay-agent",
	    .command = "backup",
	    .settings = f->settings,
	    .env = {.clock = &f->clock.clock, .random = &f->random.random}};
}

static void configure(struct fixture *f, const char *metrics, const char *rest)
{
	autofree char *text = str_printf(
	    "metrics: {textfile_directory: %s%s}\n%s", f->dir, metrics, rest);

	configure_all(f, text);
}

/* A run of so many milliseconds. */
static void run(struct fixture *f, int status, int64_t ms)
{
	struct watch *w = watch_start(&f->o);

	f->clock.now_ms += ms;
	watch_finish(w, status, NULL);
}

static void read_metrics(struct fixture *f, struct buf *out)
{
	autofree char *name = str_printf("%s-prod.prom", f->o.program);
	autofree char *path = file_join(f->dir, name);
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1 << 20, out, &err), err);
}

/* Whether there is that line. */
static bool has(struct fixture *f, const char *line)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *whole = str_printf("\n%s\n", line);

	read_metrics(f, &text);
	return strstr(buf_str(&text), whole);
}

static void assert_metric(struct fixture *f, const char *line)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (has(f, line))
		return;
	read_metrics(f, &text);
	fail_msg("no '%s' in\n%s", line, buf_str(&text));
}

#define OWN "{name=\"prod\",command=\"backup\"}"

/* ---- runs ---------------------------------------------------------------- */

/* So that Prometheus can compute a rate, all counters begin at 0. */
static void a_run_that_began_is_an_attempt(void **state)
{
	struct fixture *f = *state;

	configure(f, "", "");
	struct watch *w = watch_start(&f->o);
	assert_metric(f, "backstay_attempts_total" OWN " 1");
	assert_metric(f, "backstay_successes_total" OWN " 0");
	assert_metric(f, "backstay_partials_total" OWN " 0");
	assert_metric(f, "backstay_failures_total" OWN " 0");
	assert_metric(
	    f, "backstay_last_attempt_timestamp_seconds" OWN " 1700000000");
	assert_metric(f,
	    "backstay_build_info{name=\"prod\",program=\"backstay-agent\","
	    "version=\"" BACKSTAY_VERSION "\"} 1");
	watch_finish(w, 0, NULL);
	assert_metric(f, "backstay_attempts_total" OWN " 1");
}

static void a_run_ends_in_one_of_three_ways(void **state)
{
	struct fixture *f = *state;

	configure(f, "", "");
	run(f, 0, 1500);
	assert_metric(f, "backstay_successes_total" OWN " 1");
	assert_metric(f, "backstay_last_job_succeeded" OWN " 1");
	assert_metric(f, "backstay_last_job_exit_status" OWN " 0");
	assert_metric(f, "backstay_last_job_duration_seconds" OWN " 1.500");
	assert_metric(
	    f, "backstay_last_success_timestamp_seconds" OWN " 1700000001");
	run(f, 1, 0);
	run(f, 5, 0);
	assert_metric(f, "backstay_attempts_total" OWN " 3");
	assert_metric(f, "backstay_successes_total" OWN " 1");
	assert_metric(f, "backstay_partials_total" OWN " 1");
	assert_metric(f, "backstay_failures_total" OWN " 1");
	assert_metric(f, "backstay_last_job_succeeded" OWN " 0");
	assert_metric(f, "backstay_last_job_exit_status" OWN " 5");
	/* That of the last good one stays. */
	assert_metric(
	    f, "backstay_last_success_timestamp_seconds" OWN " 1700000001");
}

/* A failure neither ends the row of partial runs nor adds to it. */
static void partial_runs_are_counted_in_a_row(void **state)
{
	static const struct {
		int status;
		const char *line;
	} runs[] = {{1, "backstay_partials_in_a_row" OWN " 1"},
	    {1, "backstay_partials_in_a_row" OWN " 2"},
	    {3, "backstay_partials_in_a_row" OWN " 2"},
	    {1, "backstay_partials_in_a_row" OWN " 3"},
	    {0, "backstay_partials_in_a_row" OWN " 0"},
	    {3, "backstay_partials_in_a_row" OWN " 0"}};
	struct fixture *f = *state;

	configure(f, "", "");
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		run(f, runs[i].status, 0);
		assert_metric(f, runs[i].line);
	}
}

static void an_error_has_its_exit_status(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	configure(f, "", "");
	struct watch *w = watch_start(&f->o);
	err_set(&err, ERR_INTEGRITY, "a digest is wrong");
	watch_finish(w, -1, &err);
	assert_metric(f, "backstay_last_job_exit_status" OWN " 5");
	assert_metric(f, "backstay_failures_total" OWN " 1");
}

static void a_part_that_ends_well_is_no_backup(void **state)
{
	struct fixture *f = *state;

	configure(f, "", "");
	for (int status = 0; status <= 2; status++) {
		struct watch *w = watch_start(&f->o);
		watch_apart(w, true);
		watch_finish(w, status, NULL);
	}
	assert_metric(f, "backstay_attempts_total" OWN " 3");
	assert_metric(f, "backstay_successes_total" OWN " 0");
	assert_metric(f, "backstay_partials_total" OWN " 0");
	assert_metric(f, "backstay_failures_total" OWN " 1");
}

/* ---- what a run measures ------------------------------------------------- */

static void phases_follow_one_another(void **state)
{
	struct fixture *f = *state;

	configure(f, "", "");
	struct watch *w = watch_start(&f->o);
	f->clock.now_ms += 1000;
	watch_phase(w, "open");
	f->clock.now_ms += 250;
	watch_phase(w, "capture");
	f->clock.now_ms += 3000;
	watch_finish(w, 0, NULL);
#define PHASE(NAME, VALUE)                                                     \
	"backstay_phase_duration_seconds{name=\"prod\",phase=\"" NAME          \
	"\"} " VALUE
	assert_metric(f, PHASE("open", "0.250"));
	assert_metric(f, PHASE("capture", "3.000"));
}

static void samples_are_set_and_counters_added(void **state)
{
	struct fixture *f = *state;

	configure(f, "", "");
	for (int i = 0; i < 2; i++) {
		struct watch *w = watch_start(&f->o);
		watch_value(w, "backstay_archive_bytes", NULL, NULL, 7 + i);
		watch_value(w, "backstay_pruned_total", "vault", "a", 3);
		watch_value(w, "backstay_pruned_total", "vault", "a", 2);
		/* Known once the run has ended. */
		assert_false(has(f, "backstay_archive_bytes{name=\"prod\"} 8"));
		watch_finish(w, 0, NULL);
	}
	assert_metric(f, "backstay_archive_bytes{name=\"prod\"} 8");
	assert_metric(f, "backstay_pruned_total{name=\"prod\",vault=\"a\"} 10");
}

/* ---- the configuration --------------------------------------------------- */

static void each_program_says_how_often_it_should_run(void **state)
{
	static const char every[] =
	    ", backup_every: 1h, prune_every: 2h, verify_every: 3h";
	struct fixture *f = *state;

#define EVERY(COMMAND, SECONDS)                                                \
	"backstay_expected_interval_seconds{name=\"prod\",command=\"" COMMAND  \
	"\"} " SECONDS
	configure(f, every, "");
	run(f, 0, 0);
	assert_metric(f, EVERY("backup", "3600"));
	assert_metric(f, EVERY("prune", "7200"));
	assert_false(has(f, EVERY("verify", "10800")));
	f->o.program = "backstay-restore";
	f->o.command = "verify";
	run(f, 0, 0);
	assert_metric(f, EVERY("verify", "10800"));
	assert_false(has(f, EVERY("backup", "3600")));
}

/* Else an alert would ring for ever for a vault that is gone. */
static void what_is_no_longer_configured_has_no_metrics(void **state)
{
	static const char git[] =
	    "git: {repositories: [{name: a, url: https://h/a}]}\n";
	struct fixture *f = *state;

#define ITEMS "backstay_source_items{name=\"prod\",source=\"git\"} 7"
#define SEEN(VAULT)                                                            \
	"backstay_vault_reachable{name=\"prod\",vault=\"" VAULT "\"} 1"
	configure(f, "", git);
	struct watch *w = watch_start(&f->o);
	watch_value(w, "backstay_source_items", "source", "git", 7);
	watch_value(w, "backstay_vault_reachable", "vault", "a", 1);
	watch_value(w, "backstay_vault_reachable", "vault", "gone", 1);
	watch_finish(w, 0, NULL);
	assert_metric(f, ITEMS);
	assert_metric(f, SEEN("gone"));
	run(f, 0, 0);
	assert_metric(f, ITEMS);
	assert_metric(f, SEEN("a"));
	assert_false(has(f, SEEN("gone")));
	configure(f, "", "");
	run(f, 0, 0);
	assert_false(has(f, ITEMS));
}

static void without_metrics_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->dir, "backstay-agent-prod.prom");

	configure_all(f, "");
	struct watch *w = watch_start(&f->o);
	assert_false(watch_measures(w));
	watch_phase(w, "open");
	watch_finish(w, 0, NULL);
	assert_false(file_exists(path));
	configure(f, "", "");
	w = watch_start(&f->o);
	assert_true(watch_measures(w));
	watch_finish(w, 0, NULL);
	assert_true(file_exists(path));
}

static void a_command_that_is_not_watched_may_say_all(void **state)
{
	static const struct metrics_label none[] = {{NULL, NULL}};

	(void)state;
	assert_false(watch_measures(NULL));
	watch_apart(NULL, true);
	watch_snapshot(NULL, "prod-1");
	watch_phase(NULL, "open");
	watch_sample(NULL, "backstay_archive_bytes", none, 1);
	watch_value(NULL, "backstay_archive_bytes", NULL, NULL, 1);
}

/* ---- notices ------------------------------------------------------------- */

#define NOTIFY                                                                 \
	"notify: [{name: ops, kind: command, command: [/bin/sh, -c, 'echo "    \
	"\"$BACKSTAY_EVENT $BACKSTAY_EXIT_STATUS $BACKSTAY_SNAPSHOT "          \
	"$BACKSTAY_ERROR\" >>%s/told']}]\n"

static void the_start_and_the_end_are_told(void **state)
{
	struct fixture *f = *state;
	autofree char *config = str_printf(NOTIFY, f->dir);
	autofree char *path = file_join(f->dir, "told");
	cleanup(buf_done) struct buf told = BUF_INIT;
	struct err err = ERR_INIT;

	configure_all(f, config);
	struct watch *w = watch_start(&f->o);
	watch_snapshot(w, "prod-1");
	watch_snapshot(w, "prod-2");
	watch_finish(w, 1, NULL);
	w = watch_start(&f->o);
	err_set(&err, ERR_LOCKED, "another run has it");
	watch_finish(w, -1, &err);
	/* Of a part that went well, only the start. */
	w = watch_start(&f->o);
	watch_apart(w, true);
	watch_finish(w, 0, NULL);
	err = (struct err)ERR_INIT;
	assert_ok(file_read(path, 1000, &told, &err), err);
	assert_string_equal(buf_str(&told),
	    "start 0  \npartial 1 prod-2 \nstart 0  \n"
	    "failure 4  another run has it\nstart 0  \n");
}

/* ---- check --------------------------------------------------------------- */

static void note(void *ctx, const char *what, const struct err *err)
{
	buf_printf(ctx, "%s: %s\n", what, err ? err->message : "good");
}

static void a_check_tries_each_recipient(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf noted = BUF_INIT;

	configure_all(f, "");
	watch_check(f->settings, note, &noted);
	assert_string_equal(buf_str(&noted), "");
	configure(f, "",
	    "notify: [{name: a, kind: command, command: [/bin/true]}, {name: "
	    "b, kind: json, url_file: /nonexistent}]\n");
	watch_check(f->settings, note, &noted);
	assert_contains(buf_str(&noted), "metrics: good\nnotify 'a': good\n"
					 "notify 'b': c.yaml:");
	assert_contains(buf_str(&noted), "/nonexistent");
	cleanup(buf_done) struct buf missing = BUF_INIT;
	configure_all(f, "metrics: {textfile_directory: /nonexistent}\n");
	watch_check(f->settings, note, &missing);
	assert_contains(buf_str(&missing), "metrics: ");
	assert_contains(buf_str(&missing), "/nonexistent");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_run_that_began_is_an_attempt),
	    TEST(a_run_ends_in_one_of_three_ways),
	    TEST(partial_runs_are_counted_in_a_row),
	    TEST(an_error_has_its_exit_status),
	    TEST(a_part_that_ends_well_is_no_backup),
	    TEST(phases_follow_one_another),
	    TEST(samples_are_set_and_counters_added),
	    TEST(each_program_says_how_often_it_should_run),
	    TEST(what_is_no_longer_configured_has_no_metrics),
	    TEST(without_metrics_nothing_is_written),
	    cmocka_unit_test(a_command_that_is_not_watched_may_say_all),
	    TEST(the_start_and_the_end_are_told),
	    TEST(a_check_tries_each_recipient),
	};

	return cmocka_run_group_tests_name("watch/watch", tests, NULL, NULL);
}
