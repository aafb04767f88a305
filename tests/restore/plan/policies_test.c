/* Policies that are in force before what they can refuse is made. */
#include "restore/plan/policies.h"

#include "storage/base/cleanup.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define WARNING(NAMES)                                                         \
	"in force before objects that are to be created, and able to refuse "  \
	"or change them: " NAMES "; where one would, take it away until they " \
	"are there, and let a later run restore it"

static int set_up(void **state)
{
	struct test_plan *t = mem_new(struct test_plan);

	test_plan_init(t);
	t->o.cluster_count = 2;
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	test_plan_done(*state);
	free(*state);
	return 0;
}

static uint32_t add_map(struct test_plan *t, const char *ns)
{
	return test_plan_add_object(t, 0, "v1", "ConfigMap", ns, "map");
}

static uint32_t add_policy(struct test_plan *t, uint16_t cluster)
{
	return test_plan_add_object(t, cluster, "kyverno.io/v1",
	    "ClusterPolicy", NULL, cluster ? "far" : "near");
}

static uint32_t add_quota(struct test_plan *t, const char *ns)
{
	return test_plan_add_object(t, 0, "v1", "ResourceQuota", ns, "quota");
}

static void exists(struct test_plan *t, uint32_t node)
{
	test_plan_node(t, node)->exists = true;
}

static void warn(struct test_plan *t)
{
	autofree bool *made = mem_zalloc((t->p->nodes.len + 1) * sizeof(*made));

	for (size_t i = 0; i < t->p->nodes.len; i++)
		made[i] = t->p->nodes.items[i].action == PLAN_APPLY &&
			  !t->p->nodes.items[i].exists;
	policies_warn(t->p, made);
}

/* What is said where `second` comes after `first`. */
static void check(
    struct test_plan *t, uint32_t first, uint32_t second, const char *warning)
{
	graph_need(&t->p->graph, second, first, EDGE_ORDER, false, "order");
	graph_order(&t->p->graph);
	warn(t);
	assert_warned(t, warning);
}

static void one_that_comes_last_is_not_named(void **state)
{
	uint32_t policy = add_policy(*state, 0);

	check(*state, add_map(*state, "shop"), policy, NULL);
}

static void one_that_is_there_is_named(void **state)
{
	uint32_t policy = add_policy(*state, 0);

	exists(*state, policy);
	check(*state, add_map(*state, "shop"), policy,
	    WARNING("ClusterPolicy.kyverno.io near (prod)"));
}

static void one_of_an_earlier_layer_is_named(void **state)
{
	uint32_t policy = add_policy(*state, 0);

	check(*state, policy, add_map(*state, "shop"),
	    WARNING("ClusterPolicy.kyverno.io near (prod)"));
}

static void one_that_is_left_out_is_named_only_where_it_is_there(void **state)
{
	struct test_plan *t = *state;
	uint32_t policy = add_policy(t, 0), map = add_map(t, "shop");

	test_plan_node(t, policy)->action = PLAN_EXCLUDE;
	check(t, policy, map, NULL);
	exists(t, policy);
	warn(t);
	assert_warned(t, WARNING("ClusterPolicy.kyverno.io near (prod)"));
}

static void where_nothing_is_created_none_is_named(void **state)
{
	struct test_plan *t = *state;
	uint32_t policy = add_policy(t, 0), map = add_map(t, "shop");

	exists(t, policy);
	exists(t, map);
	check(t, policy, map, NULL);
}

static void another_cluster_has_its_own(void **state)
{
	uint32_t policy = add_policy(*state, 1);

	exists(*state, policy);
	check(*state, policy, add_map(*state, "shop"), NULL);
}

static void what_has_a_namespace_is_in_force_there(void **state)
{
	struct test_plan *t = *state;
	uint32_t there = add_quota(t, "shop"), other = add_quota(t, "web");

	exists(t, there);
	exists(t, other);
	check(t, there, add_map(t, "shop"),
	    WARNING("ResourceQuota shop/quota (prod)"));
}

static void of_many_the_first_are_named(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	struct test_plan *t = *state;
	uint32_t last = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		last = test_plan_add_object(
		    t, 0, "kyverno.io/v1", "ClusterPolicy", NULL, names[i]);
		exists(t, last);
	}
	check(t, last, add_map(t, "shop"),
	    WARNING(
		"ClusterPolicy.kyverno.io a (prod), ClusterPolicy.kyverno.io b "
		"(prod), ClusterPolicy.kyverno.io c (prod) and 2 more"));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_that_comes_last_is_not_named),
	    TEST(one_that_is_there_is_named),
	    TEST(one_of_an_earlier_layer_is_named),
	    TEST(one_that_is_left_out_is_named_only_where_it_is_there),
	    TEST(where_nothing_is_created_none_is_named),
	    TEST(another_cluster_has_its_own),
	    TEST(what_has_a_namespace_is_in_force_there),
	    TEST(of_many_the_first_are_named),
	};
	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
