#include "restore/objects/object.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void a_group_is_what_stands_before_the_slash(void **state)
{
	static const struct {
		const char *api_version;
		const char *group;
	} rows[] = {{"v1", ""}, {"apps/v1", "apps"},
	    {"cert-manager.io/v1", "cert-manager.io"}, {"", ""}, {NULL, ""},
	    {"/v1", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *group = object_group(rows[i].api_version);
		assert_string_equal(group, rows[i].group);
	}
}

static void what_an_object_says_of_itself(void **state)
{
	cleanup(json_freep) struct json_object *o = test_json(
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"
	    "\"name\":\"n\",\"namespace\":\"ns\",\"uid\":\"u\",\"labels\":{"
	    "\"a/b\":\"label\"},\"annotations\":{\"a/b\":\"annotation\"},"
	    "\"deletionTimestamp\":\"2024-01-01T00:00:00Z\"}}");
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(o);

	(void)state;
	assert_string_equal(id.group, "apps");
	assert_string_equal(id.kind, "Deployment");
	assert_string_equal(object_name(o), "n");
	assert_string_equal(object_namespace(o), "ns");
	assert_string_equal(object_uid(o), "u");
	assert_string_equal(object_label(o, "a/b"), "label");
	assert_string_equal(object_annotation(o, "a/b"), "annotation");
	assert_null(object_label(o, "a"));
	assert_true(object_is_terminating(o));
}

/* Nothing of it has to be there, or to be what it should be. */
static void an_object_may_say_nothing(void **state)
{
	static const char *const texts[] = {"{}", "[]", "{\"metadata\":null}",
	    "{\"metadata\":[]}",
	    "{\"kind\":7,\"apiVersion\":[],\"metadata\":{\"name\":1,"
	    "\"namespace\":{},\"labels\":\"x\",\"annotations\":[],"
	    "\"ownerReferences\":{\"controller\":true}}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(json_freep) struct json_object *o = test_json(texts[i]);
		cleanup(object_identity_done) struct object_identity id =
		    object_identity(o);
		assert_string_equal(id.group, "");
		assert_string_equal(id.kind, "");
		assert_null(object_name(o));
		assert_null(object_namespace(o));
		assert_null(object_uid(o));
		assert_null(object_label(o, "x"));
		assert_null(object_annotation(o, "x"));
		assert_false(object_is_terminating(o));
		assert_false(object_is_owned(o, NULL));
		assert_null(object_controller_uid(o, NULL));
	}
}

#define OWNER(API, KIND, REST)                                                 \
	"{\"apiVersion\":\"" API "\",\"kind\":\"" KIND "\"," REST "}"
#define OWNED(OWNERS) "{\"metadata\":{\"ownerReferences\":[" OWNERS "]}}"

/* Only a controller owns; others may have a share in it. */
static void a_controller_is_told_from_other_owners(void **state)
{
	cleanup(json_freep) struct json_object *shared = test_json(OWNED(
	    OWNER("apps/v1", "ReplicaSet", "\"uid\":\"a\"") "," OWNER("apps/v1",
		"ReplicaSet", "\"uid\":\"b\",\"controller\":false")));
	cleanup(json_freep) struct json_object *owned =
	    test_json(OWNED(OWNER("v1", "ConfigMap", "\"uid\":\"a\"") "," OWNER(
		"apps/v1", "ReplicaSet", "\"uid\":\"b\",\"controller\":true")));

	(void)state;
	assert_false(object_is_owned(shared, NULL));
	assert_null(object_controller_uid(shared, NULL));
	assert_true(object_is_owned(owned, NULL));
	assert_true(object_is_owned(owned, "ReplicaSet.apps"));
	assert_false(object_is_owned(owned, "ReplicaSet.core"));
	assert_false(object_is_owned(owned, "ConfigMap.core"));
	assert_string_equal(object_controller_uid(owned, NULL), "b");
	assert_null(object_controller_uid(owned, "Deployment.apps"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_group_is_what_stands_before_the_slash),
	    cmocka_unit_test(what_an_object_says_of_itself),
	    cmocka_unit_test(an_object_may_say_nothing),
	    cmocka_unit_test(a_controller_is_told_from_other_owners),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
