#include "restore/apply_parts.h"
#include "restore/sanitize.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/discovery.h"

void apply_object_done(struct apply_object *o)
{
	json_free(o->object);
	json_free(o->status);
	free(o->collection);
	free(o->path);
}

static bool status_is_ruled(const struct plan *p, const struct plan_kind *k)
{
	for (const struct rule_status *r = rules_statuses; r->system; r++)
		if (rules_used(p->options->without_rules, r->system) &&
		    rules_kind_fits(r->kind, k->group, k->kind))
			return true;
	return false;
}

/* The UID that an owner outside the snapshot has now; the caller frees. */
static char *look_up_owner(
    struct apply *a, const struct plan_node *n, const struct json_object *owner)
{
	const char *version = json_get_str(owner, "apiVersion");
	const char *kind = json_get_str(owner, "kind");
	const char *name = json_get_str(owner, "name");
	struct err ignored = ERR_INIT;

	if (!version || !kind || !name)
		return NULL;
	const struct kube_resource *r =
	    kube_api_by_kind(&a->p->apis[n->cluster], version, kind);
	if (!r)
		return NULL;
	autofree char *path = kube_path(r->api_version, r->name,
	    r->namespaced ? n->namespace : NULL, name, NULL);
	cleanup(json_freep) struct json_object *live =
	    apply_get(a, n->cluster, path, &ignored);
	return str_dup(json_str(json_path(live, "metadata", "uid", NULL)));
}

/* Gives an owner reference the UID of the owner as it is now; false where
 * there is none. */
static bool relink(
    struct apply *a, const struct plan_node *n, struct json_object *owner)
{
	const char *old = json_get_str(owner, "uid");
	const struct plan_node *known =
	    old ? plan_by_uid(a->p, n->cluster, old) : NULL;

	if (known && known->kind == PLAN_KUBE) {
		json_set_str(owner, "apiVersion", known->k->api_version);
		json_set_str(owner, "name", known->name);
	}
	if (known && known->live_uid) {
		json_set_str(owner, "uid", known->live_uid);
		return true;
	}
	autofree char *uid = look_up_owner(a, n, owner);
	if (uid)
		json_set_str(owner, "uid", uid);
	return uid != NULL;
}

static void relink_all(struct apply *a, const struct plan_node *n,
    struct json_object *object, struct outcome *outcome)
{
	struct json_object *meta = json_get(object, "metadata");
	struct json_object *owners = json_get(meta, "ownerReferences");

	for (size_t i = json_len(owners); i-- > 0;) {
		struct json_object *owner = json_at(owners, i);
		const char *kind = json_get_str(owner, "kind");
		const char *name = json_get_str(owner, "name");

		if (relink(a, n, owner))
			continue;
		outcome_note(outcome,
		    "its owner %s %s is not there: the reference was left out",
		    kind ? kind : "", name ? name : "");
		json_remove_at(owners, i);
	}
	if (owners && json_len(owners) == 0)
		json_remove(meta, "ownerReferences");
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

int apply_prepare(struct apply *a, uint32_t node, struct apply_object *out,
    struct outcome *outcome, struct err *err)
{
	const struct plan *p = a->p;
	const struct plan_node *n = &p->nodes.items[node];
	const struct plan_kind *k = n->k;
	bool ruled = status_is_ruled(p, k);

	out->object = plan_load(p, n, err);
	if (!out->object)
		return -1;
	struct json_object *status = json_get(out->object, "status");
	if (status && k->has_status && (ruled || p->options->status))
		out->status = json_share(status);
	struct sanitize_options clean = {
	    .volume_restored = n->volume_restored,
	    .keep_status = ruled && !k->has_status,
	};
	sanitize_object(out->object, &clean);
	if (!k->namespaced &&
	    json_kind(json_get(out->object, "metadata")) == JSON_OBJECT)
		json_remove(json_get(out->object, "metadata"), "namespace");
	relink_all(a, n, out->object, outcome);
	note_pending(out->object, outcome);
	out->pause = quiesce_rule(p, k, out->object);
	out->collection =
	    kube_path(k->api_version, k->resource, n->namespace, NULL, NULL);
	out->path =
	    kube_path(k->api_version, k->resource, n->namespace, n->name, NULL);
	return 0;
}
