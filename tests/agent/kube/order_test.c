#include "agent/kube/order.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

static void serve(struct test_kube_run *t, const char *group, const char *name)
{
	test_kube_serve(&t->r.api, group, "Kind", name, "v1", NULL);
}

/* The keys of all jobs in their order, a space before each. */
static void read_order(const struct test_kube_run *t, struct buf *keys)
{
	size_t order[16];

	assert_true(t->r.jobs.len <= 16);
	kube_order(&t->r.jobs, order);
	for (size_t i = 0; i < t->r.jobs.len; i++)
		buf_printf(
		    keys, " %s", t->r.jobs.items[order[i]].resource->key);
}

static void long_lists_come_first_and_held_ones_last(void **state)
{
	cleanup(test_kube_run_done) struct test_kube_run t;
	cleanup(buf_done) struct buf keys = BUF_INIT;

	(void)state;
	test_kube_run_init(&t);
	serve(&t, "", "limitranges");
	serve(&t, "rbac.authorization.k8s.io", "clusterroles");
	serve(&t, "", "configmaps");
	serve(&t, "apps", "deployments");
	serve(&t, "example.com", "gears");
	serve(&t, "apps", "daemonsets");
	serve(&t, "", "secrets");
	serve(&t, "example.com", "cogs");
	VEC_EACH (&t.r.api.resources, r)
		test_kube_run_job(&t, r->key);
	t.r.jobs.items[1].hold = true;
	read_order(&t, &keys);
	assert_string_equal(buf_str(&keys),
	    " configmaps secrets deployments.apps gears.example.com "
	    "cogs.example.com limitranges daemonsets.apps "
	    "clusterroles.rbac.authorization.k8s.io");
}

/* A kind of somebody else that is called like one of the server's. */
static void a_name_alone_makes_no_list_long(void **state)
{
	cleanup(test_kube_run_done) struct test_kube_run t;
	cleanup(buf_done) struct buf keys = BUF_INIT;

	(void)state;
	test_kube_run_init(&t);
	serve(&t, "apps", "daemonsets");
	serve(&t, "example.com", "secrets");
	serve(&t, "", "services");
	VEC_EACH (&t.r.api.resources, r)
		test_kube_run_job(&t, r->key);
	read_order(&t, &keys);
	assert_string_equal(
	    buf_str(&keys), " services secrets.example.com daemonsets.apps");
}

static void of_no_jobs_there_is_no_order(void **state)
{
	const struct kube_job_vec none = VEC_INIT;
	size_t untouched = 7;

	(void)state;
	kube_order(&none, &untouched);
	assert_int_equal(untouched, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(long_lists_come_first_and_held_ones_last),
	    cmocka_unit_test(a_name_alone_makes_no_list_long),
	    cmocka_unit_test(of_no_jobs_there_is_no_order),
	};

	return cmocka_run_group_tests_name("kube/order", tests, NULL, NULL);
}
