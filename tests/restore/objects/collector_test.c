#include "restore/objects/collector.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void never(void *ctx, const struct reference *r)
{
	(void)ctx;
	fail_msg("'%s' is a name", r->name);
}

static void an_object_says_what_it_is(void **state)
{
	static const struct {
		const char *object, *group, *kind, *namespace, *template;
	} cases[] = {
	    {"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	     "\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"template\":"
	     "{\"x\":1}}}",
		"apps", "Deployment", "ns", "{\"x\":1}"},
	    /* A Pod is its own template. */
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{}}", "", "Pod",
		NULL, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{}}"},
	    {"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", "apps",
		"Deployment", NULL, NULL},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{"
	     "\"template\":{}}}",
		"", "Service", NULL, NULL},
	    {"{}", "", "", NULL, NULL},
	    {"{\"kind\":7,\"metadata\":[]}", "", "", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *o =
		    test_json(cases[i].object);
		struct collector t;

		collector_init(&t, o, never, NULL);
		assert_string_equal(t.group, cases[i].group);
		assert_string_equal(t.kind, cases[i].kind);
		if (cases[i].namespace)
			assert_string_equal(t.namespace, cases[i].namespace);
		else
			assert_null(t.namespace);
		if (cases[i].template)
			assert_json(t.pod_template, cases[i].template);
		else
			assert_null(t.pod_template);
		free(t.group);
	}
}

static void count(void *ctx, const struct reference *r)
{
	assert_string_equal(r->name, "a");
	assert_string_equal(r->kind, "Secret");
	assert_string_equal(r->namespace, "ns");
	assert_int_equal(r->strength, EDGE_HOLDS);
	assert_true(r->ready);
	assert_string_equal(r->reason, "why");
	++*(size_t *)ctx;
}

static void a_name_that_is_empty_is_none(void **state)
{
	cleanup(json_freep) struct json_object *o = test_json("{}");
	struct collector t;
	size_t found = 0;

	(void)state;
	collector_init(&t, o, count, &found);
	collector_add(&t, "", "Secret", "ns", NULL, EDGE_HOLDS, true, "why");
	collector_add(&t, "", "Secret", "ns", "", EDGE_HOLDS, true, "why");
	assert_int_equal(found, 0);
	collector_add(&t, "", "Secret", "ns", "a", EDGE_HOLDS, true, "why");
	assert_int_equal(found, 1);
	free(t.group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_says_what_it_is),
	    cmocka_unit_test(a_name_that_is_empty_is_none),
	};

	return cmocka_run_group_tests_name(
	    "objects/collector", tests, NULL, NULL);
}
