/* What is remembered of the schemas of kinds while a snapshot is compared. */
#include "restore/list_schemas.h"

#include "restore/diff/list_keys.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* A server that has the document of one apiVersion. */
struct server {
	size_t asked;
	struct buf questions;
};

static struct json_object *ask(void *ctx, const char *api_version)
{
	struct server *s = ctx;

	s->asked++;
	buf_printf(&s->questions, "%s ", api_version);
	if (!str_eq(api_version, "g/v1"))
		return NULL;
	return test_json(
	    "{\"components\":{\"schemas\":{\"W\":{"
	    "\"x-kubernetes-group-version-kind\":[{\"group\":\"g\","
	    "\"version\":\"v1\",\"kind\":\"Widget\"}],"
	    "\"properties\":{\"ports\":{\"items\":{},"
	    "\"x-kubernetes-list-map-keys\":[\"port\"]}}}}}}");
}

static const struct json_object *of(struct list_schemas *l, const char *cluster,
    const char *resource, const char *object)
{
	cleanup(json_freep) struct json_object *o = test_json(object);

	return list_schemas_of(l, cluster, resource, o);
}

#define WIDGET "{\"apiVersion\":\"g/v1\",\"kind\":\"Widget\"}"

static bool has_keys(const struct json_object *tree, const char *field)
{
	cleanup(strvec_done) struct strvec way = VEC_INIT;

	strvec_add(&way, field);
	return list_keys_find(tree, &way) != NULL;
}

static void a_kind_of_a_cluster_is_asked_for_once(void **state)
{
	struct server s = {.questions = BUF_INIT};
	cleanup(list_schemas_done) struct list_schemas l = {
	    .ask = ask, .ask_ctx = &s};

	(void)state;
	const struct json_object *tree = of(&l, "a", "widgets.g", WIDGET);
	assert_true(has_keys(tree, "ports"));
	assert_false(has_keys(tree, "others"));
	assert_ptr_equal(of(&l, "a", "widgets.g", WIDGET), tree);
	assert_int_equal(s.asked, 1);
	/* Another cluster may serve it otherwise. */
	assert_true(has_keys(of(&l, "b", "widgets.g", WIDGET), "ports"));
	assert_int_equal(s.asked, 2);
	/* That a kind has no keys is remembered, too. */
	for (int i = 0; i < 2; i++)
		assert_null(of(&l, "a", "widgets.g",
		    "{\"apiVersion\":\"g/v2\",\"kind\":\"Widget\"}"));
	assert_string_equal(buf_str(&s.questions), "g/v1 g/v1 g/v2 ");
	buf_done(&s.questions);
}

static void what_the_server_does_not_say_is_known_of_kubernetes(void **state)
{
	struct server s = {.questions = BUF_INIT};
	cleanup(list_schemas_done) struct list_schemas l = {
	    .ask = ask, .ask_ctx = &s};
	cleanup(list_schemas_done) struct list_schemas alone = {.ask = NULL};
	cleanup(json_freep) struct json_object *known =
	    list_keys_known("", "Service");
	static const char service[] =
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\"}";

	(void)state;
	assert_non_null(known);
	assert_true(json_equal(of(&l, "a", "services", service), known));
	assert_true(json_equal(of(&alone, "a", "services", service), known));
	assert_int_equal(s.asked, 1);
	buf_done(&s.questions);
}

static void what_is_no_object_has_none(void **state)
{
	struct server s = {.questions = BUF_INIT};
	cleanup(list_schemas_done) struct list_schemas l = {
	    .ask = ask, .ask_ctx = &s};

	(void)state;
	assert_null(of(&l, "a", "widgets.g", "{\"kind\":\"Widget\"}"));
	assert_null(of(&l, "a", "widgets.g", "{\"apiVersion\":\"g/v1\"}"));
	assert_null(of(&l, NULL, "widgets.g", WIDGET));
	assert_null(of(&l, "a", NULL, WIDGET));
	/* After a failure of the snapshot nothing is, and nobody is asked. */
	err_set(&l.failed, ERR_INTEGRITY, "damaged");
	assert_null(of(&l, "a", "widgets.g", WIDGET));
	assert_int_equal(s.asked, 0);
	buf_done(&s.questions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kind_of_a_cluster_is_asked_for_once),
	    cmocka_unit_test(
		what_the_server_does_not_say_is_known_of_kubernetes),
	    cmocka_unit_test(what_is_no_object_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
