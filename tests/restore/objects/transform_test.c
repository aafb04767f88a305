#include "restore/objects/transform.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static struct transform *make(const struct transform_options *o)
{
	struct err err = ERR_INIT;
	struct transform *t = transform_new(o, &err);

	if (!t)
		fail_msg("%s", err.message);
	return t;
}

static void assert_applied(
    const struct transform_options *o, const char *before, const char *after)
{
	struct err err = ERR_INIT;
	cleanup(transform_freep) struct transform *t = make(o);
	cleanup(json_freep) struct json_object *object = test_json(before);

	assert_ok(transform_apply(t, object, &err), err);
	assert_json(object, after);
}

#define MAP "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","

static void a_patch_goes_to_what_its_selector_fits(void **state)
{
	static const struct transform_patch patch = {.kind = "ConfigMap.core",
	    .namespace = "prod*",
	    .name = "web-?",
	    .labels = "app=web,tier",
	    .json = "[{\"op\":\"add\",\"path\":\"/x\",\"value\":1}]"};
	static const struct transform_options o = {
	    .patches = &patch, .patch_count = 1};
#define FITS                                                                   \
	"\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod-eu\","          \
	"\"labels\":{\"app\":\"web\",\"tier\":\"t\"}}"
#define NO_LABEL                                                               \
	"\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod-eu\","          \
	"\"labels\":{\"app\":\"web\"}}"
#define NO_NAMESPACE "\"metadata\":{\"name\":\"web-1\"}"

	(void)state;
	assert_applied(&o, MAP FITS "}", MAP FITS ",\"x\":1}");
	assert_applied(&o, MAP NO_LABEL "}", MAP NO_LABEL "}");
	assert_applied(&o, MAP NO_NAMESPACE "}", MAP NO_NAMESPACE "}");
}

static void what_does_not_apply_is_refused(void **state)
{
	static const char *const bad[] = {"{}", "[{}]",
	    "[{\"op\":\"frob\",\"path\":\"/a\"}]", "[{\"op\":\"add\"}]",
	    "[{\"op\":\"remove\",\"path\":\"a\"}]",
	    "[{\"op\":\"move\",\"path\":\"/a\"}]", "no json"};
	static const struct transform_patch missing = {
	    .json = "[{\"op\":\"remove\",\"path\":\"/spec/none\"}]"};
	static const struct transform_patch whole = {
	    .json = "[{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct transform_patch p = {.json = bad[i]};
		struct transform_options o = {.patches = &p, .patch_count = 1};

		err = (struct err)ERR_INIT;
		assert_null(transform_new(&o, &err));
		assert_int_equal(err.code, ERR_USAGE);
	}
	const struct transform_patch *refused[] = {&missing, &whole};
	for (size_t i = 0; i < 2; i++) {
		struct transform_options o = {
		    .patches = refused[i], .patch_count = 1};
		cleanup(transform_freep) struct transform *t = make(&o);
		cleanup(json_freep) struct json_object *object =
		    test_json(MAP "\"metadata\":{\"name\":\"x\"}}");

		assert_fails(transform_apply(t, object, &err), err, ERR_USAGE);
		assert_contains(err.message, "patch 1");
	}
	static const struct transform_map twice[] = {
	    {.from = "a", .to = "b"}, {.from = "a", .to = "c"}};
	struct transform_options o = {.images = twice, .image_count = 2};
	err = (struct err)ERR_INIT;
	assert_null(transform_new(&o, &err));
	assert_contains(err.message, "twice");
}

static void a_patch_for_nothing_is_known(void **state)
{
	static const struct transform_patch patches[] = {
	    {.kind = "Secret", .json = "[]"}, {.json = "[]"},
	    {.name = "y", .json = "[]"}};
	static const struct transform_options o = {
	    .patches = patches, .patch_count = 3};
	struct err err = ERR_INIT;
	cleanup(transform_freep) struct transform *t = make(&o);
	cleanup(json_freep) struct json_object *object =
	    test_json(MAP "\"metadata\":{\"name\":\"x\"}}");

	(void)state;
	assert_int_equal(transform_unused(t, 1), 1);
	assert_ok(transform_apply(t, object, &err), err);
	assert_int_equal(transform_unused(t, 0), 0);
	assert_int_equal(transform_unused(t, 1), 2);
	assert_int_equal(transform_unused(t, 3), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_patch_goes_to_what_its_selector_fits),
	    cmocka_unit_test(a_patch_for_nothing_is_known),
	    cmocka_unit_test(what_does_not_apply_is_refused),
	};

	return cmocka_run_group_tests_name("transform", tests, NULL, NULL);
}
