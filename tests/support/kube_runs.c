#include "tests/support/kube_runs.h"

#include "storage/base/cleanup.h"

void test_kube_run_init(struct test_kube_run *t)
{
	*t = (struct test_kube_run){.cluster = {.name = "prod"},
	    .report = CAPTURE_REPORT_INIT,
	    .r = {.api = KUBE_API_INIT}};
	kube_revision_init(&t->r.revision);
	t->r.report = &t->report;
	t->r.run.cluster = &t->cluster;
	t->r.run.env = &t->env;
	t->r.run.revision = &t->r.revision;
}

void test_kube_run_done(struct test_kube_run *t)
{
	kube_run_done(&t->r);
	capture_report_done(&t->report);
	if (t->kube.client)
		test_kube_stop(&t->kube);
}

void test_kube_run_serve(
    struct test_kube_run *t, const struct script_reply *replies, size_t count)
{
	test_kube_start(&t->kube, replies, count);
	t->cluster.client = t->kube.client;
	t->env.clock = &t->kube.clock.clock;
}

struct kube_job *test_kube_run_job(struct test_kube_run *t, const char *key)
{
	const struct kube_resource *resource = NULL;

	VEC_EACH (&t->r.api.resources, r)
		if (str_eq(r->key, key))
			resource = r;
	assert_non_null(resource);
	struct kube_job *j = vec_add(&t->r.jobs);
	kube_job_init(j, &t->r.run, resource, false);
	return j;
}

void test_kube_run_list(struct kube_job *j, const char *ns,
    const char *resource_version, enum kube_list_pin pin)
{
	*vec_add(&j->lists) = (struct kube_job_list){.ns = str_dup(ns),
	    .resource_version = str_dup(resource_version),
	    .pin = pin};
}

void assert_kube_warned(const struct test_kube_run *t, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&t->report.warnings, w)
		buf_printf(&all, "%s\n", *w);
	assert_string_equal(buf_str(&all), lines);
}

void assert_kube_missing(const struct test_kube_run *t, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&t->report.missing, m)
		buf_printf(&all, "%s: %s\n", m->what, m->reason);
	assert_string_equal(buf_str(&all), lines);
}
