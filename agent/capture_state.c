#include "agent/capture_state_parts.h"

#include "storage/aws/key_path.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_IN_FLIGHT = 16,
	DEFAULT_SMALL_BYTES = 1024 * 1024,
	DEFAULT_CACHE_BYTES = 64 * 1024 * 1024,
	MAX_SKEW_S = 60, /* nobody is warned of less */
};

void state_run_fatal(struct state_run *run, const struct err *err)
{
	pthread_mutex_lock(&run->lock);
	if (!run->fatal)
		run->err = *err;
	run->fatal = true;
	pthread_mutex_unlock(&run->lock);
}

bool state_run_stopped(struct state_run *run)
{
	pthread_mutex_lock(&run->lock);
	bool fatal = run->fatal;
	pthread_mutex_unlock(&run->lock);
	return fatal || cancel_requested(run->env->cancel);
}

/* ---- what is taken ---- */

/* Of one bucket, while its lists are read. */
struct walk {
	struct state_bucket_run *bucket;
	struct pool *pool;
	size_t *next_index;
	struct key_paths paths;
	char *key;   /* whose versions are counted */
	int version; /* how many of them there were */
};

static bool fits(const struct capture_state_bucket *b, const char *key)
{
	if (b->include && b->include->len && !str_glob_any(b->include, key))
		return false;
	return !b->exclude || !str_glob_any(b->exclude, key);
}

/* A lock is looked at where its state is wanted. */
static bool is_wanted(
    const struct capture_state_bucket *b, const struct s3_object *o)
{
	static const char suffix[] = ".tflock";
	autofree char *state = NULL;

	if (o->delete_marker)
		return false;
	if (!str_ends(o->key, suffix))
		return fits(b, o->key);
	state = str_ndup(o->key, strlen(o->key) - strlen(suffix));
	return fits(b, state);
}

/* Newest first within a key; the current one is counted among the N. */
static bool is_too_old(struct walk *w, const struct s3_object *o)
{
	if (w->bucket->bucket->versions <= 1)
		return false;
	if (!str_eq(w->key, o->key)) {
		free(w->key);
		w->key = str_dup(o->key);
		w->version = 0;
	}
	return ++w->version > w->bucket->bucket->versions;
}

static char *archive_path(struct walk *w, const struct s3_object *o, bool older)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "terraform/%s/", s3_bucket(w->bucket->bucket->s3));
	if (older) {
		buf_add_str(&path, "%versions/");
		key_path_add(NULL, &path, o->key);
		buf_add_char(&path, '/');
		key_path_add(NULL, &path, o->version_id);
	} else {
		key_path_add(&w->paths, &path, o->key);
	}
	return buf_steal(&path);
}

/* The object passes to the job. */
static void submit(struct walk *w, struct s3_object *o)
{
	struct state_run *run = w->bucket->run;
	struct state_job *j = mem_new(struct state_job);

	j->bucket = w->bucket;
	j->older = !o->latest;
	if (!str_ends(o->key, ".tflock")) {
		j->path = archive_path(w, o, j->older);
		j->index = (*w->next_index)++;
		j->lane = archive_lane_open(
		    run->env->writer, RANK_TERRAFORM, j->index);
	}
	j->object = *o;
	*o = (struct s3_object){0};
	/* The current one is read by its key: what it is by then counts. */
	if (!j->older) {
		free(j->object.version_id);
		j->object.version_id = NULL;
	}
	pool_submit(w->pool, state_job_run, j);
}

static bool skip(struct walk *w, const struct s3_object *o)
{
	return !is_wanted(w->bucket->bucket, o) || is_too_old(w, o) ||
	       (!o->latest && str_ends(o->key, ".tflock"));
}

static int take_page(struct walk *w, struct s3_list *l, struct err *err)
{
	cleanup(s3_objects_done) struct s3_object_vec page = VEC_INIT;
	struct state_run *run = w->bucket->run;

	if (s3_list_page(w->bucket->bucket->s3, l, &page, NULL, err))
		return -1;
	pthread_mutex_lock(&run->lock);
	w->bucket->listed += page.len;
	pthread_mutex_unlock(&run->lock);
	VEC_EACH (&page, o) {
		if (state_run_stopped(run))
			return 0;
		if (!skip(w, o))
			submit(w, o);
	}
	return 0;
}

/* A mistyped prefix or pattern is no error to S3, and would be no backup. */
static void warn_if_nothing(struct walk *w, const char *prefix,
    uint64_t listed_before, size_t taken_before)
{
	struct state_run *run = w->bucket->run;
	const char *bucket = s3_bucket(w->bucket->bucket->s3);
	uint64_t listed = w->bucket->listed - listed_before;

	if (*w->next_index > taken_before)
		return;
	pthread_mutex_lock(&run->lock);
	if (!listed)
		capture_report_warning(run->report,
		    "'s3://%s/%s' is empty: there is no object to capture",
		    bucket, prefix ? prefix : "");
	else
		capture_report_warning(run->report,
		    "of the %llu objects of 's3://%s/%s' none is captured: "
		    "they are locks, or 'include' and 'exclude' leave them out",
		    (unsigned long long)listed, bucket, prefix ? prefix : "");
	pthread_mutex_unlock(&run->lock);
}

static void take_prefix(struct walk *w, const char *prefix)
{
	struct state_run *run = w->bucket->run;
	uint64_t listed_before = w->bucket->listed;
	size_t taken_before = *w->next_index;
	struct err why = ERR_INIT;
	cleanup(s3_list_done) struct s3_list l = {
	    .prefix = prefix,
	    .versions = w->bucket->bucket->versions > 1,
	};

	while (!l.ended && !state_run_stopped(run)) {
		if (!take_page(w, &l, &why))
			continue;
		if (why.code == ERR_CANCELLED)
			return state_run_fatal(run, &why);
		pthread_mutex_lock(&run->lock);
		capture_report_missing(run->report, &why,
		    "objects of bucket '%s' under '%s'%s",
		    s3_bucket(w->bucket->bucket->s3), prefix ? prefix : "",
		    l.token ? ", from the middle of the list" : "");
		pthread_mutex_unlock(&run->lock);
		return;
	}
	if (!state_run_stopped(run))
		warn_if_nothing(w, prefix, listed_before, taken_before);
}

/* Sorted, without those that lie in another: keys then come in order, and
 * each once. */
static void distinct_prefixes(
    const struct capture_state_bucket *b, struct strvec *out)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;

	if (b->prefixes)
		VEC_EACH (b->prefixes, p)
			strvec_add(&all, *p);
	strvec_sort(&all);
	VEC_EACH (&all, p) {
		if (!out->len || !str_starts(*p, out->items[out->len - 1]))
			strvec_add(out, *p);
	}
}

/* ---- what is said ---- */

static int by_index(const void *a, const void *b)
{
	const struct state_result *x = a;
	const struct state_result *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static void set_count(struct json_object *j, const char *name, uint64_t n)
{
	json_set_int(j, name, (int64_t)n);
}

static struct json_object *summary_of(struct state_bucket_run *b)
{
	struct json_object *j = json_new_object();
	struct json_object *states = json_new_array();
	struct json_object *locks = json_new_array();

	json_set_str(j, "bucket", s3_bucket(b->bucket->s3));
	set_count(j, "objects", b->objects);
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

/* Requests were signed for the store's time; whatever else this machine dates
 * is wrong. */
static void warn_of_clock(
    struct state_run *run, const struct capture_state_bucket *bucket)
{
	int64_t skew_s = aws_skew_ms(s3_session(bucket->s3)) / 1000;

	if (skew_s > -MAX_SKEW_S && skew_s < MAX_SKEW_S)
		return;
	capture_report_warning(run->report,
	    "%s: its clock and this machine's differ by %+" PRId64
	    " seconds; set this machine's",
	    s3_describe(bucket->s3), skew_s);
}

static struct json_object *take_bucket(struct state_run *run,
    const struct capture_state_bucket *bucket, size_t *next_index)
{
	size_t workers = run->o->in_flight > 0 ? (size_t)run->o->in_flight
					       : DEFAULT_IN_FLIGHT;
	struct state_bucket_run b = {.run = run, .bucket = bucket};
	struct walk w = {
	    .bucket = &b,
	    .pool = pool_new(workers, workers),
	    .next_index = next_index,
	};
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;

	distinct_prefixes(bucket, &prefixes);
	if (!prefixes.len)
		take_prefix(&w, NULL);
	VEC_EACH (&prefixes, p)
		take_prefix(&w, *p);
	pool_free(w.pool);
	warn_of_clock(run, bucket);
	key_paths_done(&w.paths);
	free(w.key);
	struct json_object *summary = summary_of(&b);
	vec_done(&b.results);
	strvec_done(&b.held);
	return summary;
}

static void open_cache(struct state_run *run)
{
	struct err why = ERR_INIT;
	uint64_t max = run->o->cache_max_bytes ? run->o->cache_max_bytes
					       : DEFAULT_CACHE_BYTES;

	if (state_cache_open(&run->cache, run->env->state_dir, max, &why))
		capture_report_warning(run->report,
		    "terraform: all objects are downloaded, since the cache "
		    "cannot be used: %s",
		    why.message);
}

int capture_state(const struct capture_state_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err)
{
	struct state_run run = {
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
	for (size_t i = 0; i < o->bucket_count && !state_run_stopped(&run); i++)
		json_append(
		    buckets, take_bucket(&run, &o->buckets[i], &next_index));
	bool stopped = state_run_stopped(&run);
	if (!stopped)
		state_cache_sweep(&run.cache);
	state_cache_done(&run.cache);
	pthread_mutex_destroy(&run.lock);
	pthread_cond_destroy(&run.changed);
	/* Workers finish in any order; what is said keeps one. */
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
