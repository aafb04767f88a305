/* What check shows of the layers before there is a snapshot. */
#include "agent/source_layers.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct settings *settings;
	struct source_layers layers;
	struct checks checks;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	checks_init(&f->checks);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	source_layers_done(&f->layers);
	checks_done(&f->checks);
	settings_free(f->settings);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *config)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;

	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	source_layers_init(&f->layers, f->settings);
}

/* All rows, in order, a line each: "ok: ..." or "warning: ...". */
static void assert_rows(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf rows = BUF_INIT;

	source_layers_write(&f->layers, f->settings, &f->checks);
	for (size_t i = 0; i < json_len(f->checks.array); i++) {
		const struct json_object *row = json_at(f->checks.array, i);

		assert_string_equal(json_get_str(row, "what"), "layers");
		buf_printf(&rows, "%s: %s\n",
		    json_get(row, "warning") ? "warning" : "ok",
		    json_get_str(row, "detail"));
	}
	assert_string_equal(buf_str(&rows), expected);
	assert_int_equal(f->checks.failed, 0);
}

/* By the summary of a cluster, in JSON; NULL: it could not be asked. */
static void objects(struct fixture *f, const char *text)
{
	cleanup(json_freep) struct json_object *summary =
	    text ? test_json(text) : NULL;

	source_layers_objects(&f->layers, summary);
}

static void without_layers_there_is_no_row(void **state)
{
	struct fixture *f = *state;

	start(f, "");
	source_layers_repository(&f->layers, "a");
	source_layers_cluster(&f->layers, "prod");
	source_layers_unlisted(&f->layers, LAYER_REPOSITORIES);
	objects(f, "{\"namespaces\":[\"a\"]}");
	assert_rows(f, "");
}

static void layers_are_listed_and_what_is_in_none(void **state)
{
	struct fixture *f = *state;

	start(f, "layers:\n"
		 "- {name: base, select: {repositories: [infra]}}\n"
		 "- {name: apps, sync: manual, depends_on: [base], select: "
		 "{repositories: ['app-*']}}\n");
	source_layers_repository(&f->layers, "infra");
	source_layers_repository(&f->layers, "app-a");
	source_layers_repository(&f->layers, "docs");
	assert_rows(f,
	    "ok: 2: base, apps (manual)\n"
	    "ok: repository docs is in no layer, and so in 'unassigned', "
	    "which is restored last\n");
}

static void a_repository_in_two_layers_is_told(void **state)
{
	struct fixture *f = *state;

	start(f, "layers:\n"
		 "- {name: base, select: {repositories: [a]}}\n"
		 "- {name: apps, select: {repositories: ['*']}}\n");
	source_layers_repository(&f->layers, "a");
	assert_rows(f,
	    "ok: 2: base, apps\n"
	    "warning: repository a is selected by 'base' and by 'apps'; it "
	    "is restored with 'base'\n");
}

static void a_pattern_that_nothing_fits_is_told(void **state)
{
	struct fixture *f = *state;

	start(f, "layers:\n"
		 "- {name: base, select: {repositories: [a, typo], "
		 "namespaces: [team, tem], kinds: [Secret, Sercet, "
		 "Deployment.apps, Deployment], clusters: [prod, prd]}}\n");
	source_layers_repository(&f->layers, "a");
	source_layers_cluster(&f->layers, "prod");
	objects(f, "{\"namespaces\":[\"team\"],\"resources\":["
		   "{\"resource\":\"secrets\",\"kind\":\"Secret\"},"
		   "{\"resource\":\"deployments.apps\",\"kind\":"
		   "\"Deployment\"},{\"resource\":\"odd\"},{\"kind\":"
		   "\"Odd\"}]}");
	assert_rows(f,
	    "ok: 1: base\n"
	    "warning: 'typo' of repositories in 'base' selects nothing of the "
	    "sources\n"
	    "warning: 'tem' of namespaces in 'base' selects nothing of the "
	    "sources\n"
	    "warning: 'Sercet' of kinds in 'base' selects nothing of the "
	    "sources\n"
	    "warning: 'Deployment' of kinds in 'base' selects nothing of the "
	    "sources\n"
	    "warning: 'prd' of clusters in 'base' selects nothing of the "
	    "sources\n");
}

/* A kind without a group has two names. */
static void a_core_kind_has_two_names(void **state)
{
	struct fixture *f = *state;

	start(f, "layers:\n"
		 "- {name: base, select: {kinds: [Secret.core, Secret]}}\n");
	objects(f, "{\"namespaces\":[\"team\"],\"resources\":["
		   "{\"resource\":\"secrets\",\"kind\":\"Secret\"}]}");
	assert_rows(f, "ok: 1: base\n");
}

/* Nothing is said of what was not seen. */
static void what_could_not_be_listed_is_not_judged(void **state)
{
	struct fixture *f = *state;

	start(f, "layers:\n"
		 "- {name: base, select: {repositories: [typo], namespaces: "
		 "[tem], kinds: [Sercet]}}\n");
	source_layers_unlisted(&f->layers, LAYER_REPOSITORIES);
	objects(f, NULL);
	assert_rows(f, "ok: 1: base\n");
}

#define STATES(PATTERN)                                                        \
	"terraform: {buckets: [{bucket: states, region: eu-west-1}]}\n"        \
	"layers:\n- {name: base, select: {states: ['" PATTERN "']}}\n"
#define NO_BUCKET(PATTERN)                                                     \
	"ok: 1: base\nwarning: '" PATTERN                                      \
	"' of states in 'base' is for no bucket of the configuration; it "     \
	"takes BUCKET/KEY\n"

static void a_pattern_of_states_names_a_bucket(void **state)
{
	static const struct {
		const char *config, *rows;
	} cases[] = {
	    {STATES("states/env/*"), "ok: 1: base\n"},
	    {STATES("states/k"), "ok: 1: base\n"},
	    {STATES("*"), "ok: 1: base\n"},
	    {STATES("st*"), "ok: 1: base\n"},
	    {STATES("st?tes/k"), "ok: 1: base\n"},
	    {STATES("states*"), "ok: 1: base\n"},
	    {STATES("other/*"), NO_BUCKET("other/*")},
	    {STATES("state/*"), NO_BUCKET("state/*")},
	    {STATES("statess/*"), NO_BUCKET("statess/*")},
	    /* A bucket alone is no state. */
	    {STATES("states"), NO_BUCKET("states")},
	    {STATES("states/"), NO_BUCKET("states/")},
	    {STATES("stat"), NO_BUCKET("stat")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *one;

		set_up(&one);
		start(one, cases[i].config);
		assert_rows(one, cases[i].rows);
		tear_down(&one);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_layers_there_is_no_row),
	    TEST(layers_are_listed_and_what_is_in_none),
	    TEST(a_repository_in_two_layers_is_told),
	    TEST(a_pattern_that_nothing_fits_is_told),
	    TEST(a_core_kind_has_two_names),
	    TEST(what_could_not_be_listed_is_not_judged),
	    cmocka_unit_test(a_pattern_of_states_names_a_bucket),
	};

	return cmocka_run_group_tests_name("source_layers", tests, NULL, NULL);
}
