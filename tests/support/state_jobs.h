/*
 * One object of the bucket "bucket" on its way into an archive
 * (agent/terraform/job.h), by a store and a lock table that are scripted.
 */
#ifndef TESTS_SUPPORT_STATE_JOBS_H
#define TESTS_SUPPORT_STATE_JOBS_H

#include "agent/terraform/job.h"
#include "tests/support/s3_script.h"

/* May not be moved while it lives. */
struct test_state_job {
	struct test_s3 store; /* from test_state_job_serve on */
	struct capture_env env;
	struct capture_state_bucket bucket;
	struct capture_report report;
	struct terraform_run run;
	struct terraform_bucket_run b;
	struct terraform_job job;
	char *dir; /* for files */
};
/* A test's setup and teardown: *state is one; its key is "web.tfstate". */
int test_state_job_setup(void **state);
int test_state_job_teardown(void **state);
/* What the list says of it: its key, its ETag. */
void test_state_job_key(struct test_state_job *f, const char *key);
void test_state_job_etag(struct test_state_job *f, const char *etag);
/* Once: replies as script_server_start. */
void test_state_job_serve(
    struct test_state_job *f, const struct script_reply *replies, size_t count);
/* That these are all warnings of the report, a line each. */
void assert_state_warned(const struct test_state_job *f, const char *lines);

#endif
