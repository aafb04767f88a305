#include "restore/plan/node.h"

#include "restore/objects/object.h"
#include "restore/plan/held.h"
#include "restore/plan/kinds.h"
#include "restore/plan/names.h"
#include "restore/plan/twin.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"

#include <string.h>

struct plan_node *node_add(struct plan_maker *m, enum plan_node_kind kind,
    const char *key, size_t name_len, const char *path, int16_t rank)
{
	struct plan *p = m->p;
	struct plan_node *n = vec_add(&p->nodes);

	n->kind = kind;
	n->name = key + strlen(key) - name_len;
	n->path = path;
	m->current = graph_add(&p->graph, key, rank);
	return n;
}

void node_set_facts(struct plan_node *n, struct json_object *facts)
{
	if (facts && !n->facts)
		n->facts = json_share(facts);
}

static uint32_t keep_text(struct plan_maker *m, int cluster,
    const struct reference *r, const char *ns)
{
	size_t at = m->pending.texts.len;

	names_add(&m->pending.texts, cluster, r->group, r->kind, ns, r->name);
	return pending_keep(&m->pending, at);
}

static void add_need(void *ctx, const struct reference *r)
{
	struct plan_maker *m = ctx;
	uint16_t cluster = m->p->nodes.items[m->current].cluster;
	bool aliased = str_eq(r->group, "@");

	struct pending_reference pending = {
	    .node = m->current,
	    .key = keep_text(m, cluster, r, r->namespace),
	    .strength = r->strength,
	    .ready = r->ready,
	    .reason = r->reason,
	    .backend =
		r->ready && *r->group == '\0' && str_eq(r->kind, "Service"),
	};
	if (r->namespace && !aliased) {
		pending.alternative = keep_text(m, cluster, r, NULL);
	} else if (aliased && str_eq(r->kind, "Definition")) {
		/* Or a server that brings all kinds of the group. */
		autofree char *all =
		    str_printf("%.*s/*", (int)strcspn(r->name, "/"), r->name);
		struct reference of_group = *r;
		of_group.name = all;
		if (!str_eq(all, "/*"))
			pending.alternative =
			    keep_text(m, cluster, &of_group, NULL);
	}
	*vec_add(&m->pending.references) = pending;
}

static void add_provided(void *ctx, const struct reference *r)
{
	struct plan_maker *m = ctx;

	names_provide(m->p, m->current, m->p->nodes.items[m->current].cluster,
	    r->group, r->kind, r->namespace, r->name);
}

static void add_selected(void *ctx, const struct reference *r)
{
	struct plan_maker *m = ctx;
	uint16_t cluster = m->p->nodes.items[m->current].cluster;

	*vec_add(&m->pending.selectors) = (struct pending_reference){
	    .node = m->current,
	    .key = keep_text(m, cluster, r, r->namespace),
	    .strength = r->strength,
	    .reason = r->reason,
	};
}

static void add_owners(
    struct plan_maker *m, uint16_t cluster, const struct json_object *object)
{
	const struct json_object *owners =
	    json_path(object, "metadata", "ownerReferences", NULL);

	for (size_t i = 0; i < json_len(owners); i++) {
		const struct json_object *owner = json_at(owners, i);
		const char *uid = json_get_str(owner, "uid");
		cleanup(object_identity_done) struct object_identity id =
		    object_identity(owner);

		if (!uid)
			continue;
		struct pending_reference pending = {
		    .node = m->current,
		    .key = (uint32_t)m->pending.texts.len,
		    .strength = EDGE_OWNER,
		    .reason = "owner",
		    .made = exclude_is_made_kind(id.group, id.kind),
		};
		names_add_uid(&m->pending.texts, cluster, uid);
		buf_add_char(&m->pending.texts, '\0');
		*vec_add(&m->pending.references) = pending;
	}
}

static void add_condition(
    struct plan_maker *m, uint16_t cluster, const struct json_object *object)
{
	const struct exclude_condition c =
	    exclude_condition(object, &m->exclude);

	if (!c.kind)
		return;
	*vec_add(&m->pending.conditions) = (struct pending_condition){
	    .node = m->current,
	    .key = (uint32_t)m->pending.texts.len,
	    .sources = c.sources,
	    .reason = c.reason,
	};
	names_add(&m->pending.texts, cluster, "@", c.kind, c.namespace, c.name);
	buf_add_char(&m->pending.texts, '\0');
}

int node_add_object(struct plan_maker *m, const struct node_object *o,
    struct json_object *object, struct err *err)
{
	struct plan *p = m->p;
	uint16_t cluster = o->cluster;
	const char *ns =
	    json_str(json_path(object, "metadata", "namespace", NULL));
	const struct plan_kind *k =
	    kinds_find(p, cluster, json_get_str(object, "apiVersion"),
		json_get_str(object, "kind"), o->resource, ns != NULL);
	const char *name =
	    json_str(json_path(object, "metadata", "name", NULL));
	struct exclude exclude = o->exclude;
	const struct plan_node *twin =
	    exclude.reason ? NULL : twin_find(p, cluster, k, ns, name);
	bool elsewhere = twin && twin->cluster != cluster;
	if (twin && !elsewhere) {
		if (!str_eq(k->kind, "Namespace") || *k->group)
			return err_set(err, ERR_USAGE,
			    "%s and %s become one object, %s %s%s%s; map them "
			    "apart (restore.namespaces, restore.transforms)",
			    twin->path, o->path, k->kind, ns ? ns : "",
			    ns ? "/" : "", name);
		exclude.reason =
		    "another namespace of the snapshot becomes this one";
	}
	/* The nodes move when one is added. */
	size_t twin_at = elsewhere ? (size_t)(twin - p->nodes.items) : 0;
	const char *key = names_provide(
	    p, (uint32_t)p->nodes.len, cluster, k->group, k->kind, ns, name);
	struct plan_node *n =
	    node_add(m, PLAN_KUBE, key, strlen(name), o->path, k->rank);

	n->k = k;
	n->namespace = names_namespace(p, ns);
	n->cluster = cluster;
	n->layer = o->layer;
	if (o->uid) {
		cleanup(buf_done) struct buf uid = BUF_INIT;
		names_add_uid(&uid, cluster, o->uid);
		index_add(p->names, buf_str(&uid), m->current);
	}
	if (exclude.reason) {
		n->action = PLAN_EXCLUDE;
		n->reason = str_dup(exclude.reason);
		n->with_owned = exclude.with_owned;
		return 0;
	}
	held_note(p, n, object);
	if (elsewhere &&
	    twin_meet(p, m->current, (uint32_t)twin_at, object, err))
		return -1;
	if (n->action != PLAN_APPLY)
		return 0;
	if (str_eq(k->kind, "CustomResourceDefinition"))
		kinds_define(&m->definitions, cluster, object);
	if (p->options->renamed)
		renamed_check(p->options->renamed, object);
	references_needs(&m->references, object, add_need, m);
	references_provides(object, add_provided, m);
	references_selects(object, add_selected, m);
	add_condition(m, cluster, object);
	add_owners(m, cluster, object);
	return 0;
}
