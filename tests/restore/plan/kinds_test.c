#include "restore/plan/kinds.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/api.h"
#include "tests/support/kube_script.h"
#include "tests/support/plans.h"

#include <stdlib.h>

/* The first cluster of the plan is asked what it serves, or not. */
struct fixture {
	struct test_plan plan;
	struct test_kube kube;
	struct kinds_definitions definitions;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	test_kube_start(&f->kube, NULL, 0);
	f->plan.clusters[0].client = f->kube.client;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kinds_definitions_done(&f->definitions);
	test_plan_done(&f->plan);
	test_kube_stop(&f->kube);
	free(f);
	return 0;
}

static const struct plan_kind *need(
    struct fixture *f, const char *api_version, const char *kind)
{
	uint32_t node =
	    test_plan_add_object(&f->plan, 0, api_version, kind, "ns", "x");

	return test_plan_node(&f->plan, node)->k;
}

static void settle(struct fixture *f)
{
	kinds_settle(f->plan.p, &f->definitions);
}

static void define(struct fixture *f, uint16_t cluster, const char *text)
{
	cleanup(json_freep) struct json_object *o = test_json(text);

	kinds_define(&f->definitions, cluster, o);
}

/* ---- one record a kind --------------------------------------------------- */

static void a_kind_has_one_record_a_version_and_cluster(void **state)
{
	struct fixture *f = *state;
	struct plan *p = f->plan.p;
	struct plan_kind *k =
	    kinds_find(p, 0, "apps/v1", "Deployment", "deployments", true);

	assert_ptr_equal(
	    kinds_find(p, 0, "apps/v1", "Deployment", "other", false), k);
	assert_ptr_not_equal(
	    kinds_find(p, 1, "apps/v1", "Deployment", "deployments", true), k);
	assert_ptr_not_equal(
	    kinds_find(p, 0, "apps/v1beta1", "Deployment", "deployments", true),
	    k);
	assert_string_equal(k->group, "apps");
	assert_string_equal(k->api_version, "apps/v1");
	assert_string_equal(k->resource, "deployments");
	assert_true(k->namespaced);
	assert_int_equal(k->tier, 0);
	k = kinds_find(p, 0, "v1", "ResourceQuota", "resourcequotas", true);
	assert_string_equal(k->group, "");
	assert_int_equal(k->tier, 1);
}

/* ---- what the target serves ---------------------------------------------- */

static void the_version_of_the_snapshot_is_kept_where_it_is_served(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	test_plan_serve(
	    &f->plan, "example.org", "Widget", "widgets", "v2", "v1")
	    ->has_status = true;
	settle(f);
	assert_true(k->served);
	assert_true(k->has_status);
	assert_false(k->defined);
	assert_string_equal(k->api_version, "example.org/v1");
	assert_string_equal(k->resource, "widgets");
	assert_warned(&f->plan, NULL);
}

static void another_version_is_used_and_named(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	test_plan_serve(
	    &f->plan, "example.org", "Widget", "widgets", "v3", "v2")
	    ->namespaced = false;
	settle(f);
	assert_string_equal(k->api_version, "example.org/v3");
	assert_string_equal(k->from_version, "example.org/v1");
	assert_false(k->namespaced); /* the target decides */
	assert_warned(&f->plan,
	    "example.org/v1 Widget is no longer served: restored as "
	    "example.org/v3");
}

/* autoscaling/v1, which a server may prefer, would drop the metrics. */
static void of_other_versions_one_of_the_same_form_is_used(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k =
	    need(f, "autoscaling/v2beta2", "HorizontalPodAutoscaler");
	const struct plan_kind *old =
	    need(f, "autoscaling/v2beta1", "HorizontalPodAutoscaler");

	test_plan_serve(&f->plan, "autoscaling", "HorizontalPodAutoscaler",
	    "horizontalpodautoscalers", "v1", "v2");
	settle(f);
	assert_string_equal(k->api_version, "autoscaling/v2");
	assert_string_equal(old->api_version, "autoscaling/v1");
	assert_int_equal(f->plan.p->warnings.len, 2);
}

static void the_same_form_is_used_backwards_too(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k =
	    need(f, "autoscaling/v2", "HorizontalPodAutoscaler");

	test_plan_serve(&f->plan, "autoscaling", "HorizontalPodAutoscaler",
	    "horizontalpodautoscalers", "v1", "v2beta2");
	settle(f);
	assert_string_equal(k->api_version, "autoscaling/v2beta2");
}

/* extensions/v1beta1 Ingress is networking.k8s.io's now. */
static void a_kind_that_changed_its_group_is_found_there(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "extensions/v1beta1", "Ingress");

	test_plan_serve(
	    &f->plan, "example.org", "Ingress", "ingresses", "v1beta1", NULL);
	test_plan_serve(
	    &f->plan, "networking.k8s.io", "Ingress", "ingresses", "v1", NULL);
	settle(f);
	assert_true(k->served);
	assert_string_equal(k->api_version, "networking.k8s.io/v1");
	assert_warned(&f->plan,
	    "extensions/v1beta1 Ingress is no longer served: restored as "
	    "networking.k8s.io/v1");
}

static void what_nobody_serves_cannot_be_restored(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	/* Of the same name, of another group; and of the same group. */
	test_plan_serve(
	    &f->plan, "example.com", "Widget", "widgets", "v1", NULL);
	test_plan_serve(
	    &f->plan, "example.org", "Gadget", "gadgets", "v1", NULL);
	settle(f);
	const struct plan_node *n = test_plan_node(&f->plan, 0);
	assert_false(k->served);
	assert_int_equal(n->action, PLAN_CANNOT);
	assert_string_equal(n->reason,
	    "the target does not serve example.org/v1 Widget in any version, "
	    "and its definition is not in the snapshot");
}

/* A target that was not asked is not known to lack anything. */
static void without_asking_the_snapshot_is_believed(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	f->plan.clusters[0].client = NULL;
	test_plan_serve(
	    &f->plan, "example.org", "Widget", "widgets", "v2", NULL);
	settle(f);
	assert_false(k->served);
	assert_true(k->has_status);
	assert_string_equal(k->api_version, "example.org/v1");
	assert_int_equal(test_plan_node(&f->plan, 0)->action, PLAN_APPLY);
}

/* ---- definitions of the snapshot ----------------------------------------- */

#define CRD(SCOPE, REST)                                                       \
	"{\"spec\":{\"group\":\"example.org\",\"names\":{\"plural\":"          \
	"\"widgets\",\"kind\":\"Widget\"},\"scope\":\"" SCOPE "\"," REST "}}"

static void a_definition_says_what_will_be_served(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v2", "Widget");

	define(f, 0,
	    CRD("Cluster", "\"versions\":[{\"name\":\"v1\",\"served\":true},"
			   "{\"name\":\"v2\",\"served\":true,\"subresources\":"
			   "{\"status\":{}}}]"));
	settle(f);
	assert_true(k->defined);
	assert_false(k->served);
	assert_false(k->namespaced);
	assert_true(k->has_status);
	assert_string_equal(k->api_version, "example.org/v2");
	assert_int_equal(test_plan_node(&f->plan, 0)->action, PLAN_APPLY);
	assert_warned(&f->plan, NULL);
}

static void a_version_that_is_not_served_is_none(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	define(f, 0,
	    CRD("Namespaced",
		"\"versions\":[{\"name\":\"v1\",\"served\":false},"
		"{\"name\":\"v2\",\"served\":true}]"));
	settle(f);
	assert_string_equal(k->api_version, "example.org/v2");
	assert_true(k->namespaced);
	assert_false(k->has_status);
	assert_warned(&f->plan,
	    "example.org/v1 Widget is not served by its definition: restored "
	    "as example.org/v2");
}

/* apiextensions.k8s.io/v1beta1 has one version, and one status for all. */
static void an_old_definition_has_one_version(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	define(f, 0,
	    CRD("Namespaced",
		"\"version\":\"v1\",\"subresources\":{\"status\":{}}"));
	settle(f);
	assert_true(k->defined);
	assert_true(k->has_status);
	assert_warned(&f->plan, NULL);
}

static void a_definition_of_another_cluster_defines_nothing_here(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	define(f, 1, CRD("Namespaced", "\"version\":\"v1\""));
	settle(f);
	assert_false(k->defined);
	assert_int_equal(test_plan_node(&f->plan, 0)->action, PLAN_CANNOT);
}

/* It stands, and its definition comes all the same. */
static void what_is_served_and_defined_is_both(void **state)
{
	struct fixture *f = *state;
	const struct plan_kind *k = need(f, "example.org/v1", "Widget");

	test_plan_serve(
	    &f->plan, "example.org", "Widget", "widgets", "v2", "v1");
	define(f, 0, CRD("Namespaced", "\"version\":\"v2\""));
	settle(f);
	assert_true(k->served);
	assert_true(k->defined);
	assert_string_equal(k->api_version, "example.org/v1");
}

static void what_says_no_names_defines_nothing(void **state)
{
	static const char *const texts[] = {"{}",
	    "{\"spec\":{\"group\":\"g\"}}",
	    "{\"spec\":{\"group\":\"g\",\"names\":{\"kind\":\"K\"}}}",
	    "{\"spec\":{\"names\":{\"kind\":\"K\",\"plural\":\"ks\"}}}",
	    "{\"spec\":{\"group\":1,\"names\":{\"kind\":\"K\"}}}"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		define(f, 0, texts[i]);
	assert_int_equal(f->definitions.len, 0);
	/* And one without a version that is served does not serve. */
	define(f, 0, CRD("Namespaced", "\"versions\":[]"));
	need(f, "example.org/v1", "Widget");
	settle(f);
	assert_int_equal(test_plan_node(&f->plan, 0)->action, PLAN_CANNOT);
}

/* A Crossplane XRD or an aggregated server says it by a name of "@". */
static void what_something_else_makes_known_is_not_refused(void **state)
{
	static const char *const names[] = {
	    "example.org/Widget", "example.org/*"};

	for (size_t i = 0; i < 2; i++) {
		cleanup(test_plan_done) struct test_plan t;
		const struct kinds_definitions none = VEC_INIT;
		struct test_kube *kube = &((struct fixture *)*state)->kube;

		test_plan_init(&t);
		t.clusters[0].client = kube->client;
		test_plan_add_object(
		    &t, 0, "example.org/v1", "Widget", "ns", "x");
		test_plan_add_object(
		    &t, 0, "example.com/v1", "Widget", "ns", "x");
		names_provide(t.p, 0, 0, "@", "Definition", NULL, names[i]);
		kinds_settle(t.p, &none);
		assert_true(test_plan_node(&t, 0)->k->defined);
		assert_int_equal(test_plan_node(&t, 0)->action, PLAN_APPLY);
		assert_int_equal(test_plan_node(&t, 1)->action, PLAN_CANNOT);
	}
}

/* ---- companions ---------------------------------------------------------- */

static void a_companion_whose_kind_is_served_is_left_out(void **state)
{
	struct fixture *f = *state;
	uint32_t served =
	    test_plan_add_object(&f->plan, 0, "apiextensions.k8s.io/v1",
		"CustomResourceDefinition", NULL, "widgets.example.org");
	uint32_t missing =
	    test_plan_add_object(&f->plan, 0, "apiextensions.k8s.io/v1",
		"CustomResourceDefinition", NULL, "gadgets.example.org");

	test_plan_serve(&f->plan, "apiextensions.k8s.io",
	    "CustomResourceDefinition", "customresourcedefinitions", "v1",
	    NULL);
	test_plan_serve(
	    &f->plan, "example.org", "Widget", "widgets", "v1", NULL);
	need(f, "example.org/v1", "Widget");
	test_plan_node(&f->plan, served)->companion = true;
	test_plan_node(&f->plan, missing)->companion = true;
	settle(f);
	assert_int_equal(
	    test_plan_node(&f->plan, served)->action, PLAN_EXCLUDE);
	assert_string_equal(test_plan_node(&f->plan, served)->reason,
	    "the target serves what it defines");
	assert_int_equal(test_plan_node(&f->plan, missing)->action, PLAN_APPLY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_kind_has_one_record_a_version_and_cluster),
	    TEST(the_version_of_the_snapshot_is_kept_where_it_is_served),
	    TEST(another_version_is_used_and_named),
	    TEST(of_other_versions_one_of_the_same_form_is_used),
	    TEST(the_same_form_is_used_backwards_too),
	    TEST(a_kind_that_changed_its_group_is_found_there),
	    TEST(what_nobody_serves_cannot_be_restored),
	    TEST(without_asking_the_snapshot_is_believed),
	    TEST(a_definition_says_what_will_be_served),
	    TEST(a_version_that_is_not_served_is_none),
	    TEST(an_old_definition_has_one_version),
	    TEST(a_definition_of_another_cluster_defines_nothing_here),
	    TEST(what_is_served_and_defined_is_both),
	    TEST(what_says_no_names_defines_nothing),
	    TEST(what_something_else_makes_known_is_not_refused),
	    TEST(a_companion_whose_kind_is_served_is_left_out),
	};

	return cmocka_run_group_tests_name("plan/kinds", tests, NULL, NULL);
}
