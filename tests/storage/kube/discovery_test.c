#include "storage/kube/discovery.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/unavailable.h"
#include "tests/support/test.h"

#include <string.h>

static struct json_object *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *j = json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s", err.message);
	return j;
}

static void the_preferred_version_that_lists_is_used(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *first = parse(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"widgets\",\"kind\":\"Widget\",\"namespaced\":true,"
	    "\"verbs\":[\"create\"]},"
	    "{\"name\":\"widgets/status\",\"kind\":\"Widget\"},"
	    "{\"name\":\"gears\",\"kind\":\"Gear\",\"namespaced\":false,"
	    "\"verbs\":[\"list\",\"get\"]}]}");
	cleanup(json_freep) struct json_object *second = parse(
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

/* The hashes are those that kube-apiserver 1.20 tells. */
static void hashes_tell_the_stored_version(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *core = parse(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"pods\",\"kind\":\"Pod\",\"verbs\":[],"
	    "\"storageVersionHash\":\"xPOwRZ+Yhw8=\"},"
	    "{\"name\":\"configmaps\",\"kind\":\"ConfigMap\",\"verbs\":[],"
	    "\"storageVersionHash\":\"AAAAAAAAAAA=\"}]}");
	cleanup(json_freep) struct json_object *apps =
	    parse("{\"kind\":\"APIResourceList\",\"resources\":["
		  "{\"name\":\"deployments\",\"kind\":\"Deployment\",\"verbs\":"
		  "[]}]}");
	cleanup(json_freep) struct json_object *hashes = parse(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"deployments\",\"kind\":\"Deployment\","
	    "\"storageVersionHash\":\"8aSe+NMegvE=\"},{\"name\":\"others\","
	    "\"storageVersionHash\":\"8aSe+NMegvE=\"},{},7]}");

	(void)state;
	assert_ok(kube_api_add_list(&api, "v1", core, &err), err);
	assert_ok(kube_api_add_list(&api, "apps/v2", apps, &err), err);
	assert_ok(kube_api_add_list(&api, "apps/v1", apps, &err), err);
	assert_string_equal(
	    kube_api_stored_version(kube_api_by_key(&api, "pods")), "v1");
	/* Of no version that is served. */
	assert_null(
	    kube_api_stored_version(kube_api_by_key(&api, "configmaps")));
	const struct kube_resource *d =
	    kube_api_by_key(&api, "deployments.apps");
	assert_null(kube_api_stored_version(d));
	kube_api_note_hashes(&api, "apps/v1", hashes);
	assert_string_equal(kube_api_stored_version(d), "v1");
	kube_api_done(&api);
}

static void the_aggregated_form_says_the_same(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *list = parse(
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

/* What Kubernetes itself serves has no other server that could be down, and
 * where there was no answer, nobody said that one is. */
static void what_is_not_known_is_told_from_what_is_down(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *list =
	    parse("{\"items\":[{\"metadata\":{\"name\":\"apps\"},\"versions\":["
		  "{\"version\":\"v1\",\"freshness\":\"Stale\"}]}]}");

	(void)state;
	assert_ok(kube_api_add_aggregated(&api, list, &err), err);
	kube_unavailable_add(&api, "x.io/v1", false, "no answer");
	assert_int_equal(api.broken.len, 0);
	assert_int_equal(api.unavailable.len, 2);
	assert_string_equal(api.unavailable.items[0].group_version, "apps/v1");
	assert_contains(api.unavailable.items[0].why, "stale");
	assert_string_equal(api.unavailable.items[1].group_version, "x.io/v1");
	assert_string_equal(api.unavailable.items[1].why, "no answer");
	/* Of another server, or of one's own, as the APIServices say. */
	cleanup(json_freep) struct json_object *services =
	    parse("{\"items\":[{\"spec\":{\"version\":\"v1\"}},{\"spec\":{"
		  "\"group\":\"y.io\",\"version\":\"v1\",\"service\":{}}},"
		  "{\"spec\":{\"group\":\"y.io\",\"version\":\"v2\"}}]}");
	kube_unavailable_add(&api, "y.io/v1", true, "503");
	kube_unavailable_add(&api, "y.io/v2", true, "503");
	kube_unavailable_add(&api, "y.io/v3", true, "503");
	assert_int_equal(api.unavailable.len, 2);
	kube_unavailable_settle(&api, NULL);
	assert_int_equal(api.broken.len, 3);
	kube_unavailable_settle(&api, services);
	assert_int_equal(api.unavailable.len, 3);
	assert_string_equal(api.unavailable.items[2].group_version, "y.io/v2");
	assert_int_equal(api.broken.len, 2);
	assert_string_equal(api.broken.items[0].group_version, "y.io/v1");
	assert_string_equal(api.broken.items[1].group_version, "y.io/v3");
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
		cleanup(json_freep) struct json_object *j = parse(bad[i]);
		if (kube_api_add_list(&api, "v1", j, &err) == 0 &&
		    api.resources.len)
			fail_msg("taken: %s", bad[i]);
		kube_api_done(&api);
	}
	/* Of a group beside the core, it is that group's alone. */
	struct kube_api api = KUBE_API_INIT;
	cleanup(json_freep) struct json_object *groups = parse(
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
	    cmocka_unit_test(hashes_tell_the_stored_version),
	    cmocka_unit_test(the_aggregated_form_says_the_same),
	    cmocka_unit_test(what_is_not_known_is_told_from_what_is_down),
	    cmocka_unit_test(names_that_would_leave_a_path_are_refused),
	};

	return cmocka_run_group_tests_name("kube/discovery", tests, NULL, NULL);
}
