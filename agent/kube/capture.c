#include "agent/kube/capture.h"

#include "agent/kube/access.h"
#include "agent/kube/late.h"
#include "agent/kube/namespaces.h"
#include "agent/kube/patterns.h"
#include "agent/kube/pin.h"
#include "agent/kube/run.h"
#include "agent/kube/summary.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"
#include "storage/kube/unavailable.h"

#include <string.h>

/* ---- which resources ----------------------------------------------------- */

static void exclude_resource(struct capture_kube_run *r,
    const struct kube_resource *resource, const char *reason)
{
	*vec_add(&r->left_out) = (struct left_out_resource){
	    .resource = resource, .reason = reason, .objects = -1};
}

static bool is_wanted_reason(const char *reason)
{
	/* A resource that cannot be listed has no objects to capture, and one
	 * that the user excluded need not be reported. */
	return !str_eq(reason, "cannot be listed and read") &&
	       !str_eq(reason, "not selected");
}

static void plan_jobs(struct capture_kube_run *r)
{
	VEC_EACH (&r->api.resources, resource) {
		const char *reason =
		    kube_select_resource(&r->run.selection, resource);
		bool hold = false;
		if (!reason && !resource->namespaced)
			reason = kube_select_scope(
			    &r->run.selection, resource, &hold);
		if (reason && is_wanted_reason(reason))
			exclude_resource(r, resource, reason);
		else if (!reason)
			kube_job_init(
			    vec_add(&r->jobs), &r->run, resource, hold);
	}
}

/* ---- one cluster, and all ------------------------------------------------ */

static void move_missing(struct capture_report *to, struct capture_report *from)
{
	VEC_EACH (&from->missing, m)
		*vec_add(&to->missing) = *m;
	vec_done(&from->missing);
}

/* Moves what the jobs report into the report of the whole. */
static void merge(struct capture_kube_run *r)
{
	cleanup(capture_report_done) struct capture_report tolerated =
	    CAPTURE_REPORT_INIT;
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	VEC_EACH (&r->jobs, j) {
		r->report->items += j->objects;
		r->report->bytes += j->bytes;
		move_missing(r->report, &j->report);
		move_missing(&tolerated, &j->tolerated);
		VEC_EACH (&j->report.warnings, w)
			*vec_add(&r->report->warnings) = *w;
		vec_done(&j->report.warnings);
	}
	cleanup(json_freep) struct json_object *list =
	    capture_report_missing_list(&tolerated);
	missing_lines(list, &lines);
	VEC_EACH (&lines, line)
		capture_report_warning(r->report, "%s (tolerated)", *line);
}

/* What must be known before the first list, and can be asked at the same time.
 */
enum { RESOURCES, LABELS, NAMESPACES, SERVERS, IDENTITY, QUESTION_COUNT };

/* Discovery sends three requests at once; these make four. */
enum { ASKERS = 2 };

struct questions {
	struct capture_kube_run *r;
	struct err errs[QUESTION_COUNT];
	atomic_bool failed; /* one that the capture needs */
};

static void ask(void *ctx, size_t i)
{
	struct questions *q = ctx;
	struct capture_kube_run *r = q->r;
	struct kube_client *client = r->run.cluster->client;

	if (i == RESOURCES)
		kube_discovery_read(client, &r->api, &q->errs[i]);
	else if (i == LABELS)
		kube_patterns_check_labels(r, &q->errs[i]);
	else if (i == NAMESPACES)
		kube_namespaces_choose(r, &q->errs[i]);
	else if (i == SERVERS)
		kube_pin_ask(r);
	else if (!atomic_load(&q->failed)) /* without it, a restore reports that
					      it could not compare */
		r->uid = kube_discovery_cluster_uid(client, &q->errs[i]);
	if (i != IDENTITY && q->errs[i].code != ERR_NONE)
		atomic_store(&q->failed, true);
}

static int prepare(struct capture_kube_run *r, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	struct questions q = {.r = r};

	kube_client_set_stall_timeout(c->client, c->stall_timeout_ms);
	if (strchr(c->name, '/') || !file_path_is_safe(c->name))
		return err_set(err, ERR_USAGE,
		    "the cluster's name cannot be part of a path");
	pool_each(ASKERS, QUESTION_COUNT, ask, &q);
	for (size_t i = 0; i < IDENTITY; i++) {
		if (q.errs[i].code == ERR_NONE)
			continue;
		*err = q.errs[i];
		return -1;
	}
	kube_discovery_stored_versions(c->client, &r->api, NULL);
	VEC_EACH (&r->api.broken, broken) {
		autofree char *text = kube_unavailable_warning(broken);
		capture_report_warning(r->report, "%s: %s", c->name, text);
	}
	VEC_EACH (&r->api.unavailable, entry) {
		struct err why = ERR_INIT;
		err_set(&why, ERR_NETWORK, "%s", entry->why);
		capture_report_missing(r->report, &why, "%s: the API %s",
		    c->name, entry->group_version);
	}
	plan_jobs(r);
	kube_patterns_report(r);
	return 0;
}

/* Of custom resources whose definitions were not read. */
static void ask_stored_versions(struct capture_kube_run *r)
{
	cleanup(strvec_done) struct strvec unknown = VEC_INIT;

	VEC_EACH (&r->jobs, j) {
		const char *api_version = j->resource->api_version;
		if (j->objects &&
		    !kube_select_group_is_builtin(j->resource->group) &&
		    !kube_summary_storage_version(r, j->resource) &&
		    !strvec_has(&unknown, api_version))
			strvec_add(&unknown, api_version);
	}
	kube_discovery_stored_versions(
	    r->run.cluster->client, &r->api, &unknown);
}

static void init_run(struct capture_kube_run *r,
    const struct capture_kube_cluster *c, const struct capture_env *env,
    struct capture_report *report)
{
	*r = (struct capture_kube_run){
	    .run = {.cluster = c,
		.env = env,
		.selection = {.resources = c->resources,
		    .exclude_resources = c->exclude_resources,
		    .scope = c->cluster_scope,
		    .keep_useless = c->keep_useless}},
	    .report = report,
	    .api = KUBE_API_INIT,
	    .started_ms = clock_now_ms(env->clock)};
	kube_revision_init(&r->revision);
	r->run.revision = &r->revision;
}

/* False if the cluster is missing as a whole, as the report then says, or, with
 * the error, after a cancellation. */
static bool prepared(struct capture_kube_run *r, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	struct err why = ERR_INIT;

	if (prepare(r, &why) == 0)
		return true;
	if (why.code == ERR_CANCELLED) {
		*err = why;
		err_wrap(err, "%s", c->name);
	} else {
		capture_report_missing(
		    r->report, &why, "cluster '%s'", c->name);
	}
	return false;
}

static int capture_cluster(const struct capture_kube_cluster *c,
    const struct capture_env *env, struct capture_report *report, size_t *lane,
    struct json_object *clusters, struct err *err)
{
	cleanup(kube_run_done) struct capture_kube_run r;

	init_run(&r, c, env, report);
	if (prepared(&r, err)) {
		if (kube_run_jobs(&r, lane, err))
			return -1;
		ask_stored_versions(&r);
		kube_late_report(&r);
		kube_pin_report(&r);
		kube_patterns_report_labels(&r);
		merge(&r);
	} else if (err->code == ERR_CANCELLED) {
		return -1;
	}
	json_append(clusters, kube_summary_json(&r));
	return 0;
}

static struct json_object *kinds(const struct capture_kube_run *r)
{
	struct json_object *all = json_new_array();

	VEC_EACH (&r->jobs, j) {
		struct json_object *row = json_new_object();

		json_set_str(row, "resource", j->resource->key);
		json_set_str(row, "kind", j->resource->kind);
		json_append(all, row);
	}
	return all;
}

int capture_kube_check(const struct capture_kube_cluster *c,
    const struct capture_env *env, struct capture_report *report,
    struct err *err)
{
	cleanup(kube_run_done) struct capture_kube_run r;

	init_run(&r, c, env, report);
	if (prepared(&r, err)) {
		kube_access_review(&r);
		if (cancel_check(env->cancel, err))
			return -1;
		merge(&r);
	} else if (err->code == ERR_CANCELLED) {
		return -1;
	}
	report->summary = kube_summary_json(&r);
	json_set(report->summary, "resources", kinds(&r));
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
