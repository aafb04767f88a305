/* By what items of lists are told apart, out of schemas and by heart. */
#include "restore/diff/list_keys.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* "spec.ports" */
static void assert_keys(
    const struct json_object *tree, const char *way, const char *expected)
{
	cleanup(strvec_done) struct strvec field = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *copy = str_dup(way);
	char *rest = copy;

	for (char *key; (key = strsep(&rest, "."));)
		strvec_add(&field, key);
	const struct json_object *keys = list_keys_find(tree, &field);
	if (keys)
		json_write(&text, keys, JSON_COMPACT);
	assert_string_equal(buf_str(&text), expected);
}

#define KEYS(NAMES) "\"x-kubernetes-list-map-keys\":[" NAMES "]"

static void a_schema_leads_to_its_lists(void **state)
{
	cleanup(json_freep) struct json_object *schema = test_json(
	    "{\"properties\":{\"spec\":{\"properties\":{"
	    "\"plain\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	    "\"ports\":{\"type\":\"array\"," KEYS(
		"\"port\",\"protocol\"") ","
					 "\"items\":{\"properties\":{"
					 "\"protocol\":{\"default\":\"TCP\"},"
					 "\"inner\":{\"items\":{}," KEYS(
					     "\"id\"") "}}}}}},"
						       "\"pools\":{"
						       "\"additionalProperties"
						       "\":{\"items\":{}," KEYS(
							   "\"zone\"") "}}}}");
	cleanup(json_freep) struct json_object *tree =
	    list_keys_of_schema(schema, NULL);

	(void)state;
	assert_keys(tree, "spec.ports", "{\"port\":null,\"protocol\":\"TCP\"}");
	assert_keys(tree, "spec.ports.inner", "{\"id\":null}");
	assert_keys(tree, "pools.whatever", "{\"zone\":null}");
	assert_keys(tree, "spec.plain", "");
	assert_keys(tree, "spec", "");
	assert_keys(tree, "nothing.of.it", "");
	assert_keys(NULL, "spec", "");
}

static void references_are_followed_and_circles_are_not(void **state)
{
	cleanup(json_freep) struct json_object *document = test_json(
	    "{\"components\":{\"schemas\":{"
	    "\"Widget\":{\"x-kubernetes-group-version-kind\":[{\"group\":\"g\","
	    "\"version\":\"v1\",\"kind\":\"Widget\"}],\"properties\":{"
	    "\"spec\":{\"allOf\":[{\"$ref\":\"#/components/schemas/Spec\"}],"
	    "\"default\":{}}}},"
	    "\"Spec\":{\"properties\":{\"again\":{\"$ref\":"
	    "\"#/components/schemas/Spec\"},\"gone\":{\"$ref\":"
	    "\"#/components/schemas/None\"},\"odd\":{\"$ref\":\"file:///x\"},"
	    "\"list\":{\"items\":{\"$ref\":\"#/components/schemas/"
	    "Item\"}," KEYS("\"a\"") "}}},"
				     "\"Item\":{\"properties\":{\"a\":{"
				     "\"default\":1},\"b\":{\"items\":{}," KEYS(
					 "\"c\"") "}}}}}}");
	cleanup(json_freep) struct json_object *tree =
	    list_keys_of_openapi(document, "g", "v1", "Widget");

	(void)state;
	assert_keys(tree, "spec.list", "{\"a\":1}");
	assert_keys(tree, "spec.list.b", "{\"c\":null}");
	assert_keys(tree, "spec.again.list", "");
	assert_null(list_keys_of_openapi(document, "g", "v2", "Widget"));
	assert_null(list_keys_of_openapi(document, "", "v1", "Widget"));
	assert_null(list_keys_of_openapi(NULL, "g", "v1", "Widget"));
}

static void what_is_no_schema_has_no_keys(void **state)
{
	static const char *const odd[] = {"[]", "{}", "{\"properties\":1}",
	    "{\"properties\":{\"a\":[]}}", "{\"items\":3}",
	    "{" KEYS("1,{}") "}", "{\"x-kubernetes-list-map-keys\":\"a\"}",
	    "{\"$ref\":3}", "{\"allOf\":[]}",
	    "{\"additionalProperties\":true}"};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cleanup(json_freep) struct json_object *schema =
		    test_json(odd[i]);
		assert_null(list_keys_of_schema(schema, NULL));
	}
}

static void a_definition_has_a_schema_each_version(void **state)
{
	cleanup(json_freep) struct json_object *definition = test_json(
	    "{\"spec\":{\"versions\":[{\"name\":\"v1\"},{\"name\":\"v2\","
	    "\"schema\":{\"openAPIV3Schema\":{\"properties\":{\"l\":{"
	    "\"items\":{}," KEYS("\"k\"") "}}}}}]}}");
	cleanup(json_freep) struct json_object *tree =
	    list_keys_of_definition(definition, "v2");

	(void)state;
	assert_keys(tree, "l", "{\"k\":null}");
	assert_null(list_keys_of_definition(definition, "v1"));
	assert_null(list_keys_of_definition(definition, "v3"));
	assert_null(list_keys_of_definition(NULL, "v2"));
}

static void kinds_of_kubernetes_are_known(void **state)
{
	static const struct {
		const char *group, *kind, *way, *keys;
	} rows[] = {
	    {"apps", "Deployment", "spec.template.spec.containers.ports",
		"{\"containerPort\":null,\"protocol\":\"TCP\"}"},
	    {"batch", "CronJob",
		"spec.jobTemplate.spec.template.spec.initContainers."
		"volumeMounts",
		"{\"mountPath\":null}"},
	    {"", "Pod", "spec.hostAliases", "{\"ip\":null}"},
	    {"", "Pod", "spec.topologySpreadConstraints",
		"{\"topologyKey\":null,\"whenUnsatisfiable\":null}"},
	    {"", "Service", "spec.ports",
		"{\"port\":null,\"protocol\":\"TCP\"}"},
	    /* A name tells these apart without a schema. */
	    {"apps", "Deployment", "spec.template.spec.containers", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(json_freep) struct json_object *tree =
		    list_keys_known(rows[i].group, rows[i].kind);
		assert_keys(tree, rows[i].way, rows[i].keys);
	}
	assert_null(list_keys_known("example.com", "Deployment"));
	assert_null(list_keys_known("", "ConfigMap"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_schema_leads_to_its_lists),
	    cmocka_unit_test(references_are_followed_and_circles_are_not),
	    cmocka_unit_test(what_is_no_schema_has_no_keys),
	    cmocka_unit_test(a_definition_has_a_schema_each_version),
	    cmocka_unit_test(kinds_of_kubernetes_are_known),
	};

	return cmocka_run_group_tests_name("list_keys", tests, NULL, NULL);
}
