#include "storage/kube/unavailable.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* What Kubernetes itself serves has no other server that could be down, and
 * where there was no answer, nobody said that one is. */
static void what_is_not_known_is_told_from_what_is_down(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *list = test_json(
	    "{\"items\":[{\"metadata\":{\"name\":\"apps\"},\"versions\":["
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
	    test_json("{\"items\":[{\"spec\":{\"version\":\"v1\"}},{\"spec\":{"
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

/* "v1" has no group: it is Kubernetes' own, and never broken. */
static void the_core_counts_as_missing(void **state)
{
	struct kube_api api = KUBE_API_INIT;

	(void)state;
	kube_unavailable_add(&api, "v1", true, "503");
	kube_unavailable_add(&api, "rbac.authorization.k8s.io/v1", true, "503");
	assert_int_equal(api.broken.len, 0);
	assert_int_equal(api.unavailable.len, 2);
	/* Groups of others may end as those of Kubernetes do. */
	kube_unavailable_add(&api, "metrics.k8s.io/v1beta1", true, "503");
	assert_int_equal(api.broken.len, 1);
	kube_api_done(&api);
}

static void one_is_named_once(void **state)
{
	struct kube_api api = KUBE_API_INIT;

	(void)state;
	kube_unavailable_add(&api, "x.io/v1", true, "first");
	kube_unavailable_add(&api, "x.io/v1", true, "second");
	kube_unavailable_add(&api, "x.io/v1beta1", true, "third");
	assert_int_equal(api.broken.len, 2);
	assert_string_equal(api.broken.items[0].why, "first");
	autofree char *warning = kube_unavailable_warning(api.broken.items);
	assert_string_equal(warning,
	    "the API x.io/v1 is registered and does not answer (first): what "
	    "it serves is not captured; see kubectl get apiservices");
	kube_api_done(&api);
}

/* A group that begins as another, and a version of another group, say nothing
 * of it. */
static void an_apiservice_is_of_its_group_and_version(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	cleanup(json_freep) struct json_object *services = test_json(
	    "{\"items\":[7,{},{\"spec\":{\"group\":\"x.i\",\"version\":"
	    "\"v1\"}},{\"spec\":{\"group\":\"x.io2\",\"version\":"
	    "\"v1\"}},{\"spec\":{\"group\":\"x.io\",\"version\":"
	    "\"v12\"}}]}");

	(void)state;
	kube_unavailable_add(&api, "x.io/v1", true, "503");
	kube_unavailable_settle(&api, services);
	assert_int_equal(api.broken.len, 1);
	assert_int_equal(api.unavailable.len, 0);
	assert_string_equal(api.broken.items[0].why, "503");
	kube_api_done(&api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_known_is_told_from_what_is_down),
	    cmocka_unit_test(the_core_counts_as_missing),
	    cmocka_unit_test(one_is_named_once),
	    cmocka_unit_test(an_apiservice_is_of_its_group_and_version),
	};

	return cmocka_run_group_tests_name(
	    "kube/unavailable", tests, NULL, NULL);
}
