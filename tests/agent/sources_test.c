/* Which sources a run has, what cannot be connected, and how far each is. */
#include "agent/sources.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/configs.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define GIT "git: {repositories: [{name: web, url: https://h/web}]}\n"
#define CLUSTER                                                                \
	"kubernetes: {clusters: [{name: c, kubeconfig: /nowhere/at/all}]}\n"
#define BUCKET "terraform: {buckets: [{bucket: states, region: eu-west-1}]}\n"

struct fixture {
	char *dir;
	struct settings *settings;
	struct organisations organisations;
	struct test_clock clock;
	struct test_random random;
	struct buf archive;
	struct archive_writer *writer;
	struct sources sources;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	f->dir = test_dir_make();
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 5);
	const struct archive_options o = {.scratch = f->dir};
	f->writer = archive_writer_new(&o, test_sink(&f->archive), &err);
	if (!f->writer)
		fail_msg("%s", err.message);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	sources_done(&f->sources);
	archive_writer_free(f->writer);
	buf_done(&f->archive);
	VEC_EACH (&f->organisations.each, o)
		strvec_done(&o->unusable);
	vec_done(&f->organisations.each);
	settings_free(f->settings);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void parse(struct fixture *f, const char *config)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;

	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->organisations.settings = *f->settings;
}

static void begin(struct fixture *f)
{
	const struct capture_env env = {.writer = f->writer,
	    .state_dir = f->dir,
	    .name = "prod",
	    .scratch = f->dir,
	    .clock = &f->clock.clock,
	    .random = &f->random.random};

	sources_init(&f->sources, &f->organisations, f->settings, &env);
}

static void assert_described(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	sources_describe(&f->sources, &text);
	assert_string_equal(buf_str(&text), expected);
}

static void ignore_tick(void *ctx, struct sources *s)
{
	(void)s;
	(void)ctx;
}

static void only_what_is_configured_is_a_source(void **state)
{
	struct fixture *f = *state;

	parse(f, BUCKET);
	begin(f);
	assert_int_equal(f->sources.count, 1);
	assert_string_equal(f->sources.tasks[0].kind, "terraform");
	assert_described(f, " | terraform ...");
}

static void all_three_are_in_one_order(void **state)
{
	struct fixture *f = *state;

	parse(f, GIT BUCKET CLUSTER);
	begin(f);
	assert_int_equal(f->sources.count, 3);
	assert_described(f, " | kubernetes ... | terraform ... | git ...");
}

static void progress_is_described(void **state)
{
	struct fixture *f = *state;

	parse(f, GIT BUCKET CLUSTER);
	begin(f);
	struct source_task *t = f->sources.tasks;
	t[1].env.progress(t[1].env.progress_ctx, "states/a\033b", 1, 4);
	t[2].env.progress(t[2].env.progress_ctx, "web", 2, 4);
	assert_described(f, " | kubernetes ... | terraform 1/4 | git 2/4 | "
			    "states/a\\x1bb | web");
	/* Of one that has ended, nobody asks what it is at. */
	t[2].ended = true;
	assert_described(
	    f, " | kubernetes ... | terraform 1/4 | git done | states/a\\x1bb");
}

/* The slowest counts, and one that does not know makes it unknown. */
static void what_is_left_is_that_of_the_slowest(void **state)
{
	struct fixture *f = *state;

	parse(f, GIT BUCKET CLUSTER);
	begin(f);
	struct source_task *t = f->sources.tasks;
	t[1].env.progress(t[1].env.progress_ctx, "a", 1, 4);
	t[2].env.progress(t[2].env.progress_ctx, "b", 2, 4);
	assert_int_equal(sources_left_ms(&f->sources, 60000), -1);
	t[0].ended = true;
	assert_int_equal(sources_left_ms(&f->sources, 60000), 180000);
	t[1].ended = true;
	assert_int_equal(sources_left_ms(&f->sources, 60000), 60000);
	t[2].ended = true;
	assert_int_equal(sources_left_ms(&f->sources, 60000), 0);
}

static void a_cluster_that_cannot_be_connected_is_missing(void **state)
{
	struct fixture *f = *state;

	parse(f, CLUSTER);
	begin(f);
	sources_run(&f->sources, ignore_tick, f);
	const struct source_task *t = &f->sources.tasks[0];
	assert_true(t->ended);
	assert_int_equal(t->status, 0);
	assert_int_equal(t->started_ms, 1700000000000);
	assert_int_equal(t->report.missing.len, 1);
	assert_string_equal(t->report.missing.items[0].what, "cluster 'c'");
	assert_contains(t->report.missing.items[0].reason, "/nowhere/at/all");
	assert_true(sources_note_failed(t));
	assert_described(f, " | kubernetes done");
}

/* They are missing of git, also where no repository is left. */
static void what_an_organisation_lacks_is_missing(void **state)
{
	struct fixture *f = *state;

	parse(f, "git: {organisations: [{url: https://github.com/o, "
		 "kind: github}]}\n");
	struct organisation *o = vec_add(&f->organisations.each);
	*o = (struct organisation){
	    .settings = &f->settings->git.organisations.items[0]};
	err_set(&o->err, ERR_NETWORK, "no answer");
	strvec_add(&o->unusable, "a..b");
	begin(f);
	assert_int_equal(f->sources.count, 1);
	sources_run(&f->sources, ignore_tick, f);
	const struct capture_report *r = &f->sources.tasks[0].report;
	assert_int_equal(r->missing.len, 2);
	assert_string_equal(r->missing.items[0].what,
	    "repositories of organisation 'https://github.com/o'");
	assert_string_equal(r->missing.items[0].reason, "no answer");
	assert_string_equal(r->missing.items[1].what,
	    "repository 'a..b' of organisation 'https://github.com/o'");
	assert_contains(
	    r->missing.items[1].reason, "give it another in git.repositories");
}

static void a_source_has_failed_where_nothing_came(void **state)
{
	struct source_task t = {.kind = "git"};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(sources_note_failed(&t));
	err_set(&err, ERR_SYSTEM, "why");
	capture_report_missing(&t.report, &err, "a");
	assert_true(sources_note_failed(&t));
	t.report.items = 1;
	assert_false(sources_note_failed(&t));
	capture_report_done(&t.report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_what_is_configured_is_a_source),
	    TEST(all_three_are_in_one_order),
	    TEST(progress_is_described),
	    TEST(what_is_left_is_that_of_the_slowest),
	    TEST(a_cluster_that_cannot_be_connected_is_missing),
	    TEST(what_an_organisation_lacks_is_missing),
	    cmocka_unit_test(a_source_has_failed_where_nothing_came),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
