#include "restore/plan/prune.h"

#include "restore/objects/exclude.h"
#include "restore/objects/object.h"
#include "restore/plan/kinds.h"
#include "restore/plan/list.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/closest.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"
#include "storage/kube/path.h"
#include "storage/kube/select.h"

#include <string.h>

struct prune {
	struct plan *p;
	uint16_t cluster;
	const struct kube_resource *resource; /* being listed */
};

/* An object that its owner excludes from backups is in no snapshot. */
static bool is_excluded(const struct json_object *meta)
{
	return str_eq(json_get_str(
			  json_get(meta, "annotations"), KUBE_EXCLUDE_MARK),
		   "true") ||
	       str_eq(json_get_str(json_get(meta, "labels"), KUBE_EXCLUDE_MARK),
		   "true");
}

static void add_pruned(void *ctx, struct json_object *item)
{
	struct prune *l = ctx;
	struct plan *p = l->p;
	const struct kube_resource *r = l->resource;
	const struct json_object *meta = json_get(item, "metadata");
	const char *name = json_get_str(meta, "name");
	const char *ns = json_get_str(meta, "namespace");
	const struct json_object *owners = json_get(meta, "ownerReferences");
	cleanup(buf_done) struct buf key = BUF_INIT;

	if (!name || !ns || object_is_terminating(item))
		return;
	/* Items of a list have no apiVersion and kind. */
	json_set_str(item, "apiVersion", r->api_version);
	json_set_str(item, "kind", r->kind);
	names_add(&key, l->cluster, r->group, r->kind, ns, name);
	if (index_first(p->names, buf_str(&key)) != INDEX_END)
		return;
	const struct exclude_options all = {.rules = p->options->rules};
	/* What a controller creates is deleted with its owner, or comes
	 * back. */
	for (size_t i = 0; i < json_len(owners); i++)
		if (json_truth(
			json_get(json_at(owners, i), "controller"), false))
			return;
	if (exclude_object(item, &all).reason ||
	    rules_kind_fits("Endpoints.core", r->group, r->kind) ||
	    is_excluded(meta))
		return;
	*vec_add(&p->prune) = (struct plan_prune){
	    .k = kinds_find(
		p, l->cluster, r->api_version, r->kind, r->name, true),
	    .namespace = str_dup(ns),
	    .name = str_dup(name),
	    .uid = str_dup(json_get_str(meta, "uid")),
	    .cluster = l->cluster,
	};
}

/* Whether the snapshot would have objects of that kind if there had been any:
 * what was left out of it, or could not be read, is not known to be gone. */
static bool was_captured(
    const struct plan_cluster *c, const struct kube_resource *r)
{
	const struct json_object *taken = json_get(c->summary, "resources");
	const struct json_object *refused = json_get(c->summary, "forbidden");
	bool known = false;

	if (json_get_str(c->summary, "labels"))
		return false;
	for (size_t i = 0; i < json_len(taken); i++)
		known |=
		    str_eq(json_get_str(json_at(taken, i), "resource"), r->key);
	for (size_t i = 0; i < json_len(refused); i++)
		known &= !str_eq(
		    json_get_str(json_at(refused, i), "resource"), r->key);
	return known;
}

/* The same of a namespace: --only, and the configuration of the agent, leave
 * namespaces out. */
static bool is_planned(const struct prune *l, const char *ns)
{
	VEC_EACH (&l->p->nodes, n)
		if (n->kind == PLAN_KUBE && n->cluster == l->cluster &&
		    str_eq(n->namespace ? n->namespace : n->name, ns))
			return true;
	return false;
}

static void spare(struct prune *l, const char *what)
{
	char *text = str_printf(
	    "prune: %s is left alone: the snapshot, as far as it is restored, "
	    "was taken without it",
	    what);

	*vec_add(&l->p->warnings) = text;
}

static int report_unknown(
    const struct kube_api *api, const char *pattern, struct err *err)
{
	autofree char *meant = NULL;

	VEC_EACH (&api->resources, r)
		if (!meant && r->namespaced && kube_api_is_called(r, pattern))
			meant = str_printf(
			    "%s%s%s", r->kind, *r->group ? "." : "", r->group);
	autofree char *hint = closest_hint("", meant);
	return err_set(err, ERR_USAGE,
	    "prune: the target serves no kind '%s' with a namespace; write it "
	    "as Kind.group%s",
	    pattern, hint);
}

int prune_find(struct plan *p, uint16_t cluster, struct err *err)
{
	struct prune pruning = {.p = p, .cluster = cluster};
	struct prune *l = &pruning;
	const struct kube_api *api = &p->apis[cluster];
	const struct plan_options *o = p->options;
	struct kube_client *c = o->clusters[l->cluster].client;

	for (size_t i = 0; o->prune_kinds && i < o->prune_namespaces->len; i++)
		if (!is_planned(l, o->prune_namespaces->items[i]))
			spare(l, o->prune_namespaces->items[i]);
	for (size_t i = 0; o->prune_kinds && i < o->prune_kinds->len; i++) {
		const char *pattern = o->prune_kinds->items[i];
		bool known = false;

		VEC_EACH (&api->resources, r) {
			if (!r->namespaced || !r->listable ||
			    !strvec_has(&r->verbs, "delete") ||
			    !rules_kind_fits(pattern, r->group, r->kind))
				continue;
			known = true;
			if (!was_captured(&o->clusters[l->cluster], r)) {
				if (!str_is_glob(pattern))
					spare(l, pattern);
				continue;
			}
			l->resource = r;
			VEC_EACH (o->prune_namespaces, ns) {
				autofree char *path = kube_path(
				    r->api_version, r->name, *ns, NULL, NULL);
				if (!is_planned(l, *ns))
					continue;
				if (list_all(
					c, path, o->clock, add_pruned, l, err))
					return err_wrap(err, "prune");
			}
		}
		if (!known)
			return report_unknown(api, pattern, err);
	}
	return 0;
}
