/* What sources give less than before becomes a part of the manifest. */
#include "agent/backup.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/snapshots.h"

#include <stdlib.h>
#include <string.h>

#define WAY_OUT                                                                \
	"; if that is as it should be, say so once by `backup "                \
	"--accept-shrink`, or for ever by allow_empty: true of the source, "   \
	"or set shrink"
#define CONFIG                                                                 \
	"git: {repositories: [{name: web, url: https://h/web}]}\n"             \
	"terraform: {buckets: [{bucket: states, region: eu-west-1}]}\n"

/* A repository with so many references, and a bucket with so many objects. */
#define SOURCES(REFS, OBJECTS)                                                 \
	"[{\"kind\":\"git\",\"missing\":0,\"repositories\":[{\"name\":"        \
	"\"web\",\"refs\":" #REFS "}]},{\"kind\":\"terraform\",\"missing\":0," \
	"\"buckets\":[{\"bucket\":\"states\",\"objects\":" #OBJECTS            \
	",\"prefixes\":{\"\":" #OBJECTS "}}]}]"

struct fixture {
	struct test_snapshots s;
	struct settings *settings;
	struct agent_options options;
	struct agent agent;
	struct backup_run run;
	struct manifest now;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_snapshots_init(&f->s, 0);
	f->agent.options = &f->options;
	f->run.a = &f->agent;
	manifest_init(&f->now);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	snapshot_writer_free(f->run.snapshot);
	vec_done(&f->run.organisations.each);
	manifest_done(&f->now);
	settings_free(f->settings);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

static void configure(struct fixture *f, const char *config)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;

	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->run.settings = f->settings;
}

static const char *before;

static void say_before(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	json_free(m->sources);
	m->sources = test_json(before);
}

/* The run after a snapshot with those sources. */
static void begin(struct fixture *f, const char *sources)
{
	struct vault *v = &f->s.t->vault;
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->s.clock.clock,
	    .trust = &f->s.trust};
	struct err err = ERR_INIT;

	if (sources) {
		before = sources;
		test_snapshots_add(&f->s, say_before);
	}
	f->run.snapshot = snapshot_begin(&v, 1, &o, &err);
	if (!f->run.snapshot)
		fail_msg("%s", err.message);
}

static void compare(struct fixture *f, const char *sources)
{
	json_free(f->now.sources);
	f->now.sources = test_json(sources);
	backup_shrink_add(&f->run, &f->now);
}

/* What it is told to be missing, or else warned of, one finding alone. */
static void assert_found(
    const struct fixture *f, const char *what, const char *text)
{
	const struct json_object *missing = json_at(f->now.missing, 0);

	assert_int_equal(json_len(f->now.missing), what != NULL);
	assert_int_equal(json_len(f->now.warnings), text && !what);
	if (what) {
		assert_string_equal(json_get_str(missing, "what"), what);
		assert_contains(json_get_str(missing, "reason"), text);
	} else if (text) {
		assert_contains(json_str(json_at(f->now.warnings, 0)), text);
	}
}

static void what_was_emptied_is_missing(void **state)
{
	struct fixture *f = *state;

	configure(f, CONFIG);
	begin(f, SOURCES(10, 5));
	compare(f, SOURCES(0, 5));
	assert_found(f, "repository 'web'", "has 0 references, and had 10 in ");
	const char *reason = json_get_str(json_at(f->now.missing, 0), "reason");
	assert_contains(reason, "prod-");
	assert_true(str_ends(reason, ": 100 % less" WAY_OUT));
}

static void what_has_less_is_a_warning(void **state)
{
	struct fixture *f = *state;

	configure(f, CONFIG "shrink: {warn: 10%, partial: 50%, minimum: 1}\n");
	begin(f, SOURCES(10, 100));
	compare(f, SOURCES(10, 80));
	assert_found(
	    f, NULL, "bucket 'states' has 80 objects, and had 100 in ");
}

static void what_has_as_much_is_nothing(void **state)
{
	struct fixture *f = *state;

	configure(f, CONFIG);
	begin(f, SOURCES(10, 5));
	compare(f, SOURCES(10, 6));
	assert_found(f, NULL, NULL);
}

static void without_a_snapshot_before_nothing_is_less(void **state)
{
	struct fixture *f = *state;

	configure(f, CONFIG);
	/* A shard has no writer. */
	compare(f, SOURCES(0, 0));
	assert_found(f, NULL, NULL);
	begin(f, NULL);
	compare(f, SOURCES(0, 0));
	assert_found(f, NULL, NULL);
}

static void it_can_be_allowed_for_ever_or_once_or_for_all(void **state)
{
	static const struct {
		const char *config;
		bool accept, warned;
	} ways[] = {
	    {"git: {repositories: [{name: web, url: https://h/web, "
	     "allow_empty: true}]}\n"
	     "terraform: {buckets: [{bucket: states, region: eu-west-1}]}\n",
		false, true},
	    {CONFIG, true, true},
	    {CONFIG "shrink: none\n", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		configure(f, ways[i].config);
		f->options.accept_shrink = ways[i].accept;
		begin(f, SOURCES(10, 5));
		compare(f, SOURCES(0, 5));
		assert_found(f, NULL,
		    ways[i].warned ? "repository 'web' has 0 references"
				   : NULL);
		tear_down(&one);
	}
}

/* What nobody names any more has not shrunk, but is told. */
static void a_source_that_is_not_configured_is_a_warning(void **state)
{
	struct fixture *f = *state;

	configure(
	    f, "git: {repositories: [{name: web, url: https://h/web}]}\n");
	begin(f, SOURCES(10, 5));
	compare(f, "[{\"kind\":\"git\",\"missing\":0,\"repositories\":["
		   "{\"name\":\"web\",\"refs\":10}]}]");
	assert_int_equal(json_len(f->now.missing), 0);
	assert_int_equal(json_len(f->now.warnings), 1);
	assert_contains(
	    json_str(json_at(f->now.warnings, 0)), "bucket 'states'");
}

/* ---- of a sharded run ---------------------------------------------------- */

/* Its own settings do not have what shards found; what they captured is what
 * there is. */
static void what_shards_captured_is_a_source(void **state)
{
	struct fixture *f = *state;

	configure(f, "git: {organisations: [{url: https://github.com/o}]}\n");
	begin(f, SOURCES(10, 5));
	f->run.shard = *state; /* there is one */
	compare(f, SOURCES(0, 0));
	assert_int_equal(json_len(f->now.missing), 2);
	assert_int_equal(json_len(f->now.warnings), 0);
	assert_string_equal(json_get_str(json_at(f->now.missing, 0), "what"),
	    "repository 'web'");
	assert_string_equal(json_get_str(json_at(f->now.missing, 1), "what"),
	    "bucket 'states'");
}

/* What an organisation does not list any more is told, unless it could not be
 * listed: then nothing is known. */
static void an_organisation_that_was_not_listed_has_lost_nothing(void **state)
{
	static const char none[] =
	    "[{\"kind\":\"git\",\"missing\":0,\"repositories\":[]},"
	    "{\"kind\":\"terraform\",\"missing\":0,\"buckets\":[{"
	    "\"bucket\":\"states\",\"objects\":5}]}]";

	static const char had[] =
	    "[{\"kind\":\"git\",\"missing\":0,\"repositories\":[{"
	    "\"name\":\"web\",\"url\":\"https://github.com/o/web\","
	    "\"refs\":10}]},"
	    "{\"kind\":\"terraform\",\"missing\":0,\"buckets\":[{"
	    "\"bucket\":\"states\",\"objects\":5}]}]";

	(void)state;
	for (int listed = 0; listed < 2; listed++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		configure(
		    f, "git: {organisations: [{url: https://github.com/o}]}\n");
		begin(f, had);
		f->run.shard = one;
		if (!listed)
			manifest_add_missing(&f->now,
			    "repositories of organisation "
			    "'https://github.com/o'",
			    "it is down");
		compare(f, none);
		assert_int_equal(json_len(f->now.missing), 1);
		assert_string_equal(
		    json_get_str(json_at(f->now.missing, 0), "what"),
		    listed ? "organisation 'https://github.com/o'"
			   : "repositories of organisation "
			     "'https://github.com/o'");
		assert_int_equal(json_len(f->now.warnings), listed);
		if (listed)
			assert_contains(json_str(json_at(f->now.warnings, 0)),
			    "repository 'web'");
		tear_down(&one);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_emptied_is_missing),
	    TEST(what_has_less_is_a_warning),
	    TEST(what_has_as_much_is_nothing),
	    TEST(without_a_snapshot_before_nothing_is_less),
	    cmocka_unit_test(it_can_be_allowed_for_ever_or_once_or_for_all),
	    TEST(a_source_that_is_not_configured_is_a_warning),
	    TEST(what_shards_captured_is_a_source),
	    cmocka_unit_test(
		an_organisation_that_was_not_listed_has_lost_nothing),
	};

	return cmocka_run_group_tests_name("backup_shrink", tests, NULL, NULL);
}
