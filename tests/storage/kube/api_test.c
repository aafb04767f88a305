#include "storage/kube/api.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* The hashes are those that kube-apiserver 1.20 tells. */
static void hashes_tell_the_stored_version(void **state)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *core = test_json(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"pods\",\"kind\":\"Pod\",\"verbs\":[],"
	    "\"storageVersionHash\":\"xPOwRZ+Yhw8=\"},"
	    "{\"name\":\"configmaps\",\"kind\":\"ConfigMap\",\"verbs\":[],"
	    "\"storageVersionHash\":\"AAAAAAAAAAA=\"}]}");
	cleanup(json_freep) struct json_object *apps = test_json(
	    "{\"kind\":\"APIResourceList\",\"resources\":["
	    "{\"name\":\"deployments\",\"kind\":\"Deployment\",\"verbs\":"
	    "[]}]}");
	cleanup(json_freep) struct json_object *hashes = test_json(
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

static void a_resource_is_called_as_kubectl_calls_it(void **state)
{
	struct kube_resource r = {.name = (char[]){"deployments"},
	    .key = (char[]){"deployments.apps"},
	    .kind = (char[]){"Deployment"}};

	(void)state;
	strvec_add(&r.short_names, "deploy");
	assert_true(kube_api_is_called(&r, "deployments"));
	assert_true(kube_api_is_called(&r, "deployments.apps"));
	assert_true(kube_api_is_called(&r, "deployment"));
	assert_true(kube_api_is_called(&r, "DEPLOYMENT"));
	assert_true(kube_api_is_called(&r, "deploy"));
	assert_false(kube_api_is_called(&r, "Deploy"));
	assert_false(kube_api_is_called(&r, "Deployments"));
	assert_false(kube_api_is_called(&r, "deployments.extensions"));
	assert_false(kube_api_is_called(&r, ""));
	strvec_done(&r.short_names);
}

static void add(struct kube_api *api, const char *group_version,
    const char *name, const char *kind)
{
	struct err err = ERR_INIT;
	autofree char *text = str_printf(
	    "{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"%s\","
	    "\"kind\":\"%s\",\"verbs\":[]}]}",
	    name, kind);
	cleanup(json_freep) struct json_object *list = test_json(text);

	assert_ok(kube_api_add_list(api, group_version, list, &err), err);
}

/* The group has to be the whole group, not its beginning. */
static void a_kind_is_found_in_its_group_alone(void **state)
{
	struct kube_api api = KUBE_API_INIT;

	(void)state;
	add(&api, "apps.example/v1", "things", "Thing");
	add(&api, "v1", "things", "Thing");
	add(&api, "apps/v1", "things", "Thing");
	assert_string_equal(
	    kube_api_by_kind(&api, "apps/v1", "Thing")->key, "things.apps");
	assert_string_equal(
	    kube_api_by_kind(&api, "v1", "Thing")->key, "things");
	assert_string_equal(
	    kube_api_by_kind(&api, "apps.example/v1", "Thing")->key,
	    "things.apps.example");
	assert_null(kube_api_by_kind(&api, "app/v1", "Thing"));
	assert_null(kube_api_by_kind(&api, "apps/v2", "Thing"));
	assert_null(kube_api_by_kind(&api, "apps/v1", "thing"));
	assert_null(kube_api_by_key(&api, "things.app"));
	kube_api_sort(&api);
	assert_string_equal(api.resources.items[0].key, "things");
	assert_string_equal(api.resources.items[1].key, "things.apps");
	assert_string_equal(api.resources.items[2].key, "things.apps.example");
	kube_api_done(&api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes_tell_the_stored_version),
	    cmocka_unit_test(a_resource_is_called_as_kubectl_calls_it),
	    cmocka_unit_test(a_kind_is_found_in_its_group_alone),
	};

	return cmocka_run_group_tests_name("kube/api", tests, NULL, NULL);
}
