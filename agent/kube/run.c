#include "agent/kube/run.h"

#include "agent/kube/order.h"
#include "storage/archive/lane.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/kube/path.h"

#include <pthread.h>
#include <stdlib.h>

enum { DEFAULT_LISTS_AT_ONCE = 4 };

/* Lanes are committed by a thread of their own, so that a list that is complete
 * does not keep a connection idle while an earlier one is still being read. */
struct committer {
	struct capture_kube_run *r;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool *ready;	     /* by index of the job */
	const size_t *order; /* of the jobs, by kube_order */
};

/* A failure of one list affects that list alone, as long as the archive accepts
 * the others. */
static void fail(
    struct capture_kube_run *r, struct kube_job *j, const struct err *err)
{
	j->fatal = *err;
	if (err->code == ERR_CANCELLED ||
	    archive_writer_is_spoilt(r->run.env->writer))
		atomic_store(&r->stop, true);
}

static void *commit_lanes(void *arg)
{
	struct committer *c = arg;
	struct kube_job_vec *jobs = &c->r->jobs;

	for (size_t n = 0; n < jobs->len; n++) {
		size_t i = c->order[n];
		struct kube_job *j = &jobs->items[i];
		struct err err = ERR_INIT;
		pthread_mutex_lock(&c->lock);
		while (!c->ready[i])
			pthread_cond_wait(&c->changed, &c->lock);
		pthread_mutex_unlock(&c->lock);
		if (!j->fatal.code && archive_lane_commit(j->lane, &err))
			fail(c->r, j, &err);
		archive_lane_free(steal(j->lane));
	}
	return NULL;
}

static void set_ready(struct committer *c, size_t i)
{
	pthread_mutex_lock(&c->lock);
	c->ready[i] = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

struct running {
	struct capture_kube_run *r;
	struct committer *committer;
};

static void run_job(const struct running *running, size_t i)
{
	struct capture_kube_run *r = running->r;
	struct kube_job *j = &r->jobs.items[i];
	const struct capture_env *env = r->run.env;
	struct err err = ERR_INIT;

	if (!atomic_load(&r->stop))
		kube_job_run(j);
	else
		err_set(&j->fatal, ERR_CANCELLED, "another part failed");
	err = j->fatal;
	if (err.code || (!j->hold && archive_lane_end(j->lane, &err)))
		fail(r, j, &err);
	uint64_t done = atomic_fetch_add(&r->done, 1) + 1;
	if (env->progress)
		env->progress(
		    env->progress_ctx, j->resource->key, done, r->jobs.len);
	if (!j->hold)
		set_ready(running->committer, i);
}

static bool has_objects(void *ctx, const char *key)
{
	const struct capture_kube_run *r = ctx;

	VEC_EACH (&r->jobs, j) {
		if (str_eq(j->resource->key, key))
			return j->objects > 0;
	}
	return false;
}

/* Decides which of the held objects the captured ones need, in an order in
 * which whatever refers comes before what it refers to. Roles are decided
 * repeatedly, until no more are aggregated by others. */
static int choose_held(struct capture_kube_run *r, struct err *err)
{
	cleanup(kube_refs_done) struct kube_refs refs = KUBE_REFS_INIT;
	struct kube_refs_question q = {.namespaces = &r->run.namespaces,
	    .has_objects = has_objects,
	    .ctx = r};

	VEC_EACH (&r->jobs, j)
		kube_refs_merge(&refs, &j->refs);
	kube_refs_sort(&refs);
	for (size_t i = 0; kube_select_referenced(i); i++) {
		VEC_EACH (&r->jobs, j) {
			bool changed =
			    j->hold &&
			    str_eq(j->resource->key, kube_select_referenced(i));
			while (changed) {
				changed = false;
				if (kube_job_choose(
					j, &refs, &q, &changed, err))
					return -1;
			}
		}
	}
	return 0;
}

static void release_held(struct capture_kube_run *r, struct committer *c)
{
	struct err unknown = ERR_INIT; /* which of them are needed */

	if (atomic_load(&r->stop))
		err_set(&unknown, ERR_CANCELLED, "another part failed");
	else
		(void)choose_held(r, &unknown);
	for (size_t i = 0; i < r->jobs.len; i++) {
		struct kube_job *j = &r->jobs.items[i];
		struct err err = unknown;
		if (!j->hold)
			continue;
		if (!j->fatal.code && (err.code || kube_job_release(j, &err)))
			fail(r, j, &err);
		set_ready(c, i);
	}
}

/* Counts the objects of an excluded resource with a list of one object. */
static void count_left_out(struct capture_kube_run *r, size_t i)
{
	struct left_out_resource *l = &r->left_out.items[i];
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *path = kube_path(
	    l->resource->api_version, l->resource->name, NULL, NULL, NULL);
	struct kube_request request = {
	    .path = path, .query = "limit=1", .max_attempts = 3};
	struct err ignored = ERR_INIT; /* the number is only for people */

	if (atomic_load(&r->stop) || kube_client_send(r->run.cluster->client,
					 &request, &answer, &ignored))
		return;
	cleanup(json_freep) struct json_object *list =
	    json_parse(buf_str(&answer.body), answer.body.len, &ignored);
	if (list)
		l->objects = (int64_t)json_len(json_get(list, "items")) +
			     json_int(json_path(list, "metadata",
					  "remainingItemCount", NULL),
				 0);
}

static void work(void *ctx, size_t i)
{
	const struct running *running = ctx;
	size_t jobs = running->r->jobs.len;

	kube_in_flight_enter(&running->r->in_flight);
	if (i < jobs)
		run_job(running, running->committer->order[i]);
	else
		count_left_out(running->r, i - jobs);
	kube_in_flight_leave(&running->r->in_flight);
}

size_t kube_run_lists_at_once(const struct capture_kube_run *r)
{
	size_t n = r->run.cluster->lists_at_once;

	return n ? n : DEFAULT_LISTS_AT_ONCE;
}

/* -1 if the run cannot go on, with the first cause and not what followed from
 * it: jobs begin in their order, so one that was stopped by another comes after
 * that. */
static int settle(struct capture_kube_run *r, struct err *err)
{
	bool spoilt = archive_writer_is_spoilt(r->run.env->writer);
	const struct kube_job *first = NULL;

	VEC_EACH (&r->jobs, j) {
		bool stopped = j->fatal.code == ERR_CANCELLED;
		if (!j->fatal.code)
			continue;
		if (!spoilt && !stopped)
			kube_job_lose(j);
		else if (!first ||
			 (first->fatal.code == ERR_CANCELLED && !stopped))
			first = j;
	}
	if (!first)
		return 0;
	*err = first->fatal;
	return err_wrap(
	    err, "%s: %s", r->run.cluster->name, first->resource->key);
}

int kube_run_jobs(struct capture_kube_run *r, size_t *lane, struct err *err)
{
	struct committer c = {.r = r};
	struct running running = {.r = r, .committer = &c};
	size_t at_once = kube_run_lists_at_once(r);
	autofree size_t *order = mem_zalloc((r->jobs.len + 1) * sizeof(*order));

	kube_order(&r->jobs, order);
	c.order = order;
	r->in_flight.most = at_once;
	atomic_store(&r->in_flight.kept, r->jobs.len + r->left_out.len);
	r->run.in_flight = &r->in_flight;
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.changed, NULL);
	c.ready = mem_zalloc(r->jobs.len + 1);
	for (size_t i = 0; i < r->jobs.len; i++)
		r->jobs.items[order[i]].lane = archive_lane_open(
		    r->run.env->writer, RANK_KUBERNETES, (*lane)++);
	if (pthread_create(&c.thread, NULL, commit_lanes, &c))
		abort();
	pool_each(at_once, r->jobs.len + r->left_out.len, work, &running);
	release_held(r, &c);
	pthread_join(c.thread, NULL);
	pthread_cond_destroy(&c.changed);
	pthread_mutex_destroy(&c.lock);
	free(c.ready);
	return settle(r, err);
}

void kube_run_done(struct capture_kube_run *r)
{
	VEC_EACH (&r->jobs, j)
		kube_job_done(j);
	vec_done(&r->jobs);
	vec_done(&r->left_out);
	strvec_done(&r->marked);
	strvec_done(&r->run.namespaces);
	strvec_done(&r->run.elsewhere);
	kube_revision_done(&r->revision);
	kube_api_done(&r->api);
	free(r->uid);
}
