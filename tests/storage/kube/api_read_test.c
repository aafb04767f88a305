#include "storage/kube/api.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/unavailable.h"
#include "tests/support/test.h"

#include <string.h>

static void the_preferred_version_that_lists_is_used(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *first = test_json(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"widgets\",\"kind\":\"Widget\",\"namespaced\":true,"
	    "\"verbs\":[\"create\"]},"
	    "{\"name\":\"widgets/status\",\"kind\":\"Widget\"},"
	    "{\"name\":\"gears\",\"kind\":\"Gear\",\"namespaced\":false,"
	    "\"verbs\":[\"list\",\"get\"]}]}");
	cleanup(json_freep) struct json_object *second = test_json(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"widgets\",\"kind\":\"Widget\",\"namespaced\":true,"
	    "\"verbs\":[\"list\",\"get\",\"create\"]},"
	    "{\"name\":\"gears\",\"kind\":\"Gear\",\"namespaced\":false,"
	    "\"verbs\":[\"list\",\"get\"]}]}");

	(void)state;
	assert_ok(kube_api_add_list(&api, "x.io/v2", first, &err), err);
	assert_ok(kube_api_add_list(&api, "x.io/v1", second, &err), err);
	kube_api_sort(&api);
	assert_int_equal(api.resources.len, 2);
	const struct kube_resource *w = kube_api_by_key(&api, "widgets.x.io");
	assert_string_equal(w->api_version, "x.io/v1");
	assert_true(w->listable && w->namespaced && w->has_status);
	assert_int_equal(w->versions.len, 2);
	const struct kube_resource *g = kube_api_by_key(&api, "gears.x.io");
	assert_string_equal(g->version, "v2");
	assert_false(g->namespaced || g->has_status);
	/* By any version that is served. */
	assert_ptr_equal(kube_api_by_kind(&api, "x.io/v2", "Widget"), w);
	assert_ptr_equal(kube_api_by_kind(&api, "x.io/v1", "Widget"), w);
	assert_null(kube_api_by_kind(&api, "x.io/v3", "Widget"));
	assert_null(kube_api_by_kind(&api, "v1", "Widget"));
	kube_api_done(&api);
}

static void the_aggregated_form_says_the_same(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *list = test_json(
	    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":["
	    "{\"metadata\":{},\"versions\":[{\"version\":\"v1\",\"resources\":["
	    "{\"resource\":\"pods\",\"responseKind\":{\"kind\":\"Pod\"},"
	    "\"scope\":\"Namespaced\",\"verbs\":[\"get\",\"list\"],"
	    "\"subresources\":[{\"subresource\":\"status\"}]},"
	    "{\"resource\":\"odd\",\"responseKind\":{}}]}]},"
	    "{\"metadata\":{\"name\":\"down.io\"},\"versions\":[{\"version\":"
	    "\"v1\",\"freshness\":\"Stale\",\"resources\":[{\"resource\":"
	    "\"old\",\"responseKind\":{\"kind\":\"Old\"},\"verbs\":["
	    "\"get\",\"list\"]}]}]}]}");

	(void)state;
	assert_ok(kube_api_add_aggregated(&api, list, &err), err);
	assert_int_equal(api.resources.len, 1);
	const struct kube_resource *pods = kube_api_by_key(&api, "pods");
	assert_string_equal(pods->api_version, "v1");
	assert_true(pods->namespaced && pods->listable && pods->has_status);
	assert_string_equal(api.broken.items[0].group_version, "down.io/v1");
	autofree char *warning = kube_unavailable_warning(api.broken.items);
	assert_contains(warning, "the API down.io/v1 is registered and does");
	kube_api_done(&api);
}

static void names_that_would_leave_a_path_are_refused(void **state)
{
	static const char *const bad[] = {
	    ("{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":"
	     "\"../x\",\"kind\":\"X\"}]}"),
	    "{\"kind\":\"APIResourceList\",\"resources\":[{\"kind\":\"X\"}]}",
	    "{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"x\"}]}",
	    "{\"kind\":\"Status\"}",
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct kube_api api = KUBE_API_INIT;
		cleanup(json_freep) struct json_object *j = test_json(bad[i]);
		if (kube_api_add_list(&api, "v1", j, &err) == 0 &&
		    api.resources.len)
			fail_msg("taken: %s", bad[i]);
		kube_api_done(&api);
	}
	/* Of a group beside the core, it is that group's alone. */
	struct kube_api api = KUBE_API_INIT;
	cleanup(json_freep) struct json_object *groups = test_json(
	    "{\"items\":[{\"metadata\":{\"name\":\"x.io\"},\"versions\":["
	    "{\"version\":\"v1\",\"resources\":[{\"resource\":\"../x\","
	    "\"responseKind\":{\"kind\":\"X\"}}]}]},"
	    "{\"versions\":[{\"version\":\"v1\",\"resources\":[{\"resource\":"
	    "\"pods\",\"responseKind\":{\"kind\":\"Pod\"}}]}]}]}");
	assert_ok(kube_api_add_aggregated(&api, groups, &err), err);
	assert_int_equal(api.resources.len, 1);
	assert_string_equal(api.resources.items[0].key, "pods");
	assert_string_equal(api.broken.items[0].group_version, "x.io/v1");
	kube_api_done(&api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_preferred_version_that_lists_is_used),
	    cmocka_unit_test(the_aggregated_form_says_the_same),
	    cmocka_unit_test(names_that_would_leave_a_path_are_refused),
	};

	return cmocka_run_group_tests_name("kube/api_read", tests, NULL, NULL);
}
