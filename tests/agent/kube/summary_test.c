#include "agent/kube/summary.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>

struct fixture {
	struct test_kube_run t;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct kube_api *api = &f->t.r.api;

	test_kube_run_init(&f->t);
	test_kube_run_serve(&f->t, NULL, 0);
	test_kube_serve(api, "apps", "Deployment", "deployments", "v1", NULL);
	test_kube_serve(api, "", "Secret", "secrets", "v1", NULL);
	test_kube_run_job(&f->t, "deployments.apps");
	test_kube_run_job(&f->t, "secrets");
	f->t.r.started_ms = 1767225600000; /* 2026-01-01 */
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_kube_run_done(&f->t);
	free(f);
	return 0;
}

static struct kube_job *job(struct fixture *f, size_t i)
{
	return &f->t.r.jobs.items[i];
}

/* That a member of the summary is this. */
static void assert_member(
    struct fixture *f, const char *name, const char *expected)
{
	cleanup(json_freep) struct json_object *o = kube_summary_json(&f->t.r);

	if (expected)
		assert_json(json_get(o, name), expected);
	else
		assert_null(json_get(o, name));
}

static void add_share(struct kube_job *j, const char *ns, uint64_t objects)
{
	*vec_add(&j->shares) =
	    (struct kube_job_share){.ns = str_dup(ns), .objects = objects};
}

static void a_cluster_is_counted_over_its_resources(void **state)
{
	struct fixture *f = *state;

	job(f, 0)->objects = 2;
	job(f, 0)->bytes = 10;
	job(f, 0)->last_ms = 1767225602000;
	job(f, 1)->objects = 3;
	job(f, 1)->bytes = 5;
	job(f, 1)->last_ms = 1767225601000;
	assert_member(f, "name", "\"prod\"");
	assert_member(f, "objects", "5");
	assert_member(f, "bytes", "15");
	assert_member(f, "started", "\"2026-01-01T00:00:00Z\"");
	assert_member(f, "finished", "\"2026-01-01T00:00:02Z\"");
	assert_member(f, "uid", NULL);
	assert_member(f, "labels", NULL);
	f->t.r.uid = str_dup("u-1");
	f->t.cluster.labels = "a=b";
	assert_member(f, "uid", "\"u-1\"");
	assert_member(f, "labels", "\"a=b\"");
}

/* Also of namespaces that have none: they are not those that are gone. */
static void objects_are_counted_by_namespace(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->t.r.run.namespaces, "a");
	strvec_add(&f->t.r.run.namespaces, "b");
	strvec_add(&f->t.r.run.namespaces, "c");
	add_share(job(f, 0), "a", 1);
	add_share(job(f, 0), "b", 2);
	add_share(job(f, 0), "a", 3);
	add_share(job(f, 1), "a", 4);
	assert_member(f, "namespaces", "[\"a\",\"b\",\"c\"]");
	assert_member(f, "namespace_objects", "{\"a\":8,\"b\":2,\"c\":0}");
}

/* One whose lists were not begun is not among those that were captured. */
static void a_resource_is_in_once_it_was_listed(void **state)
{
	struct fixture *f = *state;
	struct kube_job *j = job(f, 0);

	test_kube_run_list(j, "a", "7", KUBE_LIST_PINNED);
	test_kube_run_list(j, NULL, NULL, KUBE_LIST_PINNED);
	j->lists.items[0].restarts = 2;
	j->objects = 4;
	j->bytes = 9;
	kube_job_count_left_out(&j->left_out, "owned");
	kube_job_count_left_out(&j->left_out, "owned");
	strvec_add(&j->storage_versions, "deployments.apps=v1beta1");
	assert_member(f, "resources",
	    "[{\"resource\":\"deployments.apps\",\"kind\":\"Deployment\","
	    "\"version\":\"v1\",\"versions\":[\"v1\"],\"storage_version\":"
	    "\"v1beta1\",\"namespaced\":true,\"objects\":4,\"bytes\":9,"
	    "\"lists\":[{\"namespace\":\"a\",\"resource_version\":\"7\","
	    "\"listed\":\"1970-01-01T00:00:00Z\",\"restarts\":2},"
	    "{\"listed\":\"1970-01-01T00:00:00Z\"}],\"left_out\":"
	    "{\"owned\":2}}]");
}

/* The name of one may be the beginning of another's. */
static void a_stored_version_is_that_of_its_whole_name(void **state)
{
	struct fixture *f = *state;
	const struct kube_resource *r = job(f, 1)->resource;

	strvec_add(&job(f, 0)->storage_versions, "secrets.example.org=v3");
	assert_null(kube_summary_storage_version(&f->t.r, r));
	strvec_add(&job(f, 0)->storage_versions, "secrets=v2");
	assert_string_equal(kube_summary_storage_version(&f->t.r, r), "v2");
}

static void what_is_not_in_is_named(void **state)
{
	struct fixture *f = *state;

	*vec_add(&f->t.r.left_out) = (struct left_out_resource){
	    .resource = job(f, 0)->resource, .reason = "derived", .objects = 3};
	*vec_add(&f->t.r.left_out) =
	    (struct left_out_resource){.resource = job(f, 1)->resource,
		.reason = "excluded",
		.objects = -1};
	strvec_add(&f->t.r.marked, "quiet");
	*vec_add(&job(f, 1)->forbidden) =
	    (struct forbidden){.ns = str_dup("a"), .tolerated = true};
	*vec_add(&job(f, 1)->forbidden) = (struct forbidden){.ns = NULL};
	*vec_add(&f->t.r.api.broken) = (struct kube_api_unavailable){
	    .group_version = str_dup("metrics.k8s.io/v1beta1")};
	assert_member(f, "left_out",
	    "[{\"resource\":\"deployments.apps\",\"reason\":\"derived\","
	    "\"objects\":3},{\"resource\":\"secrets\",\"reason\":"
	    "\"excluded\"},{\"namespace\":\"quiet\",\"reason\":"
	    "\"marked " KUBE_EXCLUDE_MARK "\"}]");
	assert_member(f, "forbidden",
	    "[{\"resource\":\"secrets\",\"namespace\":\"a\",\"tolerated\":"
	    "true},{\"resource\":\"secrets\",\"tolerated\":false}]");
	assert_member(f, "broken", "[\"metrics.k8s.io/v1beta1\"]");
}

static void states_of_all_jobs_are_in_one_list(void **state)
{
	struct fixture *f = *state;

	job(f, 0)->states = test_json("[{\"name\":\"a\"}]");
	job(f, 1)->states = test_json("[{\"name\":\"b\"},{\"name\":\"c\"}]");
	assert_member(f, "states",
	    "[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_cluster_is_counted_over_its_resources),
	    TEST(objects_are_counted_by_namespace),
	    TEST(a_resource_is_in_once_it_was_listed),
	    TEST(a_stored_version_is_that_of_its_whole_name),
	    TEST(what_is_not_in_is_named),
	    TEST(states_of_all_jobs_are_in_one_list),
	};

	return cmocka_run_group_tests_name("kube/summary", tests, NULL, NULL);
}
