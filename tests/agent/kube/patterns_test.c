#include "agent/kube/patterns.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>
#include <string.h>

/* A cluster that serves three kinds, two of which are captured. */
struct fixture {
	struct test_kube_run t;
	struct strvec resources, exclude, tolerate;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct kube_api *api = &f->t.r.api;

	test_kube_run_init(&f->t);
	test_kube_serve(api, "", "ConfigMap", "configmaps", "v1", NULL);
	test_kube_serve(api, "apps", "Deployment", "deployments", "v1", NULL);
	struct kube_resource *pods =
	    test_kube_serve(api, "", "Pod", "pods", "v1", NULL);
	strvec_add(&pods->short_names, "po");
	test_kube_run_job(&f->t, "configmaps");
	test_kube_run_job(&f->t, "deployments.apps");
	f->t.cluster.resources = &f->resources;
	f->t.cluster.exclude_resources = &f->exclude;
	f->t.cluster.tolerate_forbidden = &f->tolerate;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_kube_run_done(&f->t);
	strvec_done(&f->resources);
	strvec_done(&f->exclude);
	strvec_done(&f->tolerate);
	free(f);
	return 0;
}

static void what_fits_is_not_worth_a_word(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->resources, "configmaps");
	strvec_add(&f->resources, "*.apps");
	strvec_add(&f->exclude, "pods");
	strvec_add(&f->tolerate, "deployments");
	kube_patterns_report(&f->t.r);
	assert_kube_warned(&f->t, "");
	assert_kube_missing(&f->t, "");
}

static void a_resource_that_is_named_and_not_served_is_missing(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->resources, "configmap"); /* kubectl's word */
	strvec_add(&f->resources, "deploiments");
	strvec_add(&f->resources, "zebras");
	kube_patterns_report(&f->t.r);
	assert_kube_warned(&f->t, "");
	assert_int_equal(f->t.report.missing.len, 3);
	assert_int_equal(f->t.report.missing.items[0].code, ERR_NOT_FOUND);
	assert_string_equal(
	    f->t.report.missing.items[0].what, "prod: resource 'configmap'");
	assert_contains(f->t.report.missing.items[0].reason,
	    "the cluster serves no such resource");
	assert_contains(f->t.report.missing.items[0].reason, "'configmaps'");
	assert_contains(f->t.report.missing.items[1].reason, "'deployments");
	assert_string_equal(f->t.report.missing.items[2].reason,
	    "the cluster serves no such resource");
}

/* A pattern may fit what comes one day. */
static void a_pattern_that_fits_nothing_is_a_warning(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->resources, "*.example.org");
	strvec_add(&f->exclude, "zebras");
	strvec_add(&f->tolerate, "po");
	kube_patterns_report(&f->t.r);
	assert_kube_missing(&f->t, "");
	assert_int_equal(f->t.report.warnings.len, 3);
	assert_string_equal(f->t.report.warnings.items[0],
	    "prod: resources: no resource of the cluster fits "
	    "'*.example.org'");
	assert_string_equal(f->t.report.warnings.items[1],
	    "prod: exclude_resources: no resource of the cluster fits "
	    "'zebras'");
	assert_contains(f->t.report.warnings.items[2],
	    "prod: tolerate_forbidden: no resource of the cluster fits 'po'");
	assert_contains(f->t.report.warnings.items[2], "'pods'");
}

static void what_is_wanted_and_left_out_says_why(void **state)
{
	struct fixture *f = *state;

	*vec_add(&f->t.r.left_out) = (struct left_out_resource){
	    .resource = &f->t.r.api.resources.items[2], .reason = "events"};
	strvec_add(&f->resources, "pods");
	kube_patterns_report(&f->t.r);
	assert_kube_warned(&f->t,
	    "prod: resources: 'pods' is left out all the same: events\n");
	assert_kube_missing(&f->t, "");
}

static void what_is_wanted_and_excluded_says_so(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->resources, "pods");
	kube_patterns_report(&f->t.r);
	f->t.r.api.resources.items[2].listable = false;
	kube_patterns_report(&f->t.r);
	assert_kube_warned(&f->t,
	    "prod: resources: 'pods' is left out all the same: excluded by the "
	    "configuration\n"
	    "prod: resources: 'pods' is left out all the same: its objects "
	    "cannot be listed and read\n");
}

static void nothing_at_all_is_missing(void **state)
{
	struct fixture *f = *state;

	VEC_EACH (&f->t.r.jobs, j)
		kube_job_done(j);
	f->t.r.jobs.len = 0;
	kube_patterns_report(&f->t.r);
	assert_kube_missing(&f->t,
	    "cluster 'prod': resources, exclude_resources and cluster_scope "
	    "leave nothing to capture\n");
}

/* Once is enough. */
static void what_is_missing_already_is_not_said_again(void **state)
{
	struct fixture *f = *state;

	VEC_EACH (&f->t.r.jobs, j)
		kube_job_done(j);
	f->t.r.jobs.len = 0;
	strvec_add(&f->resources, "zebras");
	kube_patterns_report(&f->t.r);
	assert_int_equal(f->t.report.missing.len, 1);
}

/* ---- labels -------------------------------------------------------------- */

static int check_labels(
    struct fixture *f, const char *labels, const char *bytes, struct err *err)
{
	const struct script_reply reply = {.bytes = bytes, .close = 1};

	f->t.cluster.labels = labels;
	test_kube_run_serve(&f->t, &reply, bytes != NULL);
	*err = (struct err)ERR_INIT;
	int failed = kube_patterns_check_labels(&f->t.r, err);
	if (bytes)
		assert_contains(script_server_request(f->t.kube.server, 0),
		    "GET /api/v1/namespaces?limit=1&labelSelector=");
	else
		assert_int_equal(script_server_count(f->t.kube.server), 0);
	test_kube_stop(&f->t.kube);
	f->t.kube.client = NULL;
	return failed;
}

static void labels_are_tried_before_they_are_used(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_ok(check_labels(f, NULL, NULL, &err), err);
	assert_ok(check_labels(f, "", NULL, &err), err);
	assert_ok(
	    check_labels(f, "a=b", KUBE_REPLY("200 OK", "{}"), &err), err);
	/* What may not be asked is found when the lists are read. */
	assert_ok(
	    check_labels(f, "a=b", KUBE_REPLY("403 Forbidden", "{}"), &err),
	    err);
	assert_fails(check_labels(f, "a==b,",
			 KUBE_REPLY("400 Bad Request",
			     "{\"kind\":\"Status\",\"message\":\"unable to "
			     "parse\"}"),
			 &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "labels 'a==b,': ");
	assert_contains(err.message, "unable to parse");
}

static void labels_that_nothing_has_are_a_warning(void **state)
{
	struct fixture *f = *state;
	struct kube_job *j = &f->t.r.jobs.items[0];

	kube_patterns_report_labels(&f->t.r);
	f->t.cluster.labels = "a=b";
	kube_patterns_report_labels(&f->t.r); /* no namespace is captured */
	strvec_add(&f->t.r.run.namespaces, "ns");
	j->objects = 1;
	kube_patterns_report_labels(&f->t.r);
	/* A list that could not be read may have had some. */
	j->objects = 0;
	struct err err = ERR_INIT;
	capture_report_missing(&j->report, &err, "configmaps");
	kube_patterns_report_labels(&f->t.r);
	assert_kube_warned(&f->t, "");
	capture_report_done(&j->report);
	j->report = (struct capture_report)CAPTURE_REPORT_INIT;
	kube_patterns_report_labels(&f->t.r);
	assert_kube_warned(
	    &f->t, "prod: labels: no object in the namespaces fits 'a=b'\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_fits_is_not_worth_a_word),
	    TEST(a_resource_that_is_named_and_not_served_is_missing),
	    TEST(a_pattern_that_fits_nothing_is_a_warning),
	    TEST(what_is_wanted_and_left_out_says_why),
	    TEST(what_is_wanted_and_excluded_says_so),
	    TEST(nothing_at_all_is_missing),
	    TEST(what_is_missing_already_is_not_said_again),
	    TEST(labels_are_tried_before_they_are_used),
	    TEST(labels_that_nothing_has_are_a_warning),
	};

	return cmocka_run_group_tests_name("kube/patterns", tests, NULL, NULL);
}
