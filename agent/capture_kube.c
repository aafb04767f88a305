#include "agent/capture_kube.h"

#include "agent/capture_kube_job.h"
#include "agent/capture_kube_summary.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/kube/object.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LISTS_AT_ONCE = 4 };

/* ---- which namespaces ---------------------------------------------------- */

struct names {
	struct strvec all;
	struct kube_item item;
};

static int take_name(void *ctx, const char *text, size_t len, struct err *err)
{
	struct names *n = ctx;

	if (kube_item_read(&n->item, text, len, NULL, NULL, err) ||
	    kube_name_check(buf_str(&n->item.name), n->item.name.len, err))
		return -1;
	strvec_add(&n->all, buf_str(&n->item.name));
	return 0;
}

static int forget_names(void *ctx, struct err *err)
{
	struct names *n = ctx;

	(void)err;
	strvec_done(&n->all);
	return 0;
}

static bool is_pattern(const char *s)
{
	return strpbrk(s, "*?") != NULL;
}

/* Without the right to list namespaces, those that are named plainly. */
static int take_named(
    struct capture_kube_run *r, const struct err *why, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	bool plain = c->namespaces && c->namespaces->len &&
		     !(c->namespace_labels && *c->namespace_labels);

	for (size_t i = 0; plain && i < c->namespaces->len; i++)
		plain = !is_pattern(c->namespaces->items[i]);
	if (!plain) {
		*err = *why;
		return err_wrap(err,
		    "which namespaces there are (name them without globs and "
		    "labels where listing them is not allowed)");
	}
	VEC_EACH (c->namespaces, ns) {
		if (kube_select_namespace(NULL, c->exclude_namespaces, *ns) &&
		    !strvec_has(&r->run.namespaces, *ns))
			strvec_add(&r->run.namespaces, *ns);
	}
	strvec_sort(&r->run.namespaces);
	capture_report_warning(r->report,
	    "%s: namespaces cannot be listed (%s): those named in the "
	    "configuration are taken as they are",
	    c->name, why->message);
	return 0;
}

static void tell_absent(struct capture_kube_run *r, const struct names *there)
{
	const struct capture_kube_cluster *c = r->run.cluster;

	for (size_t i = 0; c->namespaces && i < c->namespaces->len; i++) {
		const char *ns = c->namespaces->items[i];
		struct err err = ERR_INIT;
		if (is_pattern(ns) || strvec_has(&there->all, ns))
			continue;
		err_set(&err, ERR_NOT_FOUND,
		    c->namespace_labels && *c->namespace_labels
			? "there is no such namespace with the labels '%s'"
			: "there is no such namespace%s",
		    c->namespace_labels ? c->namespace_labels : "");
		capture_report_missing(
		    r->report, &err, "%s: namespace '%s'", c->name, ns);
	}
}

static int list_namespaces(struct capture_kube_run *r, const char *labels,
    struct names *names, struct err *err)
{
	struct kube_list_result result = {.resource_version = NULL};
	struct kube_list_options o = {.path = "/api/v1/namespaces",
	    .labels = labels,
	    .caps = {.item_bytes = 16 << 20, .page_bytes = 1 << 30},
	    .clock = r->run.env->clock,
	    .on_item = take_name,
	    .on_restart = forget_names,
	    .ctx = names};

	int failed = kube_list(r->run.cluster->client, &o, &result, err);
	kube_list_result_done(&result);
	kube_item_done(&names->item);
	return failed;
}

static int choose_namespaces(struct capture_kube_run *r, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	struct names names = {.all = VEC_INIT};
	struct err why = ERR_INIT;
	size_t chosen = 0;

	if (list_namespaces(r, c->namespace_labels, &names, &why)) {
		strvec_done(&names.all);
		if (why.code != ERR_DENIED) {
			*err = why;
			return err_wrap(err, "which namespaces there are");
		}
		return take_named(r, &why, err);
	}
	VEC_EACH (&names.all, ns) {
		if (!kube_select_namespace(
			c->namespaces, c->exclude_namespaces, *ns))
			continue;
		strvec_add(&r->run.namespaces, *ns);
		chosen++;
	}
	strvec_sort(&r->run.namespaces);
	tell_absent(r, &names);
	/* Labels hide how many there are: most are hardly labelled so. */
	r->run.wide = chosen * 2 >= names.all.len &&
		      !(c->namespace_labels && *c->namespace_labels);
	strvec_done(&names.all);
	return 0;
}

/* ---- which resources ----------------------------------------------------- */

static void leave_out(struct capture_kube_run *r,
    const struct kube_resource *resource, const char *reason)
{
	*vec_add(&r->left_out) = (struct left_out_resource){
	    .resource = resource, .reason = reason, .objects = -1};
}

static void add_job(
    struct capture_kube_run *r, const struct kube_resource *resource, bool hold)
{
	kube_job_init(vec_add(&r->jobs), &r->run, resource, hold);
}

/* A resource of cluster scope: NULL where it is in, else why not. */
static const char *scope_reason(const struct capture_kube_run *r,
    const struct kube_resource *resource, bool *hold)
{
	enum kube_scope scope = r->run.selection.scope;

	*hold = false;
	/* A captured namespace comes with its labels and annotations. */
	if (scope == KUBE_SCOPE_ALL || str_eq(resource->key, "namespaces"))
		return NULL;
	if (scope == KUBE_SCOPE_NONE)
		return "cluster_scope is none";
	*hold = kube_refs_is_chosen(resource);
	if (*hold || !kube_group_is_builtin(resource->group) ||
	    str_starts(resource->name, "validatingadmissionpolic") ||
	    str_starts(resource->name, "mutatingadmissionpolic"))
		return NULL;
	return "not of a kind that captured objects need";
}

static bool is_wanted_reason(const char *reason)
{
	/* What cannot be listed has no objects, and what the user did not ask
	 * for is no news. */
	return !str_eq(reason, "cannot be listed and read") &&
	       !str_eq(reason, "not selected");
}

/* Those that go straight into the archive first: the others hold up the
 * lanes behind them. */
static void plan_jobs(struct capture_kube_run *r)
{
	struct kube_resource_vec held = VEC_INIT;

	VEC_EACH (&r->api.resources, resource) {
		const char *reason =
		    kube_select_resource(&r->run.selection, resource);
		bool hold = false;
		if (!reason && !resource->namespaced)
			reason = scope_reason(r, resource, &hold);
		if (reason && is_wanted_reason(reason))
			leave_out(r, resource, reason);
		else if (!reason && hold)
			*vec_add(&held) = *resource; /* shallow, as an index */
		else if (!reason)
			add_job(r, resource, false);
	}
	VEC_EACH (&held, resource)
		add_job(r, kube_api_by_key(&r->api, resource->key), true);
	vec_done(&held);
}

/* ---- running them -------------------------------------------------------- */

/* Lanes are committed by a thread of their own: a list that is done does not
 * keep a connection idle while an earlier one is still being read. */
struct committer {
	struct capture_kube_run *r;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool *ready; /* by index of the job */
	struct err failed;
};

static void *commit_lanes(void *arg)
{
	struct committer *c = arg;
	struct kube_job_vec *jobs = &c->r->jobs;

	for (size_t i = 0; i < jobs->len; i++) {
		struct kube_job *j = &jobs->items[i];
		struct err err = ERR_INIT;
		pthread_mutex_lock(&c->lock);
		while (!c->ready[i])
			pthread_cond_wait(&c->changed, &c->lock);
		bool failed = c->failed.code != ERR_NONE;
		pthread_mutex_unlock(&c->lock);
		if (!failed && !j->fatal.code &&
		    archive_lane_commit(j->lane, &err)) {
			pthread_mutex_lock(&c->lock);
			c->failed = err;
			pthread_mutex_unlock(&c->lock);
			atomic_store(&c->r->stop, true);
		}
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

	if (!atomic_load(&r->stop))
		kube_job_run(j);
	else
		err_set(&j->fatal, ERR_CANCELLED, "another part failed");
	if (j->fatal.code)
		atomic_store(&r->stop, true);
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

/* Which of the held objects the captured ones need: in an order in which
 * whatever refers comes before what it refers to; roles until no more are
 * gathered by others. */
static int choose_held(struct capture_kube_run *r, struct err *err)
{
	cleanup(kube_refs_done) struct kube_refs refs = KUBE_REFS_INIT;
	struct kube_refs_question q = {.namespaces = &r->run.namespaces,
	    .has_objects = has_objects,
	    .ctx = r};

	VEC_EACH (&r->jobs, j)
		kube_refs_merge(&refs, &j->refs);
	kube_refs_sort(&refs);
	for (size_t i = 0; kube_refs_chosen(i); i++) {
		VEC_EACH (&r->jobs, j) {
			bool changed = j->hold && str_eq(j->resource->key,
						      kube_refs_chosen(i));
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
	struct err err = ERR_INIT;
	bool failed = atomic_load(&r->stop) || choose_held(r, &err);

	for (size_t i = 0; i < r->jobs.len; i++) {
		struct kube_job *j = &r->jobs.items[i];
		if (!j->hold)
			continue;
		failed = failed || kube_job_release(j, &err);
		if (failed && !j->fatal.code) {
			if (!err.code)
				err_set(
				    &err, ERR_CANCELLED, "another part failed");
			j->fatal = err;
		}
		set_ready(c, i);
	}
}

/* Objects that a left-out resource has, by a list of one. */
static void count_left_out(struct capture_kube_run *r, size_t i)
{
	struct left_out_resource *l = &r->left_out.items[i];
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *path = kube_path(
	    l->resource->api_version, l->resource->name, NULL, NULL, NULL);
	struct kube_request request = {
	    .path = path, .query = "limit=1", .max_attempts = 1};
	struct err ignored = ERR_INIT; /* the number is for people */

	if (atomic_load(&r->stop) ||
	    kube_send(r->run.cluster->client, &request, &answer, &ignored))
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

	if (i < jobs)
		run_job(running, i);
	else
		count_left_out(running->r, i - jobs);
}

static int run_jobs(struct capture_kube_run *r, size_t *lane, struct err *err)
{
	const struct capture_kube_cluster *cluster = r->run.cluster;
	struct committer c = {.r = r};
	struct running running = {.r = r, .committer = &c};
	size_t at_once = cluster->lists_at_once ? cluster->lists_at_once
						: DEFAULT_LISTS_AT_ONCE;

	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.changed, NULL);
	c.ready = mem_zalloc(r->jobs.len + 1);
	VEC_EACH (&r->jobs, j)
		j->lane = archive_lane_open(
		    r->run.env->writer, RANK_KUBERNETES, (*lane)++);
	if (pthread_create(&c.thread, NULL, commit_lanes, &c))
		abort();
	pool_each(at_once, r->jobs.len + r->left_out.len, work, &running);
	release_held(r, &c);
	pthread_join(c.thread, NULL);
	pthread_cond_destroy(&c.changed);
	pthread_mutex_destroy(&c.lock);
	free(c.ready);
	if (c.failed.code) {
		*err = c.failed;
		return -1;
	}
	VEC_EACH (&r->jobs, j) {
		if (!j->fatal.code)
			continue;
		*err = j->fatal;
		return err_wrap(err, "%s: %s", cluster->name, j->resource->key);
	}
	return 0;
}

/* ---- one cluster, and all ------------------------------------------------ */

static void run_done(struct capture_kube_run *r)
{
	VEC_EACH (&r->jobs, j)
		kube_job_done(j);
	vec_done(&r->jobs);
	vec_done(&r->left_out);
	strvec_done(&r->run.namespaces);
	kube_api_done(&r->api);
}

/* Moves what a job has to say to the report of the whole. */
static void merge(struct capture_report *to, struct kube_job *j)
{
	to->items += j->objects;
	to->bytes += j->bytes;
	VEC_EACH (&j->report.missing, m)
		*vec_add(&to->missing) = *m;
	vec_done(&j->report.missing);
	VEC_EACH (&j->report.warnings, w)
		*vec_add(&to->warnings) = *w;
	vec_done(&j->report.warnings);
}

static int prepare(struct capture_kube_run *r, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;

	kube_client_set_stall_timeout(c->client, c->stall_timeout_ms);
	if (strchr(c->name, '/') || !file_path_is_safe(c->name))
		return err_set(err, ERR_USAGE,
		    "the cluster's name cannot be part of a path");
	if (kube_discover(c->client, &r->api, err) || choose_namespaces(r, err))
		return -1;
	VEC_EACH (&r->api.warnings, w)
		capture_report_warning(r->report, "%s: %s", c->name, *w);
	plan_jobs(r);
	return 0;
}

static int capture_cluster(const struct capture_kube_cluster *c,
    const struct capture_env *env, struct capture_report *report, size_t *lane,
    struct json_object *clusters, struct err *err)
{
	cleanup(run_done) struct capture_kube_run r = {
	    .run = {.cluster = c,
		.env = env,
		.selection = {.resources = c->resources,
		    .exclude_resources = c->exclude_resources,
		    .scope = c->cluster_scope,
		    .keep_useless = c->keep_useless}},
	    .report = report,
	    .api = KUBE_API_INIT};
	struct err why = ERR_INIT;

	r.started_ms = clock_now_ms(env->clock);
	if (prepare(&r, &why)) {
		if (why.code == ERR_CANCELLED) {
			*err = why;
			return err_wrap(err, "%s", c->name);
		}
		capture_report_missing(report, &why, "cluster '%s'", c->name);
		json_append(clusters, capture_kube_summary(&r));
		return 0;
	}
	if (run_jobs(&r, lane, err))
		return -1;
	VEC_EACH (&r.jobs, j)
		merge(report, j);
	json_append(clusters, capture_kube_summary(&r));
	return 0;
}

int capture_kube(const struct capture_kube_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err)
{
	struct json_object *clusters = json_new_array();
	size_t lane = 0;

	report->summary = json_new_object();
	json_set(report->summary, "clusters", clusters);
	for (size_t i = 0; i < o->cluster_count; i++)
		if (capture_cluster(
			&o->clusters[i], env, report, &lane, clusters, err))
			return -1;
	return 0;
}
