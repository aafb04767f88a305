#include "agent/kube/pin.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>

/* A cluster with resources of its own, of another server, and a busy one. */
struct fixture {
	struct test_kube_run t;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct kube_api *api = &f->t.r.api;

	test_kube_run_init(&f->t);
	test_kube_serve(api, "", "ConfigMap", "configmaps", "v1", NULL);
	test_kube_serve(api, "", "Event", "events", "v1", NULL);
	test_kube_serve(
	    api, "coordination.k8s.io", "Lease", "leases", "v1", NULL);
	test_kube_serve(
	    api, "metrics.k8s.io", "PodMetrics", "pods", "v1beta1", NULL);
	test_kube_serve(api, "example.org", "Widget", "widgets", "v1", NULL);
	VEC_EACH (&api->resources, r)
		test_kube_run_job(&f->t, r->key);
	f->t.r.run.servers_known = true;
	strvec_add(&f->t.r.run.elsewhere, "metrics.k8s.io/v1beta1");
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

static bool is_pinned(struct fixture *f, size_t i)
{
	const struct kube_revision *r =
	    kube_pin_of(&f->t.r.run, job(f, i)->resource);

	if (r)
		assert_ptr_equal(r, &f->t.r.revision);
	return r != NULL;
}

static void what_one_etcd_keeps_is_read_at_one_revision(void **state)
{
	struct fixture *f = *state;

	assert_true(is_pinned(f, 0));
	assert_false(is_pinned(f, 1)); /* events: an etcd of its own */
	assert_false(is_pinned(f, 2));
	assert_false(is_pinned(f, 3)); /* another server */
	assert_true(is_pinned(f, 4));
	/* Where it is not known who serves what, only Kubernetes' own are. */
	f->t.r.run.servers_known = false;
	assert_true(is_pinned(f, 0));
	assert_false(is_pinned(f, 4));
}

static void the_lists_of_one_moment_need_no_word(void **state)
{
	struct fixture *f = *state;

	test_kube_run_list(job(f, 0), NULL, "7", KUBE_LIST_PINNED);
	test_kube_run_list(job(f, 4), "a", "7", KUBE_LIST_PINNED);
	test_kube_run_list(job(f, 1), NULL, "9", KUBE_LIST_NEWEST);
	/* One that failed has no revision. */
	test_kube_run_list(job(f, 4), "b", NULL, KUBE_LIST_OTHER);
	/* Nor has what the server computes for each answer. */
	test_kube_run_list(job(f, 0), "c", "", KUBE_LIST_OTHER);
	kube_pin_report(&f->t.r);
	assert_kube_warned(&f->t, "");
	assert_kube_missing(&f->t, "");
}

static void a_revision_that_was_forgotten_is_a_warning(void **state)
{
	struct fixture *f = *state;

	test_kube_run_list(job(f, 0), NULL, "7", KUBE_LIST_PINNED);
	test_kube_run_list(job(f, 4), "a", "8", KUBE_LIST_PINNED);
	test_kube_run_list(job(f, 4), "b", "8", KUBE_LIST_PINNED);
	kube_pin_report(&f->t.r);
	assert_kube_warned(&f->t,
	    "prod: the server forgot the revision of the first lists while "
	    "others were still being read: the objects are of 2 moments; let "
	    "etcd be compacted less often, or raise concurrency\n");
	assert_kube_missing(&f->t, "");
}

static void one_that_was_refused_is_named_once(void **state)
{
	struct fixture *f = *state;

	test_kube_run_list(job(f, 0), "a", "7", KUBE_LIST_REFUSED);
	test_kube_run_list(job(f, 0), "b", "8", KUBE_LIST_REFUSED);
	test_kube_run_list(job(f, 4), NULL, "9", KUBE_LIST_OTHER);
	kube_pin_report(&f->t.r);
	assert_kube_warned(&f->t,
	    "prod: the server did not answer at the revision of the other "
	    "lists for configmaps, widgets.example.org: those objects are of "
	    "another moment\n");
}

/* consistency: one asks for that. */
static void where_one_moment_is_wanted_another_is_missing(void **state)
{
	struct fixture *f = *state;

	f->t.cluster.one_revision = true;
	test_kube_run_list(job(f, 0), NULL, "7", KUBE_LIST_OTHER);
	kube_pin_report(&f->t.r);
	assert_kube_warned(&f->t, "");
	assert_kube_missing(&f->t,
	    "prod: one revision of all objects: the server did not answer at "
	    "the revision of the other lists for configmaps: those objects are "
	    "of another moment; consistency is 'one'\n");
}

static void the_manifest_says_which_are_of_another_revision(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->t.r.revision.all, "7");
	strvec_add(&f->t.r.revision.all, "8");
	test_kube_run_list(job(f, 0), NULL, "7", KUBE_LIST_PINNED);
	test_kube_run_list(job(f, 0), "a", "9", KUBE_LIST_REFUSED);
	test_kube_run_list(job(f, 0), "b", NULL, KUBE_LIST_REFUSED);
	test_kube_run_list(job(f, 0), "c", "", KUBE_LIST_OTHER);
	test_kube_run_list(job(f, 1), NULL, "10", KUBE_LIST_NEWEST);
	test_kube_run_list(job(f, 3), NULL, "11", KUBE_LIST_NEWEST);
	test_kube_run_list(job(f, 4), NULL, "12", KUBE_LIST_OTHER);
	cleanup(json_freep) struct json_object *revisions =
	    kube_pin_revisions(&f->t.r);
	cleanup(json_freep) struct json_object *others =
	    kube_pin_others(&f->t.r);
	assert_json(revisions, "[\"7\",\"8\"]");
#define OTHER(RESOURCE, NS, REVISION, REASON)                                  \
	"{\"resource\":\"" RESOURCE "\"," NS                                   \
	"\"resource_version\":\"" REVISION "\",\"reason\":\"" REASON "\"}"
	assert_json(others,
	    "[" OTHER("configmaps", "\"namespace\":\"a\",", "9",
		"the server refused to answer at the revision") "," OTHER("conf"
									  "igma"
									  "ps",
		"\"namespace\":\"c\",", "",
		"its answers are of no revision") "," OTHER("events", "", "10",
		"many clusters keep it in an etcd of its own, with revisions "
		"of its own") "," OTHER("pods.metrics.k8s.io", "", "11",
		"another server keeps it, with revisions of its own") "," OTHER("widgets.example.org",
		"", "12", "the server answered at another revision") "]");
}

/* Who serves what is asked of the cluster, which may not say it. */
static void the_servers_are_known_where_they_may_be_asked(void **state)
{
	static const struct script_reply replies[] = {{.close = 1,
	    .bytes = KUBE_REPLY("200 OK",
		"{\"kind\":\"APIServiceList\",\"items\":[{\"spec\":{\"group\":"
		"\"metrics.k8s.io\",\"version\":\"v1\",\"service\":{\"name\":"
		"\"m\"}}},{\"spec\":{\"group\":\"apps\",\"version\":\"v1\"}}"
		"]}")}};
	static const struct script_reply denied = {
	    .close = 1, .bytes = KUBE_REPLY("403 Forbidden", "{}")};
	struct fixture *f = *state;

	f->t.r.run.servers_known = false;
	test_kube_run_serve(&f->t, &denied, 1);
	kube_pin_ask(&f->t.r);
	assert_false(f->t.r.run.servers_known);
	test_kube_stop(&f->t.kube);
	test_kube_run_serve(&f->t, replies, 1);
	kube_pin_ask(&f->t.r);
	assert_true(f->t.r.run.servers_known);
	assert_true(strvec_has(&f->t.r.run.elsewhere, "metrics.k8s.io/v1"));
	assert_false(strvec_has(&f->t.r.run.elsewhere, "apps/v1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_one_etcd_keeps_is_read_at_one_revision),
	    TEST(the_lists_of_one_moment_need_no_word),
	    TEST(a_revision_that_was_forgotten_is_a_warning),
	    TEST(one_that_was_refused_is_named_once),
	    TEST(where_one_moment_is_wanted_another_is_missing),
	    TEST(the_manifest_says_which_are_of_another_revision),
	    TEST(the_servers_are_known_where_they_may_be_asked),
	};

	return cmocka_run_group_tests_name("kube/pin", tests, NULL, NULL);
}
