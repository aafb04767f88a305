#include "restore/plan/twin.h"

#include "storage/archive/layout.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_script.h"
#include "tests/support/plans.h"
#include "tests/support/trees.h"

#include <stdlib.h>

/* Two clusters, both of which go to one target unless the test says not. */
struct fixture {
	struct test_plan plan;
	struct test_tree tree;
	struct test_kube kube;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	test_tree_init(&f->tree);
	test_kube_start(&f->kube, NULL, 0);
	f->plan.o.cluster_count = 2;
	for (size_t i = 0; i < 2; i++)
		f->plan.clusters[i].client = f->kube.client;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_plan_done(&f->plan);
	test_tree_done(&f->tree);
	test_kube_stop(&f->kube);
	free(f);
	return 0;
}

/* ---- who meets ----------------------------------------------------------- */

static void clusters_share_a_target_of_one_address(void **state)
{
	struct fixture *f = *state;
	struct plan_cluster *c = f->plan.clusters;
	struct test_kube other;

	test_kube_start(&other, NULL, 0);
	assert_true(twin_shares_target(&f->plan.o, 0, 1));
	c[1].client = other.client;
	assert_false(twin_shares_target(&f->plan.o, 0, 1));
	assert_true(twin_shares_target(&f->plan.o, 1, 1));
	/* Without a target nobody knows. */
	c[1].client = NULL;
	assert_false(twin_shares_target(&f->plan.o, 0, 1));
	c[0].client = NULL;
	assert_false(twin_shares_target(&f->plan.o, 0, 1));
	assert_true(twin_shares_target(&f->plan.o, 0, 0));
	test_kube_stop(&other);
}

static const struct plan_node *find(
    struct fixture *f, uint16_t cluster, uint32_t like)
{
	const struct plan_node *n = test_plan_node(&f->plan, like);

	return twin_find(f->plan.p, cluster, n->k, n->namespace, n->name);
}

static void a_twin_has_kind_namespace_and_name(void **state)
{
	struct fixture *f = *state;
	struct test_plan *t = &f->plan;
	uint32_t map = test_plan_add_object(t, 0, "v1", "ConfigMap", "ns", "a");

	assert_ptr_equal(find(f, 0, map), test_plan_node(t, map));
	assert_ptr_equal(find(f, 1, map), test_plan_node(t, map));
	const struct plan_kind *k = test_plan_node(t, map)->k;
	assert_null(twin_find(t->p, 1, k, "ns", "b"));
	assert_null(twin_find(t->p, 1, k, "other", "a"));
	assert_null(twin_find(t->p, 1, k, NULL, "a"));
	/* Another version of a kind is the same object; another group is not.
	 */
	uint32_t newer =
	    test_plan_add_object(t, 1, "v2", "ConfigMap", "other", "a");
	k = test_plan_node(t, newer)->k;
	assert_ptr_equal(
	    twin_find(t->p, 1, k, "ns", "a"), test_plan_node(t, map));
	uint32_t strange = test_plan_add_object(
	    t, 1, "example.org/v1", "ConfigMap", "other", "a");
	k = test_plan_node(t, strange)->k;
	assert_null(twin_find(t->p, 1, k, "ns", "a"));
	t->clusters[1].client = NULL;
	assert_null(find(f, 1, map));
}

static void what_is_not_written_is_no_twin(void **state)
{
	struct fixture *f = *state;
	uint32_t map =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", "a");

	test_plan_node(&f->plan, map)->action = PLAN_EXCLUDE;
	assert_null(find(f, 1, map));
	test_plan_node(&f->plan, map)->action = PLAN_CANNOT;
	assert_null(find(f, 1, map));
}

/* ---- what becomes of both ------------------------------------------------ */

#define OBJECT(KIND, META, REST)                                               \
	"{\"apiVersion\":\"v1\",\"kind\":\"" KIND                              \
	"\",\"metadata\":{\"name\":\"a\"" META "}" REST "}"

struct met {
	struct fixture *f;
	uint32_t first, second;
};

/* The object of the first cluster in the tree, and that of the second. */
static struct met meet(struct fixture *f, const char *kind,
    const char *of_first, const char *of_second)
{
	struct test_plan *t = &f->plan;
	struct met m = {.f = f,
	    .first = test_plan_add_object(t, 0, "v1", kind, NULL, "a"),
	    .second = test_plan_add_object(t, 1, "v1", kind, NULL, "a")};
	cleanup(json_freep) struct json_object *object = test_json(of_second);
	cleanup(buf_done) struct buf path = BUF_INIT;
	struct err err = ERR_INIT;

	layout_object_path("prod", "things", NULL, "a", &path);
	test_tree_add_object(&f->tree, "prod", "things", NULL, "a", of_first);
	t->o.tree = test_tree_get(&f->tree);
	test_plan_node(t, m.first)->path = tree_name(t->o.tree, buf_str(&path));
	assert_ok(twin_meet(t->p, m.second, m.first, object, &err), err);
	assert_true(test_plan_node(t, m.second)->meets);
	assert_false(test_plan_node(t, m.first)->meets);
	return m;
}

static void assert_after(const struct met *m)
{
	const struct graph_edge *e =
	    test_plan_edge(&m->f->plan, m->second, m->first);

	assert_non_null(e);
	assert_int_equal(e->strength, EDGE_ORDER);
	assert_int_equal(
	    test_plan_node(&m->f->plan, m->second)->action, PLAN_APPLY);
}

/* What a server makes of an object is its own. */
static void equal_objects_come_one_after_the_other(void **state)
{
	struct met m = meet(*state, "Thing",
	    OBJECT("Thing",
		",\"uid\":\"u1\",\"resourceVersion\":\"1\","
		"\"creationTimestamp\":\"2026-01-01T00:00:00Z\"",
		",\"spec\":{\"x\":1}"),
	    OBJECT("Thing", ",\"uid\":\"u2\",\"resourceVersion\":\"9\"",
		",\"spec\":{\"x\":1}"));

	assert_after(&m);
}

/* One cluster under two names: read twice, and changed in between. */
static void one_object_that_was_read_twice_is_equal(void **state)
{
	struct met m = meet(*state, "Thing",
	    OBJECT("Thing", ",\"uid\":\"u1\"", ",\"spec\":{\"x\":1}"),
	    OBJECT("Thing", ",\"uid\":\"u1\"", ",\"spec\":{\"x\":2}"));

	assert_after(&m);
}

static void different_objects_cannot_both_be_restored(void **state)
{
	struct met m =
	    meet(*state, "Thing", OBJECT("Thing", "", ",\"spec\":{\"x\":1}"),
		OBJECT("Thing", "", ",\"spec\":{\"x\":2}"));
	const struct plan_node *n = test_plan_node(&m.f->plan, m.second);

	assert_null(test_plan_edge(&m.f->plan, m.second, m.first));
	assert_int_equal(n->action, PLAN_CANNOT);
	assert_contains(n->reason, "cluster 'prod' of the snapshot");
	assert_contains(n->reason, "restore.targets.clusters");
	assert_int_equal(
	    test_plan_node(&m.f->plan, m.first)->action, PLAN_APPLY);
}

/* What is in it matters, and it may be in either. */
static void namespaces_need_not_be_equal(void **state)
{
	struct met m = meet(*state, "Namespace",
	    OBJECT("Namespace", ",\"labels\":{\"x\":\"1\"}", ""),
	    OBJECT("Namespace", ",\"labels\":{\"x\":\"2\"}", ""));

	assert_after(&m);
}

static void one_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct test_plan *t = &f->plan;
	uint32_t first = test_plan_add_object(t, 0, "v1", "Thing", NULL, "a");
	uint32_t second = test_plan_add_object(t, 1, "v1", "Thing", NULL, "a");
	cleanup(json_freep) struct json_object *object =
	    test_json(OBJECT("Thing", "", ""));
	struct err err = ERR_INIT;

	test_plan_node(t, first)->path = "kubernetes/prod/gone.json";
	t->o.tree = test_tree_get(&f->tree);
	assert_fails(
	    twin_meet(t->p, second, first, object, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "kubernetes/prod/gone.json");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(clusters_share_a_target_of_one_address),
	    TEST(a_twin_has_kind_namespace_and_name),
	    TEST(what_is_not_written_is_no_twin),
	    TEST(equal_objects_come_one_after_the_other),
	    TEST(one_object_that_was_read_twice_is_equal),
	    TEST(different_objects_cannot_both_be_restored),
	    TEST(namespaces_need_not_be_equal),
	    TEST(one_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests_name("plan/twin", tests, NULL, NULL);
}
