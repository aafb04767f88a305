#include "agent/terraform/capture.h"

#include "agent/terraform/cache.h"
#include "agent/terraform/run.h"
#include "agent/terraform/walk.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_SMALL_BYTES = 1024 * 1024,
	DEFAULT_CACHE_BYTES = 64 * 1024 * 1024,
	MAX_SKEW_S = 60, /* a smaller difference is not worth a warning */
};

/* ---- warnings ---- */

static int by_index(const void *a, const void *b)
{
	const struct terraform_result *x = a;
	const struct terraform_result *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static void set_count(struct json_object *j, const char *name, uint64_t n)
{
	json_set_int(j, name, (int64_t)n);
}

static struct json_object *summary_of(struct terraform_bucket_run *b)
{
	struct json_object *j = json_new_object();
	struct json_object *states = json_new_array();
	struct json_object *locks = json_new_array();

	json_set_str(j, "bucket", s3_bucket(b->bucket->s3));
	set_count(j, "objects", b->objects);
	json_set(j, "prefixes", b->prefixes);
	set_count(j, "bytes", b->bytes);
	set_count(j, "downloaded", b->downloaded);
	set_count(j, "from_cache", b->from_cache);
	set_count(j, "not_state", b->not_state);
	vec_sort(&b->results, by_index);
	VEC_EACH (&b->results, r) {
		json_append(states, r->state);
		r->state = NULL;
	}
	json_set(j, "states", states);
	strvec_sort(&b->held);
	VEC_EACH (&b->held, key)
		json_append(locks, json_new_str(*key));
	json_set(j, "locks", locks);
	return j;
}

static int by_name(const void *a, const void *b)
{
	const struct capture_missing *x = a;
	const struct capture_missing *y = b;

	return strcmp(x->what, y->what);
}

/* Requests were signed for the store's time, but everything else that this
 * machine dates is wrong. */
static void warn_of_clock(
    struct terraform_run *run, const struct capture_state_bucket *bucket)
{
	int64_t skew_s = aws_skew_ms(s3_session(bucket->s3)) / 1000;

	if (skew_s > -MAX_SKEW_S && skew_s < MAX_SKEW_S)
		return;
	capture_report_warning(run->report,
	    "%s: its clock and this machine's differ by %+" PRId64
	    " seconds; set this machine's",
	    s3_describe(bucket->s3), skew_s);
}

static void warn_of_doubled(const struct terraform_bucket_run *b)
{
	if (!b->doubled)
		return;
	capture_report_warning(b->run->report,
	    "%s: its list names %" PRIu64
	    " objects more than once (first: '%s'): each is captured once",
	    s3_describe(b->bucket->s3), b->doubled, b->first_doubled);
}

static struct json_object *capture_bucket(struct terraform_run *run,
    const struct capture_state_bucket *bucket, size_t *next_index)
{
	struct terraform_bucket_run b = {
	    .run = run, .bucket = bucket, .prefixes = json_new_object()};

	terraform_walk(&b, next_index);
	warn_of_clock(run, bucket);
	warn_of_doubled(&b);
	struct json_object *summary = summary_of(&b);
	vec_done(&b.results);
	strvec_done(&b.held);
	buf_done(&b.data);
	buf_done(&b.facts);
	free(b.first_doubled);
	return summary;
}

static void open_cache(struct terraform_run *run)
{
	struct err why = ERR_INIT;
	uint64_t max = run->o->cache_max_bytes ? run->o->cache_max_bytes
					       : DEFAULT_CACHE_BYTES;

	if (terraform_cache_open(
		&run->cache, run->env->state_dir, run->env->name, max, &why))
		capture_report_warning(run->report,
		    "terraform: all objects are downloaded, since the cache "
		    "cannot be used: %s",
		    why.message);
}

int capture_state(const struct capture_state_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err)
{
	struct terraform_run run = {
	    .o = o,
	    .env = env,
	    .report = report,
	    .small_bytes = o->small_object_bytes ? o->small_object_bytes
						 : DEFAULT_SMALL_BYTES,
	};
	struct json_object *buckets = json_new_array();
	size_t next_index = 0;

	pthread_mutex_init(&run.lock, NULL);
	pthread_cond_init(&run.changed, NULL);
	open_cache(&run);
	for (size_t i = 0; i < o->bucket_count && !terraform_run_stopped(&run);
	     i++)
		json_append(
		    buckets, capture_bucket(&run, &o->buckets[i], &next_index));
	bool stopped = terraform_run_stopped(&run);
	if (!stopped)
		terraform_cache_sweep(&run.cache);
	terraform_cache_done(&run.cache);
	terraform_pack_free(run.scratch);
	pthread_mutex_destroy(&run.lock);
	pthread_cond_destroy(&run.changed);
	/* Workers finish in any order; the report is sorted. */
	strvec_sort(&report->warnings);
	vec_sort(&report->missing, by_name);
	report->summary = json_new_object();
	json_set(report->summary, "buckets", buckets);
	if (run.fatal)
		*err = run.err;
	else if (stopped)
		err_set(&run.err, ERR_CANCELLED, "stopped on request");
	if (stopped && !run.fatal)
		*err = run.err;
	return stopped ? err_wrap(err, "terraform state") : 0;
}
