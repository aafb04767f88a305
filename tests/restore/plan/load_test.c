#include "restore/plan/load.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/api.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

#include <stdlib.h>

static const char at[] = "kubernetes/prod/namespaces/ns/things/a.json";

struct fixture {
	struct test_plan plan;
	struct test_tree tree;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	test_tree_init(&f->tree);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_plan_done(&f->plan);
	test_tree_done(&f->tree);
	free(f);
	return 0;
}

static void keep(struct fixture *f, const char *text)
{
	test_tree_add(&f->tree, at, NULL, text);
	f->plan.o.tree = test_tree_get(&f->tree);
}

static void what_is_no_object_is_refused_by_its_path(void **state)
{
	static const char *const texts[] = {"[]", "{}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Thing\"}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Thing\",\"metadata\":"
	    "{\"name\":\"\"}}",
	    "{\"apiVersion\":1,\"kind\":\"Thing\",\"metadata\":"
	    "{\"name\":\"a\"}}",
	    "{\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(json_freep) struct json_object *o = test_json(texts[i]);
		struct err err;

		assert_fails(load_check(o, at, &err), err, ERR_FORMAT);
		assert_contains(err.message, at);
		assert_contains(err.message, "metadata.name is missing");
	}
}

static void what_cannot_be_read_is_an_error_of_its_path(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	keep(f, "{\"apiVersion\":");
	assert_null(load_object(f->plan.p, at, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, at);
	err = (struct err)ERR_INIT;
	assert_null(load_object(f->plan.p, "kubernetes/other", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_contains(err.message, "kubernetes/other");
}

#define WEB                                                                    \
	"{\"apiVersion\":\"apps/v1beta1\",\"kind\":\"Deployment\","            \
	"\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"},\"spec\":"         \
	"{\"template\":{\"metadata\":{\"labels\":{\"app\":\"a\"}},\"spec\":"   \
	"{\"containers\":[{\"name\":\"c\",\"image\":\"old/web\"}]}}}}"

/* With the operator's transforms where they are wanted, and in the version of
 * the target where that is. */
static void an_object_is_as_it_will_be_or_as_it_was(void **state)
{
	struct fixture *f = *state;
	const struct transform_map image = {.from = "old/", .to = "new/"};
	const struct transform_options maps = {
	    .images = &image, .image_count = 1};
	struct err err = ERR_INIT;

	keep(f, WEB);
	transform_free(f->plan.p->transform);
	f->plan.p->transform = transform_new(&maps, &err);
	assert_non_null(f->plan.p->transform);
	uint32_t node = test_plan_add_object(
	    &f->plan, 0, "apps/v1beta1", "Deployment", "ns", "a");
	struct plan_kind *k = f->plan.p->kinds.items[0];
	free(k->api_version);
	k->api_version = str_dup("apps/v1");
	struct plan_node *n = test_plan_node(&f->plan, node);
	n->path = at;

	cleanup(json_freep) struct json_object *object =
	    load_object(f->plan.p, at, &err);
	cleanup(json_freep) struct json_object *ready =
	    load_node(f->plan.p, n, NULL, &err);
	cleanup(json_freep) struct json_object *captured =
	    load_as_captured(f->plan.p, n, &err);
	static const struct {
		bool mapped, converted;
	} expected[] = {{true, false}, {true, true}, {false, true}};
	struct json_object *const objects[] = {object, ready, captured};
	for (size_t i = 0; i < 3; i++) {
		const struct json_object *containers = json_path(
		    objects[i], "spec", "template", "spec", "containers", NULL);
		assert_string_equal(
		    json_get_str(json_at(containers, 0), "image"),
		    expected[i].mapped ? "new/web" : "old/web");
		assert_string_equal(json_get_str(objects[i], "apiVersion"),
		    expected[i].converted ? "apps/v1" : "apps/v1beta1");
	}
}

#define CRON                                                                   \
	"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"metadata\":"      \
	"{\"name\":\"a\",\"namespace\":\"ns\"},"                               \
	"\"spec\":{\"schedule\":\"TZ=UTC 0 3 * * *\"}}"

/* Values are written for a server whose version is known to want that. */
static void a_value_is_fitted_to_the_version_of_the_server(void **state)
{
	static const struct {
		const char *version;
		size_t notes;
	} servers[] = {{"v1.27.0", 1}, {"v1.36.2-eks-1", 1}, {"v1.26.9", 0},
	    {"v2.36.0", 0}, {"1.36.0", 0}, {"v1.", 0}, {"v1.-30", 0},
	    {"v1.99999999999999999999", 0}, {NULL, 0}};
	struct fixture *f = *state;

	keep(f, CRON);
	uint32_t node =
	    test_plan_add_object(&f->plan, 0, "batch/v1", "CronJob", "ns", "a");
	struct plan_node *n = test_plan_node(&f->plan, node);
	n->path = at;
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
		struct kube_api *api = &f->plan.p->apis[0];
		cleanup(strvec_done) struct strvec notes = VEC_INIT;
		struct err err = ERR_INIT;

		free(api->server_version);
		api->server_version = str_dup(servers[i].version);
		cleanup(json_freep) struct json_object *object =
		    load_node(f->plan.p, n, &notes, &err);
		if (notes.len != servers[i].notes)
			fail_msg("%s", servers[i].version);
		assert_string_equal(
		    json_get_str(json_get(object, "spec"), "schedule"),
		    notes.len ? "0 3 * * *" : "TZ=UTC 0 3 * * *");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_no_object_is_refused_by_its_path),
	    TEST(what_cannot_be_read_is_an_error_of_its_path),
	    TEST(a_value_is_fitted_to_the_version_of_the_server),
	    TEST(an_object_is_as_it_will_be_or_as_it_was),
	};

	return cmocka_run_group_tests_name("plan/load", tests, NULL, NULL);
}
