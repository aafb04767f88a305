/*
 * The capture of one cluster, "prod" (agent/kube/run.h), without an archive:
 * for tests of what decides and reports about it.
 */
#ifndef TESTS_SUPPORT_KUBE_RUNS_H
#define TESTS_SUPPORT_KUBE_RUNS_H

#include "agent/kube/run.h"
#include "tests/support/kube_script.h"

/* May not be moved. */
struct test_kube_run {
	struct capture_kube_cluster cluster;
	struct capture_report report;
	struct capture_env env;
	struct test_kube kube;
	struct capture_kube_run r;
};
void test_kube_run_init(struct test_kube_run *t);
void test_kube_run_done(struct test_kube_run *t);
/* The server that its client asks, with these replies. */
void test_kube_run_serve(
    struct test_kube_run *t, const struct script_reply *replies, size_t count);

/* Adds the job of a resource that is served; good until the next. */
struct kube_job *test_kube_run_job(struct test_kube_run *t, const char *key);
/* Adds a list that a job has read. */
void test_kube_run_list(struct kube_job *j, const char *ns,
    const char *resource_version, enum kube_list_pin pin);

/* That these are all of the report's warnings, or what is missing, as "what:
 * reason"; a line each. */
void assert_kube_warned(const struct test_kube_run *t, const char *lines);
void assert_kube_missing(const struct test_kube_run *t, const char *lines);

#endif
