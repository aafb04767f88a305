#include "restore/plan/names.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct plan_cluster clusters[2];
	struct plan_options o;
	struct plan p;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->clusters[0].name = "prod";
	f->clusters[1].name = "edge";
	f->o =
	    (struct plan_options){.clusters = f->clusters, .cluster_count = 1};
	f->p = (struct plan){.options = &f->o, .names = index_new()};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	index_free(f->p.names);
	vec_done(&f->p.nodes);
	VEC_EACH (&f->p.namespaces, ns)
		free(*ns);
	vec_done(&f->p.namespaces);
	free(f);
	return 0;
}

static bool same_name(int cluster_a, const char *ns_a, int cluster_b,
    const char *ns_b, const char *group, const char *kind)
{
	cleanup(buf_done) struct buf a = BUF_INIT;
	cleanup(buf_done) struct buf b = BUF_INIT;

	names_add(&a, cluster_a, group, kind, ns_a, "x");
	names_add(&b, cluster_b, group, kind, ns_b, "x");
	return str_eq(buf_str(&a), buf_str(&b));
}

static void an_object_is_of_its_cluster_and_namespace(void **state)
{
	(void)state;
	assert_true(same_name(0, "ns", 0, "ns", "apps", "Deployment"));
	assert_false(same_name(0, "ns", 1, "ns", "apps", "Deployment"));
	assert_false(same_name(0, "ns", 0, "other", "apps", "Deployment"));
	assert_false(same_name(0, "ns", 0, NULL, "", "Thing"));
}

/* A controller in one cluster waits for the same repository as that in
 * another. */
static void repositories_and_states_are_of_all_clusters(void **state)
{
	(void)state;
	assert_true(same_name(0, NULL, 1, NULL, "@", "Git"));
	assert_true(same_name(0, NULL, 1, NULL, "@", "State"));
	assert_false(same_name(0, NULL, 1, NULL, "@", "Class"));
	assert_false(same_name(0, NULL, 1, NULL, "example.org", "Git"));
}

static void a_node_is_found_by_its_uid_in_its_cluster(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf key = BUF_INIT;

	vec_add(&f->p.nodes)->kind = PLAN_KUBE;
	vec_add(&f->p.nodes)->kind = PLAN_KUBE;
	names_add_uid(&key, 0, "u1");
	index_add(f->p.names, buf_str(&key), 1);
	assert_ptr_equal(names_by_uid(&f->p, 0, "u1"), &f->p.nodes.items[1]);
	assert_null(names_by_uid(&f->p, 1, "u1"));
	assert_null(names_by_uid(&f->p, 0, "u2"));
}

static void a_node_may_provide_several_names(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_provide(&f->p, 7, 0, "apps", "Deployment", "ns", "web");
	names_provide(&f->p, 7, 0, "@", "Git", NULL, "https://host/a");
	names_provide(&f->p, 8, 1, "@", "Git", NULL, "https://host/a");
	names_add(&key, 5, "@", "Git", NULL, "https://host/a");
	uint32_t it = index_first(f->p.names, buf_str(&key));
	assert_int_equal(index_value(f->p.names, it), 7);
	it = index_next(f->p.names, it);
	assert_int_equal(index_value(f->p.names, it), 8);
	assert_int_equal(index_next(f->p.names, it), INDEX_END);
}

static void equal_namespaces_are_one(void **state)
{
	struct fixture *f = *state;
	char text[] = "team";
	const char *team = names_namespace(&f->p, "team");

	assert_ptr_equal(names_namespace(&f->p, text), team);
	assert_ptr_not_equal(names_namespace(&f->p, "other"), team);
	assert_ptr_equal(names_namespace(&f->p, "team"), team);
	assert_null(names_namespace(&f->p, NULL));
	assert_int_equal(f->p.namespaces.len, 2);
}

/* ---- for people ---------------------------------------------------------- */

static void assert_described(
    struct fixture *f, const struct plan_node *n, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	names_describe(&f->p, n, &out);
	assert_string_equal(buf_str(&out), expected);
}

static void a_node_is_described_for_people(void **state)
{
	struct fixture *f = *state;
	char web[] = "web", apps[] = "apps", deployment[] = "Deployment",
	     none[] = "", node[] = "Node", team[] = "team/web",
	     key[] = "b/k.tfstate", barrier[] = "all definitions";
	const struct plan_kind deployments = {
	    .group = apps, .kind = deployment};
	const struct plan_kind nodes = {.group = none, .kind = node};
	struct plan_node n = {.kind = PLAN_KUBE,
	    .k = &deployments,
	    .namespace = "ns",
	    .name = web,
	    .cluster = 1};

	assert_described(f, &n, "Deployment.apps ns/web");
	f->o.cluster_count = 2;
	assert_described(f, &n, "Deployment.apps ns/web (edge)");
	n.namespace = NULL;
	n.k = &nodes;
	assert_described(f, &n, "Node web (edge)");
	n = (struct plan_node){.kind = PLAN_GIT, .name = team};
	assert_described(f, &n, "repository team/web");
	n = (struct plan_node){.kind = PLAN_STATE, .name = key};
	assert_described(f, &n, "state b/k.tfstate");
	n = (struct plan_node){.kind = PLAN_BARRIER, .name = barrier};
	assert_described(f, &n, "all definitions");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_of_its_cluster_and_namespace),
	    TEST(repositories_and_states_are_of_all_clusters),
	    TEST(a_node_is_found_by_its_uid_in_its_cluster),
	    TEST(a_node_may_provide_several_names),
	    TEST(equal_namespaces_are_one),
	    TEST(a_node_is_described_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
