/* Kubernetes objects become nodes: which are chosen, and what comes along. */
#include "restore/plan/read_kube.h"

#include "restore/plan/read.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/makers.h"

#include <stdlib.h>

/* More of its metadata, and the rest, each with a comma before it. */
#define OBJECT(KIND, NAME, META, REST)                                         \
	"{\"apiVersion\":\"v1\",\"kind\":\"" KIND                              \
	"\",\"metadata\":{\"name\":\"" NAME "\"" META "}" REST "}"
#define CONFIG_MAP(NS, NAME, REST)                                             \
	OBJECT("ConfigMap", NAME, ",\"namespace\":\"" NS "\"", REST)

static void add_namespace(struct test_maker *t, const char *cluster,
    const char *name, const char *text)
{
	test_tree_add_object(&t->tree, cluster, "namespaces", NULL, name, text);
}

static void add_settings(
    struct test_maker *t, const char *cluster, const char *text)
{
	test_tree_add_object(
	    &t->tree, cluster, "configmaps", "team", "a", text);
}

static int try_read(struct test_maker *t, struct err *err)
{
	test_maker_start(t);
	return read_tree(&t->m, err);
}

static void read_all(struct test_maker *t)
{
	struct err err = ERR_INIT;

	assert_ok(try_read(t, &err), err);
}

static void limit(
    struct test_maker *t, struct strvec *only, const char *const *texts)
{
	for (; *texts; texts++)
		strvec_add(only, *texts);
	t->plan.o.only_kubernetes = only;
}

/* Two namespaces with a ConfigMap each, and a kind of the whole cluster. */
static void add_cluster(struct test_maker *t)
{
	add_namespace(t, "prod", "other", OBJECT("Namespace", "other", "", ""));
	add_namespace(t, "prod", "team",
	    OBJECT("Namespace", "team", ",\"uid\":\"u-team\"", ""));
	test_tree_add_object(&t->tree, "prod", "nodeclasses.example.org", NULL,
	    "n",
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"NodeClass\","
	    "\"metadata\":{\"name\":\"n\"}}");
	test_tree_add_object(&t->tree, "prod", "configmaps", "other", "a",
	    CONFIG_MAP("other", "a", ""));
	add_settings(t, "prod", CONFIG_MAP("team", "a", ""));
	test_tree_add_object(&t->tree, "prod", "configmaps", "team", "b",
	    CONFIG_MAP("team", "b", ""));
}

/* ---- which are chosen ---------------------------------------------------- */

static void without_a_choice_all_are_nodes(void **state)
{
	struct test_maker *t = *state;

	add_cluster(t);
	read_all(t);
	assert_nodes(t,
	    "Namespace other\nNamespace team\nNodeClass.example.org n\n"
	    "ConfigMap other/a\nConfigMap team/a\nConfigMap team/b\n");
	const struct plan_node *n = test_maker_find(t, "Namespace team");
	/* Its name there, whatever it is here; for whom the UID is known. */
	assert_string_equal(n->source, "team");
	assert_null(test_maker_find(t, "Namespace other")->source);
	assert_string_equal(
	    n->path, "kubernetes/prod/cluster/namespaces/team.json");
	n = test_maker_find(t, "NodeClass.example.org n");
	assert_string_equal(n->k->resource, "nodeclasses");
	assert_string_equal(n->k->group, "example.org");
	assert_false(n->k->namespaced);
	assert_null(n->facts);
}

static void a_namespace_is_chosen_with_what_is_in_it(void **state)
{
	struct test_maker *t = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	add_cluster(t);
	limit(t, &only, (const char *const[]){"team", NULL});
	read_all(t);
	assert_nodes(t, "Namespace team\nConfigMap team/a\nConfigMap team/b\n");
}

/* It is made where it is missing, and only then. */
static void a_single_object_has_its_namespace_for_company(void **state)
{
	struct test_maker *t = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	add_cluster(t);
	limit(t, &only, (const char *const[]){"team/configmap/b", NULL});
	read_all(t);
	assert_nodes(t, "Namespace team (companion)\nConfigMap team/b\n");
	assert_int_equal(t->plan.p->found.len, 1);
	assert_string_equal(
	    t->plan.p->found.items[0], "kubernetes:team/configmap/b");
}

static void a_namespace_chosen_as_an_object_is_no_companion(void **state)
{
	struct test_maker *t = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	add_cluster(t);
	limit(t, &only,
	    (const char *const[]){"/Namespace/team", "team/ConfigMap/a", NULL});
	read_all(t);
	assert_nodes(t, "Namespace team\nConfigMap team/a\n");
}

/* ---- clusters ------------------------------------------------------------ */

static void a_cluster_without_a_target_is_refused(void **state)
{
	struct test_maker *t = *state;
	struct err err;

	add_settings(t, "edge", CONFIG_MAP("team", "a", ""));
	assert_fails(try_read(t, &err), err, ERR_USAGE);
	assert_contains(err.message,
	    "the snapshot has objects of the cluster 'edge', for which no "
	    "target is known: name it under restore.targets.clusters");
}

static void a_cluster_that_was_not_asked_for_needs_no_target(void **state)
{
	struct test_maker *t = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	add_settings(t, "edge", CONFIG_MAP("team", "a", ""));
	add_settings(t, "prod", CONFIG_MAP("team", "a", ""));
	limit(t, &only, (const char *const[]){"prod/", NULL});
	read_all(t);
	assert_nodes(t, "ConfigMap team/a\n");
	assert_true(strvec_has(&t->plan.p->offered, "kubernetes:edge/"));
}

static void two_clusters_may_have_the_same_names(void **state)
{
	struct test_maker *t = *state;

	add_settings(t, "edge", CONFIG_MAP("team", "a", ""));
	add_settings(t, "prod", CONFIG_MAP("team", "a", ""));
	t->plan.o.cluster_count = 2;
	read_all(t);
	assert_int_equal(t->plan.p->nodes.len, 2);
	assert_int_equal(test_plan_node(&t->plan, 0)->cluster, 1);
	assert_int_equal(test_plan_node(&t->plan, 1)->cluster, 0);
}

/* ---- layers -------------------------------------------------------------- */

/* What a layer alone needs comes with it, and is left alone where it is. */
static void of_a_layer_only_its_objects_are_nodes(void **state)
{
	struct test_maker *t = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	test_maker_use_layers(t,
	    "{\"unassigned\":\"last\",\"items\":[{\"name\":\"apps\","
	    "\"depends_on\":[],\"sync\":\"automated\",\"select\":{"
	    "\"namespaces\":[\"team\"],\"kinds\":[\"Widget.example.org\"]}}]}");
	strvec_add(&only, "apps");
	t->plan.o.only_layers = &only;
	add_cluster(t);
	test_tree_add_object(&t->tree, "prod",
	    "customresourcedefinitions.apiextensions.k8s.io", NULL,
	    "widgets.example.org",
	    "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"
	    "\"CustomResourceDefinition\",\"metadata\":{\"name\":"
	    "\"widgets.example.org\"},\"spec\":{\"group\":\"example.org\","
	    "\"scope\":\"Namespaced\",\"names\":{\"plural\":\"widgets\","
	    "\"kind\":\"Widget\"},\"versions\":[{\"name\":\"v1\","
	    "\"served\":true}]}}");
	test_tree_add_object(&t->tree, "prod", "widgets.example.org", "team",
	    "w",
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\","
	    "\"metadata\":{\"name\":\"w\",\"namespace\":\"team\"}}");
	read_all(t);
	assert_nodes(t, "Widget.example.org team/w\n"
			"CustomResourceDefinition.apiextensions.k8s.io "
			"widgets.example.org (companion)\n");
	assert_int_equal(test_plan_node(&t->plan, 0)->layer, 0);
	assert_int_equal(test_plan_node(&t->plan, 1)->layer, 1);
}

/* ---- what a definition is read for --------------------------------------- */

static void only_the_definition_of_a_kind_that_is_used_comes_along(void **state)
{
	static const struct {
		const char *name, *group, *kind;
	} definitions[] = {{"gears.example.org", "example.org", "Gear"},
	    {"widgets.example.com", "example.com", "Widget"}};
	struct test_maker *t = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	for (size_t i = 0; i < 2; i++) {
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"
		    "\"CustomResourceDefinition\",\"metadata\":{\"name\":"
		    "\"%s\"},\"spec\":{\"group\":\"%s\",\"scope\":"
		    "\"Namespaced\",\"names\":{\"kind\":\"%s\"},"
		    "\"versions\":[]}}",
		    definitions[i].name, definitions[i].group,
		    definitions[i].kind);
		test_tree_add_object(&t->tree, "prod",
		    "customresourcedefinitions.apiextensions.k8s.io", NULL,
		    definitions[i].name, text);
	}
	test_tree_add_object(&t->tree, "prod", "widgets.example.org", "team",
	    "w",
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\","
	    "\"metadata\":{\"name\":\"w\",\"namespace\":\"team\"}}");
	limit(t, &only, (const char *const[]){"team", NULL});
	read_all(t);
	assert_nodes(t, "Widget.example.org team/w\n");
}

/* ---- what a node has of its object --------------------------------------- */

static void add_service(
    struct test_maker *t, const char *name, const char *facts)
{
	autofree char *path = str_printf(
	    "kubernetes/prod/namespaces/team/services/%s.json", name);
	autofree char *text =
	    str_printf("{\"apiVersion\":\"v1\",\"kind\":\"Service\","
		       "\"metadata\":{\"name\":\"%s\",\"namespace\":\"team\"}}",
		name);

	test_tree_add(&t->tree, path, facts, text);
}

static void what_somebody_chose_of_a_service_is_known(void **state)
{
	struct test_maker *t = *state;

	add_service(t, "a", "{\"nodePorts\":[]}");
	add_service(t, "b", "{\"nodePorts\":[30080],\"clusterIP\":true}");
	add_service(t, "c", "{\"nodePorts\":[]}");
	add_service(t, "d", NULL);
	read_all(t);
	const struct plan_node *n = t->plan.p->nodes.items;
	assert_json(n[0].facts, "[]");
	assert_json(n[1].facts, "[30080]");
	assert_null(n[3].facts);
	/* Of most nobody chose any: those share one. */
	assert_ptr_equal(n[0].facts, n[2].facts);
	assert_false(n[0].fixed_address);
	assert_true(n[1].fixed_address);
}

static void what_is_no_object_of_its_path_is_refused(void **state)
{
	struct test_maker *t = *state;
	struct err err;

	add_settings(t, "prod", CONFIG_MAP("other", "a", ""));
	assert_fails(try_read(t, &err), err, ERR_INTEGRITY);
	assert_contains(
	    err.message, "kubernetes/prod/namespaces/team/configmaps/a.json: ");
	assert_int_equal(t->plan.p->nodes.len, 0);
}

/* ---- transforms ---------------------------------------------------------- */

static void use_transforms(
    struct test_maker *t, const struct transform_options *o)
{
	struct err err = ERR_INIT;

	t->plan.o.transforms = o;
	transform_free(t->plan.p->transform);
	t->plan.p->transform = transform_new(o, &err);
	if (!t->plan.p->transform)
		fail_msg("%s", err.message);
}

static void a_patch_that_does_not_apply_names_the_object(void **state)
{
	static const struct transform_patch patch = {.kind = "ConfigMap.core",
	    .json = "[{\"op\":\"test\",\"path\":\"/data/a\",\"value\":\"1\"}]"};
	static const struct transform_options o = {
	    .patches = &patch, .patch_count = 1};
	struct test_maker *t = *state;
	struct err err;

	use_transforms(t, &o);
	add_settings(t, "prod", CONFIG_MAP("team", "a", ""));
	assert_fails(try_read(t, &err), err, ERR_USAGE);
	assert_contains(
	    err.message, "kubernetes/prod/namespaces/team/configmaps/a.json: ");
}

static void a_patch_may_take_the_name_away_but_not_unseen(void **state)
{
	static const struct transform_patch patch = {.kind = "ConfigMap.core",
	    .json = "[{\"op\":\"remove\",\"path\":\"/metadata/name\"}]"};
	static const struct transform_options o = {
	    .patches = &patch, .patch_count = 1};
	struct test_maker *t = *state;
	struct err err;

	use_transforms(t, &o);
	add_settings(t, "prod", CONFIG_MAP("team", "a", ""));
	assert_fails(try_read(t, &err), err, ERR_FORMAT);
	assert_contains(err.message, "metadata.name is missing");
}

static const struct transform_map team = {.from = "team", .to = "crew"};
static const struct transform_options renames = {
    .namespaces = &team, .namespace_count = 1};

static void a_namespace_keeps_its_old_name_beside_the_new(void **state)
{
	struct test_maker *t = *state;

	use_transforms(t, &renames);
	add_namespace(t, "prod", "team",
	    OBJECT("Namespace", "team", ",\"uid\":\"u-team\"", ""));
	add_settings(t, "prod", CONFIG_MAP("team", "a", ""));
	read_all(t);
	assert_nodes(t, "Namespace crew\nConfigMap crew/a\n");
	assert_string_equal(
	    test_maker_find(t, "Namespace crew")->source, "team");
	assert_warned(&t->plan, NULL);
}

#define OLD "\"namespace\":\"team\""
#define STILL                                                                  \
	"ConfigMap crew/a still names a namespace that restore.namespaces "    \
	"gives another name, at "
#define WAY_OUT "; restore.transforms can change it"

static void a_field_that_still_has_the_old_name_is_reported(void **state)
{
	static const struct {
		const char *rest, *warning;
	} rows[] = {
	    {",\"x\":{" OLD "}", STILL "/x/namespace" WAY_OUT},
	    {",\"x\":{" OLD "},\"y\":{" OLD "},\"z\":{" OLD "}",
		STILL "/x/namespace, /y/namespace, /z/namespace" WAY_OUT},
	    {",\"w\":{" OLD "},\"x\":{" OLD "},\"y\":{" OLD "},\"z\":{" OLD "}",
		STILL "/w/namespace, /x/namespace, /y/namespace and 1 more "
		      "place" WAY_OUT},
	    {",\"v\":{" OLD "},\"w\":{" OLD "},\"x\":{" OLD "},\"y\":{" OLD
	     "},\"z\":{" OLD "}",
		STILL "/v/namespace, /w/namespace, /x/namespace and 2 more "
		      "places" WAY_OUT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\""
		    ":{\"name\":\"a\",\"namespace\":\"team\"}%s}",
		    rows[i].rest);
		void *one;

		test_maker_setup(&one);
		struct test_maker *t = one;
		use_transforms(t, &renames);
		add_settings(t, "prod", text);
		read_all(t);
		assert_warned(&t->plan, rows[i].warning);
		assert_int_equal(t->m.named_elsewhere, 1);
		test_maker_teardown(&one);
	}
	(void)state;
}

static void of_many_such_objects_the_rest_is_counted(void **state)
{
	struct test_maker *t = *state;

	use_transforms(t, &renames);
	for (int i = 0; i < PLAN_NAMED_SHOWN + 2; i++) {
		autofree char *name = str_printf("m%02d", i);
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\""
		    ":{\"name\":\"%s\",\"namespace\":\"team\"},\"x\":{" OLD
		    "}}",
		    name);
		test_tree_add_object(
		    &t->tree, "prod", "configmaps", "team", name, text);
	}
	read_all(t);
	assert_int_equal(t->plan.p->warnings.len, PLAN_NAMED_SHOWN);
	assert_int_equal(t->m.named_elsewhere, PLAN_NAMED_SHOWN + 2);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_maker_setup, test_maker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_a_choice_all_are_nodes),
	    TEST(a_namespace_is_chosen_with_what_is_in_it),
	    TEST(a_single_object_has_its_namespace_for_company),
	    TEST(a_namespace_chosen_as_an_object_is_no_companion),
	    TEST(a_cluster_without_a_target_is_refused),
	    TEST(a_cluster_that_was_not_asked_for_needs_no_target),
	    TEST(two_clusters_may_have_the_same_names),
	    TEST(of_a_layer_only_its_objects_are_nodes),
	    TEST(only_the_definition_of_a_kind_that_is_used_comes_along),
	    TEST(what_somebody_chose_of_a_service_is_known),
	    TEST(what_is_no_object_of_its_path_is_refused),
	    TEST(a_patch_that_does_not_apply_names_the_object),
	    TEST(a_patch_may_take_the_name_away_but_not_unseen),
	    TEST(a_namespace_keeps_its_old_name_beside_the_new),
	    cmocka_unit_test(a_field_that_still_has_the_old_name_is_reported),
	    TEST(of_many_such_objects_the_rest_is_counted),
	};

	return cmocka_run_group_tests_name("plan/read_kube", tests, NULL, NULL);
}
