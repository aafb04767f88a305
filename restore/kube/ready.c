#include "restore/kube/ready.h"

#include "restore/kube/send.h"
#include "restore/objects/rules.h"
#include "restore/plan/names.h"
#include "storage/base/backoff.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/path.h"

#include <string.h>

enum { POLL_MS = 50, POLL_MAX_MS = 1000 };

/* What one check of an object finds. */
enum verdict { READY, NOT_YET, NEVER };

struct gate {
	struct applier *a;
	const struct plan_node *n;
	char *path;
	bool for_pods; /* whether to wait for its pods */
	char *detail;  /* what the last check found, or NULL */
};

/* NULL: there is nothing to say. */
static void set_detail(struct gate *g, const char *text)
{
	free(g->detail);
	g->detail = str_dup(text);
}

static const struct json_object *condition(
    const struct json_object *object, const char *type)
{
	const struct json_object *all =
	    json_path(object, "status", "conditions", NULL);

	for (size_t i = 0; i < json_len(all); i++)
		if (str_eq(json_get_str(json_at(all, i), "type"), type))
			return json_at(all, i);
	return NULL;
}

static enum verdict check_condition(
    struct gate *g, const struct json_object *object, const char *type)
{
	const struct json_object *c = condition(object, type);
	const char *status = json_get_str(c, "status");
	const char *message = json_get_str(c, "message");

	if (str_eq(status, "True"))
		return READY;
	free(g->detail);
	g->detail = str_printf("%s is %s%s%s", type, status ? status : "unset",
	    message ? ": " : "", message ? message : "");
	return NOT_YET;
}

/* Discovery of its version lists the kind: requests for it are served. */
static enum verdict check_served(struct gate *g, const struct json_object *crd)
{
	const struct json_object *spec = json_get(crd, "spec");
	const char *group = json_get_str(spec, "group");
	const char *plural = json_str(json_path(spec, "names", "plural", NULL));
	const struct json_object *versions = json_get(spec, "versions");
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < json_len(versions); i++) {
		const struct json_object *v = json_at(versions, i);
		bool found = false;

		if (!json_truth(json_get(v, "served"), false))
			continue;
		autofree char *path = str_printf(
		    "/apis/%s/%s", group ? group : "", json_get_str(v, "name"));
		cleanup(json_freep) struct json_object *list =
		    send_get(g->a, g->n->cluster, path, &ignored);
		const struct json_object *resources =
		    json_get(list, "resources");
		for (size_t k = 0; k < json_len(resources); k++)
			found |=
			    str_eq(json_get_str(json_at(resources, k), "name"),
				plural);
		if (!found) {
			set_detail(g, "Established, but not in discovery yet");
			return NOT_YET;
		}
	}
	return READY;
}

static enum verdict check_definition(
    struct gate *g, const struct json_object *crd)
{
	const struct json_object *names = condition(crd, "NamesAccepted");
	const char *message = json_get_str(names, "message");

	if (str_eq(json_get_str(names, "status"), "False")) {
		free(g->detail);
		g->detail = str_printf("its names are not accepted: %s",
		    message ? message : "they are taken");
		return NEVER;
	}
	if (check_condition(g, crd, "Established") != READY)
		return NOT_YET;
	return check_served(g, crd);
}

static enum verdict check_namespace(
    struct gate *g, const struct json_object *ns)
{
	if (str_eq(json_str(json_path(ns, "status", "phase", NULL)), "Active"))
		return READY;
	set_detail(g, "it is not Active");
	return NOT_YET;
}

static bool has_address(const struct json_object *endpoints)
{
	const struct json_object *subsets = json_get(endpoints, "subsets");

	for (size_t i = 0; i < json_len(subsets); i++)
		if (json_len(json_get(json_at(subsets, i), "addresses")))
			return true;
	return false;
}

static enum verdict check_service(
    struct gate *g, const struct json_object *service)
{
	const struct json_object *spec = json_get(service, "spec");
	struct err err = ERR_INIT;

	if (str_eq(json_get_str(spec, "type"), "ExternalName"))
		return READY;
	autofree char *path =
	    kube_path("v1", "endpoints", g->n->namespace, g->n->name, NULL);
	cleanup(json_freep) struct json_object *endpoints =
	    send_get(g->a, g->n->cluster, path, &err);
	if (has_address(endpoints))
		return READY;
	if (!g->for_pods && json_len(json_get(spec, "selector"))) {
		set_detail(g,
		    "no ready endpoints, and the cluster runs no pods that "
		    "could become them");
		return NEVER;
	}
	set_detail(g, "no ready endpoints");
	return NOT_YET;
}

static enum verdict check_counts(
    struct gate *g, const struct json_object *object)
{
	const struct json_object *status = json_get(object, "status");
	bool set = str_eq(g->n->k->kind, "DaemonSet");
	int64_t wanted =
	    set ? json_get_int(status, "desiredNumberScheduled", 1)
		: json_int(json_path(object, "spec", "replicas", NULL), 1);
	int64_t ready =
	    json_get_int(status, set ? "numberReady" : "readyReplicas", 0);

	if (ready >= wanted)
		return READY;
	free(g->detail);
	g->detail = str_printf(
	    "%lld of %lld pods are ready", (long long)ready, (long long)wanted);
	return NOT_YET;
}

static enum verdict check_rules(
    struct gate *g, const struct json_object *object)
{
	const struct plan_kind *k = g->n->k;
	const struct plan_options *o = g->a->run->p->options;
	const struct rule_ready *r;
	size_t at = 0;

	while ((r = ruleset_ready(o->rules, k->group, k->kind, &at))) {
		if (r->runs_pods && !g->for_pods) {
			set_detail(
			    g, "not waited for: the cluster runs no pods");
			continue;
		}
		if (check_condition(g, object, r->condition) != READY)
			return NOT_YET;
	}
	return READY;
}

static enum verdict check(struct gate *g)
{
	const struct plan_kind *k = g->n->k;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    send_get(g->a, g->n->cluster, g->path, &err);

	set_detail(g, NULL);
	if (!object) {
		set_detail(g, err.message);
		return err.code == ERR_DENIED ? NEVER : NOT_YET;
	}
	if (json_path(object, "metadata", "deletionTimestamp", NULL)) {
		set_detail(g, "it is being deleted");
		return NOT_YET;
	}
	if (str_eq(k->kind, "CustomResourceDefinition"))
		return check_definition(g, object);
	if (str_eq(k->kind, "Namespace") && !*k->group)
		return check_namespace(g, object);
	if (g->a->gates == APPLIER_GATES_NEVER)
		return READY;
	if (str_eq(k->kind, "Service") && !*k->group)
		return check_service(g, object);
	if (g->for_pods && str_eq(k->group, "apps") &&
	    (str_eq(k->kind, "StatefulSet") || str_eq(k->kind, "DaemonSet")))
		return check_counts(g, object);
	return check_rules(g, object);
}

/* A cluster runs pods if some node is ready to. */
static bool runs_pods(struct applier *a, uint16_t cluster)
{
	struct target *c = &a->targets[cluster];
	struct err ignored = ERR_INIT;

	if (a->gates != APPLIER_GATES_AUTO)
		return a->gates == APPLIER_GATES_ALWAYS;
	pthread_mutex_lock(&c->lock);
	if (!c->pods_known) {
		cleanup(json_freep) struct json_object *nodes =
		    send_get(a, cluster, "/api/v1/nodes", &ignored);
		const struct json_object *items = json_get(nodes, "items");

		/* If nodes may not be read, the safe assumption is that pods
		 * run. */
		c->runs_pods = nodes == NULL;
		for (size_t i = 0; i < json_len(items); i++)
			c->runs_pods |= str_eq(
			    json_get_str(condition(json_at(items, i), "Ready"),
				"status"),
			    "True");
		c->pods_known = true;
	}
	pthread_mutex_unlock(&c->lock);
	return c->runs_pods;
}

static void report_gate(struct gate *g, bool passed, int64_t took_ms)
{
	struct applier *a = g->a;
	struct buf what = BUF_INIT;

	names_describe(a->run->p, g->n, &what);
	pthread_mutex_lock(&a->run->lock);
	struct report_gate *gate = vec_add(&a->run->report->gates);
	gate->what = buf_steal(&what);
	gate->passed = passed;
	gate->detail = str_printf("%s%s%lld ms", g->detail ? g->detail : "",
	    g->detail ? "; " : "", (long long)took_ms);
	pthread_mutex_unlock(&a->run->lock);
}

static enum gate_state wait_for(struct applier *a, uint32_t node)
{
	const struct plan_node *n = &a->run->p->nodes.items[node];
	int64_t start = run_ticks_ms(a->run);
	struct backoff wait = backoff_start(run_clock(a->run), POLL_MS,
	    POLL_MAX_MS, run_gate_timeout_ms(a->run));
	struct gate g = {.a = a,
	    .n = n,
	    .path = kube_path(
		n->k->api_version, n->k->resource, n->namespace, n->name, NULL),
	    .for_pods = runs_pods(a, n->cluster)};
	enum verdict verdict;

	do
		verdict = check(&g);
	while (verdict == NOT_YET && !run_must_stop(a->run) &&
	       backoff_wait(&wait));
	/* A restore that is stopped reports that itself. */
	if (verdict != NOT_YET || !run_must_stop(a->run))
		report_gate(&g, verdict == READY, run_ticks_ms(a->run) - start);
	free(g.path);
	free(g.detail);
	return verdict == READY ? GATE_PASSED : GATE_FAILED;
}

enum gate_state ready_wait(struct applier *a, uint32_t node)
{
	/* What is not made will not become ready. */
	return run_is_dry(a->run, node) ? GATE_PASSED : wait_for(a, node);
}
