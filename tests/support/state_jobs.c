#include "tests/support/state_jobs.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <stdlib.h>

int test_state_job_setup(void **state)
{
	struct test_state_job *f = mem_new(struct test_state_job);

	f->dir = test_dir_make();
	f->env.scratch = f->dir;
	f->run.env = &f->env;
	f->run.report = &f->report;
	f->run.small_bytes = 1000;
	pthread_mutex_init(&f->run.lock, NULL);
	pthread_cond_init(&f->run.changed, NULL);
	f->b =
	    (struct terraform_bucket_run){.run = &f->run, .bucket = &f->bucket};
	f->job = (struct terraform_job){.bucket = &f->b,
	    .object = {.key = str_dup("web.tfstate"), .mtime = 7}};
	*state = f;
	return 0;
}

int test_state_job_teardown(void **state)
{
	struct test_state_job *f = *state;
	struct terraform_content *c = &f->job.content;

	buf_done(&c->data);
	free(c->file);
	s3_meta_done(&c->meta);
	s3_pairs_done(&c->tags);
	json_free(c->facts);
	s3_object_done(&f->job.object);
	strvec_done(&f->b.held);
	capture_report_done(&f->report);
	pthread_cond_destroy(&f->run.changed);
	pthread_mutex_destroy(&f->run.lock);
	if (f->store.server)
		test_s3_stop(&f->store);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

void test_state_job_key(struct test_state_job *f, const char *key)
{
	free(f->job.object.key);
	f->job.object.key = str_dup(key);
}

void test_state_job_etag(struct test_state_job *f, const char *etag)
{
	free(f->job.object.etag);
	f->job.object.etag = str_dup(etag);
}

void test_state_job_serve(
    struct test_state_job *f, const struct script_reply *replies, size_t count)
{
	test_s3_start(&f->store, replies, count);
	f->bucket.s3 = f->store.s3;
	f->env.clock = &f->store.clock.clock;
}

void assert_state_warned(const struct test_state_job *f, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&f->report.warnings, w)
		buf_printf(&all, "%s\n", *w);
	assert_string_equal(buf_str(&all), lines);
}
