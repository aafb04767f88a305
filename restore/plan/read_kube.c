#include "restore/plan/read_kube.h"

#include "restore/objects/exclude.h"
#include "restore/objects/object.h"
#include "restore/plan/door.h"
#include "restore/plan/layering.h"
#include "restore/plan/load.h"
#include "restore/plan/names.h"
#include "restore/plan/node.h"
#include "restore/plan/selection.h"
#include "storage/archive/contents.h"
#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

#define DEFINITIONS "customresourcedefinitions.apiextensions.k8s.io"

static int find_cluster(
    const struct plan_options *o, const char *name, uint16_t *cluster)
{
	for (size_t i = 0; i < o->cluster_count; i++)
		if (str_eq(o->clusters[i].name, name)) {
			*cluster = (uint16_t)i;
			return 0;
		}
	return -1;
}

static bool limits_layers(const struct plan_options *o)
{
	return o->only_layers && o->only_layers->len;
}

/* A patch may change any part of an object. */
static struct json_object *read_object(const struct plan_options *o,
    const struct contents_entry *e, struct err *err)
{
	return o->transforms && o->transforms->patch_count
		   ? door_object(o->tree, e, err)
		   : door_object_to_plan(o->tree, e, err);
}

static bool is_whole(const struct plan_options *o, uint16_t cluster)
{
	return selection_includes_all_of(
	    o->only_kubernetes, o->clusters[cluster].name);
}

/* A field that no rule knows to be a namespace's name keeps the old name, and
 * is reported: only the operator knows what it means. */
static void report_unmapped(
    struct plan_maker *m, const struct json_object *object)
{
	enum { PLACES = 3 };
	cleanup(strvec_done) struct strvec places = VEC_INIT;
	cleanup(buf_done) struct buf line = BUF_INIT;
	const struct plan_node *n = &m->p->nodes.items[m->current];

	if (n->action != PLAN_APPLY)
		return;
	transform_left(m->p->transform, object, &places);
	if (!places.len || m->named_elsewhere++ >= PLAN_NAMED_SHOWN)
		return;
	names_describe(m->p, n, &line);
	buf_add_str(&line, " still names a namespace that restore.namespaces "
			   "gives another name, at");
	for (size_t i = 0; i < places.len && i < PLACES; i++) {
		buf_add_str(&line, i ? ", " : " ");
		str_add_printable(
		    &line, places.items[i], strlen(places.items[i]));
	}
	if (places.len > PLACES) {
		buf_add_str(&line, " and ");
		str_add_count(
		    &line, places.len - PLACES, "more place", "more places");
	}
	buf_add_str(&line, "; restore.transforms can change it");
	*vec_add(&m->p->warnings) = buf_steal(&line);
}

/* Of most Services nobody chose any: those share one. */
static struct json_object *ports_of(
    struct plan *p, const struct contents_entry *e)
{
	struct json_object *ports = facts_get(e->facts, "nodePorts");

	if (!ports || json_len(ports))
		return ports;
	if (!p->no_ports)
		return p->no_ports = ports, json_share(ports);
	json_free(ports);
	return json_share(p->no_ports);
}

/* As it will be in the target. */
static int include_object(struct plan_maker *m, const struct contents_entry *e,
    uint16_t cluster, char *resource, struct json_object *object,
    bool companion, struct err *err)
{
	const struct plan_options *o = m->p->options;
	const struct exclude exclude = exclude_object(object, &m->exclude);
	uint16_t layer = layering_of_object(
	    m->p, cluster, object, !companion && !exclude.reason);
	cleanup(json_freep) struct json_object *ports = ports_of(m->p, e);
	autofree char *uid =
	    str_dup(json_str(json_path(object, "metadata", "uid", NULL)));
	bool is_known_namespace = uid && !strcmp(resource, "namespaces");
	autofree char *name =
	    str_dup(is_known_namespace ? object_name(object) : NULL);

	bool chosen = layering_includes(m->p, layer);

	/* What is chosen itself needs no company. */
	if (companion ? chosen && is_whole(o, cluster) : !chosen)
		return 0;
	if (transform_apply(m->p->transform, object, err))
		return err_wrap(err, "%s", e->path);
	if (load_check(object, e->path, err))
		return -1;
	char *dot = strchr(resource, '.');
	if (dot)
		*dot = '\0';
	const struct node_object made = {.cluster = cluster,
	    .path = tree_name(o->tree, e->path),
	    .resource = resource,
	    .uid = uid,
	    .exclude = exclude,
	    .layer = layer};
	if (node_add_object(m, &made, object, err))
		return -1;
	struct plan_node *n = &m->p->nodes.items[m->current];
	node_set_facts(n, ports);
	n->companion = companion;
	n->source = steal(name);
	n->fixed_address = facts_has(e->facts, "clusterIP");
	report_unmapped(m, object);
	return 0;
}

static bool includes_object(
    struct plan *p, const char *cluster, const struct json_object *object)
{
	autofree char *group = object_group(json_get_str(object, "apiVersion"));
	const struct selection_object o = {.cluster = cluster,
	    .ns = object_namespace(object),
	    .kind = json_get_str(object, "kind"),
	    .group = group,
	    .name = object_name(object)};

	return selection_includes_object(p, p->options->only_kubernetes, &o);
}

int read_kube_entry(
    struct plan_maker *m, const struct contents_entry *e, struct err *err)
{
	const struct plan_options *o = m->p->options;
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	uint16_t cluster;

	if (layout_object_split(e->path, &at, err))
		return -1;
	const char *ns = at.ns;
	const char *from = at.cluster;
	autofree char *full = str_printf("%s/%s", from, ns ? ns : "");
	if (o->without_kubernetes ||
	    !selection_includes_cluster(o->only_kubernetes, from)) {
		selection_includes(
		    m->p, "kubernetes", o->only_kubernetes, ns, full);
		return 0;
	}
	if (find_cluster(o, from, &cluster))
		return err_set(err, ERR_USAGE,
		    "the snapshot has objects of the cluster '%s', for which "
		    "no target is known: name it under "
		    "restore.targets.clusters",
		    from);
	cleanup(json_freep) struct json_object *object = read_object(o, e, err);
	if (!object)
		return -1;
	bool is_namespace =
	    !ns && str_eq(json_get_str(object, "kind"), "Namespace");
	if (is_namespace) {
		ns = object_name(object);
		free(full);
		full = str_printf("%s/%s", from, ns);
	}
	bool chosen = selection_includes(
	    m->p, "kubernetes", o->only_kubernetes, ns, full);
	if (!chosen && !includes_object(m->p, from, object) &&
	    !(is_namespace &&
		selection_needs_namespace(o->only_kubernetes, from, ns)))
		return 0;
	bool companion =
	    !chosen && is_namespace && !includes_object(m->p, from, object);
	return include_object(
	    m, e, cluster, at.resource, object, companion, err);
}

static bool is_used(
    const struct plan *p, uint16_t cluster, const char *group, const char *kind)
{
	VEC_EACH (&p->kinds, k)
		if ((*k)->cluster == cluster && str_eq((*k)->group, group) &&
		    str_eq((*k)->kind, kind))
			return true;
	return false;
}

int read_kube_definition(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct plan_maker *m = ctx;
	const struct plan_options *o = m->p->options;
	cleanup(layout_object_done) struct layout_object at = {.cluster = NULL};
	uint16_t cluster;

	if (!str_starts(e->path, "kubernetes/") ||
	    !strstr(e->path, "/cluster/" DEFINITIONS "/"))
		return 0;
	if (layout_object_split(e->path, &at, err))
		return -1;
	/* Of a cluster that is taken whole, all of them are there already. */
	if (find_cluster(o, at.cluster, &cluster) ||
	    (!limits_layers(o) && is_whole(o, cluster)))
		return 0;
	cleanup(json_freep) struct json_object *object = read_object(o, e, err);
	if (!object)
		return -1;
	const struct json_object *spec = json_get(object, "spec");
	if (!is_used(m->p, cluster, json_get_str(spec, "group"),
		json_str(json_path(spec, "names", "kind", NULL))))
		return 0;
	return include_object(m, e, cluster, at.resource, object, true, err);
}
