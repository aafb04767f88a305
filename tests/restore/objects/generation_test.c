#include "restore/objects/generation.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static void a_status_speaks_of_generation_one(void **state)
{
	static const struct {
		const char *before;
		const char *after;
	} cases[] = {
	    {"{\"metadata\":{\"generation\":7},\"status\":{"
	     "\"observedGeneration\":7,\"other\":7,\"conditions\":["
	     "{\"observedGeneration\":7},{\"observedGeneration\":6,"
	     "\"type\":\"Ready\"}]}}",
		"{\"metadata\":{\"generation\":7},\"status\":{"
		"\"observedGeneration\":1,\"other\":7,\"conditions\":["
		"{\"observedGeneration\":1},{\"type\":\"Ready\"}]}}"},
	    /* Conditions of listeners, parents and the like. */
	    {"{\"metadata\":{\"generation\":2},\"status\":{\"parents\":[{"
	     "\"conditions\":[{\"observedGeneration\":2}]}]}}",
		"{\"metadata\":{\"generation\":2},\"status\":{\"parents\":[{"
		"\"conditions\":[{\"observedGeneration\":1}]}]}}"},
	    /* It had not been looked at; nor has the new one. */
	    {"{\"metadata\":{\"generation\":2},\"status\":{"
	     "\"observedGeneration\":1}}",
		"{\"metadata\":{\"generation\":2},\"status\":{}}"},
	    /* Argo Rollouts, as a text. */
	    {"{\"metadata\":{\"generation\":12},\"status\":{"
	     "\"observedGeneration\":\"12\"}}",
		"{\"metadata\":{\"generation\":12},\"status\":{"
		"\"observedGeneration\":\"1\"}}"},
	    /* External Secrets. */
	    {"{\"metadata\":{\"generation\":3},\"status\":{"
	     "\"syncedResourceVersion\":\"3-0a1b2c\"}}",
		"{\"metadata\":{\"generation\":3},\"status\":{"
		"\"syncedResourceVersion\":\"1-0a1b2c\"}}"},
	    {"{\"metadata\":{\"generation\":3},\"status\":{"
	     "\"syncedResourceVersion\":\"2-0a1b2c\"}}",
		"{\"metadata\":{\"generation\":3},\"status\":{"
		"\"syncedResourceVersion\":\"2-0a1b2c\"}}"},
	    /* What is not a number, or has no generation, stays as it is. */
	    {"{\"metadata\":{\"generation\":3},\"status\":{"
	     "\"observedGeneration\":{\"a\":3},\"conditions\":{\"b\":3}}}",
		"{\"metadata\":{\"generation\":3},\"status\":{"
		"\"observedGeneration\":{\"a\":3},\"conditions\":{\"b\":3}}}"},
	    {"{\"metadata\":{},\"status\":{\"observedGeneration\":3}}",
		"{\"metadata\":{},\"status\":{\"observedGeneration\":3}}"},
	    {"{\"metadata\":{\"generation\":3},\"status\":[3]}",
		"{\"metadata\":{\"generation\":3},\"status\":[3]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		cleanup(json_freep) struct json_object *object =
		    json_parse(cases[i].before, strlen(cases[i].before), &err);

		assert_non_null(object);
		generation_restart(object);
		assert_json(object, cases[i].after);
	}
}

static void check_revision(const char *configuration_text, const char *expected)
{
	static const char text[] =
	    "{\"metadata\":{\"name\":\"shop-00003\",\"labels\":{"
	    "\"serving.knative.dev/configurationGeneration\":\"3\"}}}";
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *revision =
	    json_parse(text, sizeof(text) - 1, &err);
	cleanup(json_freep) struct json_object *configuration =
	    json_parse(configuration_text, strlen(configuration_text), &err);
	bool older = generation_restart_revision(revision, configuration);
	const char *label = json_str(json_path(revision, "metadata", "labels",
	    "serving.knative.dev/configurationGeneration", NULL));

	assert_string_equal(label ? label : "", expected);
	assert_int_equal(older, !label);
}

static void the_newest_revision_is_the_first(void **state)
{
	(void)state;
#define CONFIGURATION(generation, observed, name)                              \
	"{\"metadata\":{\"generation\":" generation                            \
	"},\"status\":{\"observedGeneration\":" observed                       \
	",\"latestCreatedRevisionName\":\"" name "\"}}"
	check_revision(CONFIGURATION("3", "3", "shop-00003"), "1");
	check_revision(CONFIGURATION("4", "4", "shop-00004"), "");
	/* It was changed, and has no revision for that yet. */
	check_revision(CONFIGURATION("4", "3", "shop-00003"), "");
	/* Not in the snapshot. */
	check_revision("{}", "3");
}

static void a_revision_that_is_there_keeps_what_it_bears(void **state)
{
#define REVISION(labels) "{\"metadata\":{\"labels\":{" labels "}}}"
#define OF_GENERATION(n)                                                       \
	"\"serving.knative.dev/configurationGeneration\":\"" n "\""
	static const char *const cases[][3] = {
	    /* wanted, live, what is wanted then */
	    {REVISION(OF_GENERATION("3")), REVISION(OF_GENERATION("1")),
		REVISION(OF_GENERATION("1"))},
	    {REVISION(OF_GENERATION("3")), REVISION(""), REVISION("")},
	    {REVISION("\"a\":\"b\""), REVISION(OF_GENERATION("1")),
		REVISION("\"a\":\"b\"," OF_GENERATION("1"))},
	    {"{}", REVISION(OF_GENERATION("1")), "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		cleanup(json_freep) struct json_object *wanted =
		    json_parse(cases[i][0], strlen(cases[i][0]), &err);
		cleanup(json_freep) struct json_object *live =
		    json_parse(cases[i][1], strlen(cases[i][1]), &err);
		cleanup(json_freep) struct json_object *expected =
		    json_parse(cases[i][2], strlen(cases[i][2]), &err);

		generation_keep(wanted, live);
		assert_true(json_equal(wanted, expected));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_status_speaks_of_generation_one),
	    cmocka_unit_test(the_newest_revision_is_the_first),
	    cmocka_unit_test(a_revision_that_is_there_keeps_what_it_bears),
	};

	return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
