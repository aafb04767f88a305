#include "agent/kube/patterns.h"

#include "storage/base/cleanup.h"
#include "storage/base/closest.h"
#include "storage/base/mem.h"
#include "storage/base/percent.h"

#include <string.h>

/* The closest of what could have been named. */
static const char *meant(const struct capture_kube_run *r, const char *pattern)
{
	const struct kube_resource_vec *all = &r->api.resources;
	autofree const char **words =
	    mem_zalloc((2 * all->len + 1) * sizeof(*words));
	size_t n = 0;

	VEC_EACH (all, resource) {
		if (!resource->listable)
			continue;
		if (kube_api_is_called(resource, pattern))
			return resource->key;
		words[n++] = resource->key;
		words[n++] = resource->name;
	}
	return closest_word(pattern, words);
}

static bool is_captured(const struct capture_kube_run *r, const char *pattern)
{
	VEC_EACH (&r->jobs, j)
		if (kube_select_fits(pattern, j->resource))
			return true;
	return false;
}

/* Why the resources that match are excluded, or NULL if none matches. */
static const char *why_not(
    const struct capture_kube_run *r, const char *pattern)
{
	VEC_EACH (&r->left_out, l)
		if (kube_select_fits(pattern, l->resource))
			return l->reason;
	VEC_EACH (&r->api.resources, resource)
		if (kube_select_fits(pattern, resource))
			return resource->listable
				   ? "excluded by the configuration"
				   : "its objects cannot be listed and read";
	return NULL;
}

static void report_unfit(
    struct capture_kube_run *r, const char *key, const char *pattern)
{
	autofree char *hint =
	    closest_hint("", str_is_glob(pattern) ? NULL : meant(r, pattern));

	capture_report_warning(r->report,
	    "%s: %s: no resource of the cluster fits '%s'%s",
	    r->run.cluster->name, key, pattern, hint);
}

static void report_missing(struct capture_kube_run *r, const char *name)
{
	autofree char *hint = closest_hint("", meant(r, name));
	struct err err = ERR_INIT;

	err_set(
	    &err, ERR_NOT_FOUND, "the cluster serves no such resource%s", hint);
	capture_report_missing(
	    r->report, &err, "%s: resource '%s'", r->run.cluster->name, name);
}

static void report_wanted(struct capture_kube_run *r, const char *pattern)
{
	const char *reason = why_not(r, pattern);

	if (is_captured(r, pattern))
		return;
	if (reason)
		capture_report_warning(r->report,
		    "%s: resources: '%s' is left out all the same: %s",
		    r->run.cluster->name, pattern, reason);
	else if (str_is_glob(pattern))
		report_unfit(r, "resources", pattern);
	else
		report_missing(r, pattern);
}

static void report_others(
    struct capture_kube_run *r, const char *key, const struct strvec *patterns)
{
	for (size_t i = 0; patterns && i < patterns->len; i++)
		if (!why_not(r, patterns->items[i]))
			report_unfit(r, key, patterns->items[i]);
}

void kube_patterns_report(struct capture_kube_run *r)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	size_t missing = r->report->missing.len;
	struct err err = ERR_INIT;

	for (size_t i = 0; c->resources && i < c->resources->len; i++)
		report_wanted(r, c->resources->items[i]);
	report_others(r, "exclude_resources", c->exclude_resources);
	report_others(r, "tolerate_forbidden", c->tolerate_forbidden);
	if (r->jobs.len || r->report->missing.len > missing)
		return;
	err_set(&err, ERR_NOT_FOUND,
	    "resources, exclude_resources and cluster_scope leave nothing to "
	    "capture");
	capture_report_missing(r->report, &err, "cluster '%s'", c->name);
}

int kube_patterns_check_labels(
    const struct capture_kube_run *r, struct err *err)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf query = BUF_INIT;
	struct kube_request request = {.path = "/api/v1/namespaces"};
	struct err why = ERR_INIT;

	if (!c->labels || !*c->labels)
		return 0;
	buf_add_str(&query, "limit=1&labelSelector=");
	percent_add(&query, c->labels, strlen(c->labels), "");
	request.query = buf_str(&query);
	if (kube_client_send(c->client, &request, &answer, &why) == 0 ||
	    why.code != ERR_FORMAT)
		return 0;
	*err = why;
	return err_wrap(err, "labels '%s'", c->labels);
}

void kube_patterns_report_labels(struct capture_kube_run *r)
{
	const struct capture_kube_cluster *c = r->run.cluster;

	if (!c->labels || !*c->labels || !r->run.namespaces.len)
		return;
	VEC_EACH (&r->jobs, j)
		if (j->resource->namespaced &&
		    (j->objects || j->report.missing.len))
			return;
	capture_report_warning(r->report,
	    "%s: labels: no object in the namespaces fits '%s'", c->name,
	    c->labels);
}
