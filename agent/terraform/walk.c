/* Reads the lists of a bucket and makes a job for each object that is wanted,
 * in the order of the archive. */
#include "agent/terraform/walk.h"

#include "agent/terraform/job.h"
#include "agent/terraform/object.h"
#include "agent/terraform/run.h"
#include "storage/archive/key_path.h"
#include "storage/archive/lane.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_IN_FLIGHT = 16,
	LARGE_AT_ONCE = 2, /* each of which uses several connections */
	AHEAD =
	    2048, /* jobs that may wait until those before them are archived */
};

/* The state of one bucket while its lists are read. */
struct walk {
	struct terraform_bucket_run *bucket;
	struct pool *small; /* get */
	struct pool *large;
	struct pool *archiver; /* one thread, so that the order is kept */
	size_t *next_index;
	struct key_paths paths;
	uint64_t current; /* objects to capture below this prefix */
	char *key;	  /* whose versions are counted */
	int version;	  /* how many of them there were */
};

static bool fits(const struct capture_state_bucket *b, const char *key)
{
	if (b->include && b->include->len && !str_glob_any(b->include, key))
		return false;
	return !b->exclude || !str_glob_any(b->exclude, key);
}

/* Whether a lock is reported depends on whether its state is wanted. */
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

/* Versions come newest first; the current one counts as one of the N. */
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

	layout_state_path(s3_bucket(w->bucket->bucket->s3), o->key,
	    older ? o->version_id : NULL, &w->paths, &path);
	return buf_steal(&path);
}

/* Large objects have a pool of their own, so that small ones need not wait for
 * them. Those that do not fit into the cache are numbered. */
static struct pool *getter_of(struct walk *w, struct terraform_job *j)
{
	struct terraform_run *run = w->bucket->run;

	if (!j->path || j->object.size <= run->small_bytes)
		return w->small;
	j->fills_scratch =
	    !run->cache.dir || j->object.size > run->cache.max_bytes;
	if (j->fills_scratch)
		j->scratch_number = run->scratch_files++;
	return w->large;
}

/* The object passes to the job. */
static void submit(struct walk *w, struct s3_object *o)
{
	struct terraform_run *run = w->bucket->run;
	struct terraform_job *j = mem_new(struct terraform_job);

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
	/* The current version is read by its key, so that the version of that
	 * moment is captured. */
	if (!j->older) {
		free(j->object.version_id);
		j->object.version_id = NULL;
	}
	pool_submit(getter_of(w, j), terraform_object_get, j);
	pool_submit(w->archiver, terraform_object_archive, j);
}

static bool skip(struct walk *w, const struct s3_object *o)
{
	return !is_wanted(w->bucket->bucket, o) || is_too_old(w, o) ||
	       (!o->latest && str_ends(o->key, ".tflock"));
}

static int add_page(struct walk *w, struct s3_list *l, struct err *err)
{
	cleanup(s3_objects_done) struct s3_object_vec page = VEC_INIT;
	struct terraform_run *run = w->bucket->run;

	if (s3_list_page(w->bucket->bucket->s3, l, &page, NULL, err))
		return -1;
	pthread_mutex_lock(&run->lock);
	w->bucket->listed += page.len;
	pthread_mutex_unlock(&run->lock);
	VEC_EACH (&page, o) {
		if (terraform_run_stopped(run))
			return 0;
		if (skip(w, o))
			continue;
		w->current += o->latest && !str_ends(o->key, ".tflock");
		submit(w, o);
	}
	return 0;
}

/* S3 reports no error for a mistyped prefix or pattern, and the backup would be
 * empty. */
static void warn_if_nothing(struct walk *w, const char *prefix,
    uint64_t listed_before, size_t objects_before)
{
	struct terraform_run *run = w->bucket->run;
	const char *bucket = s3_bucket(w->bucket->bucket->s3);
	uint64_t listed = w->bucket->listed - listed_before;

	if (*w->next_index > objects_before)
		return;
	pthread_mutex_lock(&run->lock);
	if (!listed)
		capture_report_warning(run->report,
		    "'s3://%s/%s' is empty: there is no object to capture, "
		    "and Terraform would begin each state there anew",
		    bucket, prefix ? prefix : "");
	else
		capture_report_warning(run->report,
		    "of the %llu objects of 's3://%s/%s' none is captured: "
		    "they are locks, or 'include' and 'exclude' leave them out",
		    (unsigned long long)listed, bucket, prefix ? prefix : "");
	pthread_mutex_unlock(&run->lock);
}

static void add_prefix(struct walk *w, const char *prefix)
{
	struct terraform_run *run = w->bucket->run;
	uint64_t listed_before = w->bucket->listed;
	size_t objects_before = *w->next_index;
	bool is_below = prefix && *prefix;
	struct err why = ERR_INIT;
	cleanup(s3_list_done) struct s3_list l = {
	    .prefix = prefix,
	    .versions = w->bucket->bucket->versions > 1,
	};

	w->current = 0;
	while (!l.ended && !terraform_run_stopped(run)) {
		if (!add_page(w, &l, &why))
			continue;
		if (why.code == ERR_CANCELLED)
			return terraform_run_fatal(run, &why);
		pthread_mutex_lock(&run->lock);
		capture_report_missing(run->report, &why,
		    "objects of bucket '%s'%s%s%s%s",
		    s3_bucket(w->bucket->bucket->s3),
		    is_below ? " under '" : "", is_below ? prefix : "",
		    is_below ? "'" : "",
		    l.token ? ", from the middle of the list" : "");
		pthread_mutex_unlock(&run->lock);
		return;
	}
	if (terraform_run_stopped(run))
		return;
	json_set_int(
	    w->bucket->prefixes, prefix ? prefix : "", (int64_t)w->current);
	warn_if_nothing(w, prefix, listed_before, objects_before);
}

/* Sorted, without those that lie in another: then keys come in order, and each
 * once. */
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

void terraform_walk(struct terraform_bucket_run *b, size_t *next_index)
{
	const struct capture_state_options *o = b->run->o;
	size_t workers =
	    o->in_flight > 0 ? (size_t)o->in_flight : DEFAULT_IN_FLIGHT;
	struct walk w = {
	    .bucket = b,
	    .small = pool_new(workers, AHEAD),
	    .large = pool_new(LARGE_AT_ONCE, AHEAD),
	    .archiver = pool_new(1, AHEAD),
	    .next_index = next_index,
	};
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;

	distinct_prefixes(b->bucket, &prefixes);
	if (!prefixes.len)
		add_prefix(&w, NULL);
	VEC_EACH (&prefixes, p)
		add_prefix(&w, *p);
	pool_free(w.archiver);
	pool_free(w.large);
	pool_free(w.small);
	key_paths_done(&w.paths);
	free(w.key);
}
