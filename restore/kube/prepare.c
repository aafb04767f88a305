#include "restore/kube/prepare.h"

#include "restore/kube/quiesce.h"
#include "restore/kube/relink.h"
#include "restore/objects/rules.h"
#include "restore/objects/sanitize.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/path.h"

#include <string.h>

void prepared_done(struct prepared *o)
{
	json_free(o->object);
	json_free(o->status);
	free(o->collection);
	free(o->path);
}

static bool status_is_ruled(
    const struct plan *p, const struct plan_kind *k, struct json_object *object)
{
	for (const struct rule_status *r = rules_statuses; r->system; r++)
		if (rules_used(p->options->without_rules, r->system) &&
		    rules_kind_fits(r->kind, k->group, k->kind) &&
		    rules_has(object, r->where))
			return true;
	return false;
}

/* What a gate waits for is not true because it was so elsewhere, and where the
 * object is there its own conditions are to stay. */
static void drop_readiness(
    const struct plan *p, const struct plan_kind *k, struct json_object *status)
{
	if (json_kind(status) != JSON_OBJECT)
		return;
	for (const struct rule_ready *r = rules_readies; r->system; r++)
		if (rules_used(p->options->without_rules, r->system) &&
		    rules_kind_fits(r->kind, k->group, k->kind))
			json_remove(status, "conditions");
	if (str_eq(k->group, "apps")) {
		json_remove(status, "readyReplicas");
		json_remove(status, "numberReady");
	}
}

/* Kinds whose status is the API server's own word. */
static bool has_own_status(const struct plan_kind *k)
{
	return str_eq(k->group, "apiextensions.k8s.io") ||
	       str_eq(k->group, "apiregistration.k8s.io") ||
	       (*k->group == '\0' && str_eq(k->kind, "Namespace"));
}

/* An object whose creation was under way when it was captured is one that
 * Crossplane will not touch before somebody has looked at it. */
static void note_pending(
    const struct json_object *object, struct outcome *outcome)
{
	const struct json_object *notes =
	    json_path(object, "metadata", "annotations", NULL);
	const char *pending =
	    json_get_str(notes, "crossplane.io/external-create-pending");
	const char *ended =
	    json_get_str(notes, "crossplane.io/external-create-succeeded");
	const char *failed =
	    json_get_str(notes, "crossplane.io/external-create-failed");
	int64_t pending_s, ended_s = 0, failed_s = 0;

	if (!pending || clock_parse_rfc3339(pending, &pending_s))
		return;
	if (ended && clock_parse_rfc3339(ended, &ended_s))
		return;
	if (failed && clock_parse_rfc3339(failed, &failed_s))
		return;
	if (pending_s > ended_s && pending_s > failed_s)
		outcome_note(outcome,
		    "its creation was under way when it was captured: "
		    "Crossplane waits until crossplane.io/external-create-"
		    "pending is removed by hand");
}

int prepare_object(struct applier *a, uint32_t node, struct prepared *out,
    struct outcome *outcome, struct err *err)
{
	const struct plan *p = a->run->p;
	const struct plan_node *n = &p->nodes.items[node];
	const struct plan_kind *k = n->k;
	out->object = plan_load(p, n, err);
	if (!out->object)
		return -1;
	bool ruled = status_is_ruled(p, k, out->object);
	struct json_object *status = json_get(out->object, "status");
	if (status && k->has_status && !has_own_status(k) &&
	    (ruled || p->options->status))
		out->status = json_share(status);
	drop_readiness(p, k, out->status);
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *node_ports =
	    n->facts ? json_parse(n->facts, strlen(n->facts), &ignored) : NULL;
	struct sanitize_options clean = {
	    .volume_restored = n->volume_restored,
	    .keep_status = !k->has_status,
	    .node_ports = node_ports,
	};
	sanitize_object(out->object, &clean);
	if (!k->namespaced &&
	    json_kind(json_get(out->object, "metadata")) == JSON_OBJECT)
		json_remove(json_get(out->object, "metadata"), "namespace");
	relink_owners(a, node, out->object, outcome);
	note_pending(out->object, outcome);
	out->pause = quiesce_rule(p, k, out->object);
	out->collection =
	    kube_path(k->api_version, k->resource, n->namespace, NULL, NULL);
	out->path =
	    kube_path(k->api_version, k->resource, n->namespace, n->name, NULL);
	return 0;
}
