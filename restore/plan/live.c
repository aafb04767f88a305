#include "restore/plan/live.h"

#include "restore/plan/held.h"
#include "restore/plan/list.h"
#include "restore/plan/names.h"
#include "restore/plan/prune.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"
#include "storage/kube/path.h"

#include <string.h>

enum { WIDE = 4 }; /* namespaces; more are listed in one go */

struct live {
	struct plan *p;
	uint16_t cluster;
	const struct plan_kind *k;
	/* Namespaces that exist and are not being deleted: name to 1. */
	struct index *namespaces;
	bool is_source; /* an object of the snapshot is alive here */
	char *source_name;
	struct json_object *unseen; /* lists, as a manifest has missing */
};

static void mark(struct live *l, const char *group, const char *kind,
    const struct list_item *item)
{
	struct plan *p = l->p;
	cleanup(buf_done) struct buf key = BUF_INIT;

	/* An object that is being deleted will have to be created again. */
	if (item->terminates)
		return;
	names_add(&key, l->cluster, group, kind, item->namespace, item->name);
	for (uint32_t it = index_first(p->names, buf_str(&key));
	     it != INDEX_END; it = index_next(p->names, it)) {
		struct plan_node *n =
		    &p->nodes.items[index_value(p->names, it)];

		if (n->kind != PLAN_KUBE || n->exists)
			continue;
		n->exists = true;
		n->live_uid = str_dup(item->uid);
	}
}

static void add_namespace(void *ctx, const struct list_item *item)
{
	struct live *l = ctx;

	if (item->uid && names_by_uid(l->p, l->cluster, item->uid)) {
		l->is_source = true;
		free(l->source_name);
		l->source_name = str_dup(item->name);
	}
	mark(l, "", "Namespace", item);
	if (!item->terminates)
		index_add(l->namespaces, item->name, 1);
}

static void mark_object(void *ctx, const struct list_item *item)
{
	struct live *l = ctx;

	mark(l, l->k->group, l->k->kind, item);
}

static bool stays(const struct live *l, const char *ns)
{
	return index_first(l->namespaces, ns) != INDEX_END;
}

static void note_unseen(struct live *l, const char *ns, const struct err *err)
{
	const char *cluster = l->p->options->clusters[l->cluster].name;
	autofree char *resource = str_printf(
	    "%s%s%s", l->k->resource, *l->k->group ? "." : "", l->k->group);
	autofree char *what = str_printf("%s: %s%s%s%s", cluster, resource,
	    ns ? " in '" : "", ns ? ns : "", ns ? "'" : "");
	cleanup(json_freep) struct json_object *refused =
	    err->code == ERR_DENIED ? missing_refused(cluster, resource, ns)
				    : NULL;
	json_append(l->unseen, missing_entry(what, err->message, refused));
}

/* If a list is refused, each object is asked for when it is applied. */
static bool mark_listed(struct live *l, struct plan_kind *k, const char *ns)
{
	struct kube_client *c = l->p->options->clusters[l->cluster].client;
	autofree char *path =
	    kube_path(k->api_version, k->resource, ns, NULL, NULL);
	struct err err = ERR_INIT;

	l->k = k;
	if (list_metadata(
		c, path, l->p->options->clock, mark_object, l, &err) == 0)
		return true;
	note_unseen(l, ns, &err);
	return false;
}

static void report_unseen(struct live *l)
{
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	missing_lines(l->unseen, &lines);
	VEC_EACH (&lines, line)
		*vec_add(&l->p->warnings) =
		    str_printf("what is there already is not known: %s", *line);
}

static void mark_kind(struct live *l, struct plan_kind *k)
{
	struct plan *p = l->p;
	VEC_DEFINE(, const char *) there = VEC_INIT;
	bool chosen = false;

	VEC_EACH (&p->nodes, n) {
		bool known = !n->namespace || n->k != k;

		chosen |= n->k == k && !(n->companion && n->reason);
		for (size_t i = there.len; i-- > 0 && !known;)
			known = there.items[i] == n->namespace;
		if (!known && !n->namespace_is_new)
			*vec_add(&there) = n->namespace;
	}
	k->asked = chosen;
	if (chosen && (!k->namespaced || there.len > WIDE))
		k->asked = mark_listed(l, k, NULL);
	else
		VEC_EACH (&there, ns)
			k->asked &= mark_listed(l, k, *ns);
	vec_done(&there);
}

/* Whether the target is the source cluster, by their UIDs. If one of the two is
 * not known, the UIDs of namespaces decide, and the operator is warned. */
static void compare_uids(struct live *l)
{
	struct plan *p = l->p;
	const struct plan_cluster *c = &p->options->clusters[l->cluster];
	struct err err = ERR_INIT;
	autofree char *uid = NULL;

	if (!c->source_uid)
		err_set(&err, ERR_NOT_FOUND,
		    "the snapshot does not say which cluster it is of (the "
		    "agent may not read the namespace kube-system)");
	else
		uid = kube_discovery_cluster_uid(c->client, &err);
	if (uid)
		l->is_source = str_eq(uid, c->source_uid);
	else
		*vec_add(&p->warnings) = str_printf(
		    "%s: whether the target is its source is known by the "
		    "UIDs of the snapshot's namespaces alone: %s",
		    c->name, err.message);
}

static int guard(struct live *l, struct err *err)
{
	const struct plan_cluster *c = &l->p->options->clusters[l->cluster];

	if (c->same_cluster)
		return 0;
	if (!l->is_source)
		compare_uids(l);
	if (!l->is_source)
		return 0;
	return err_set(err, ERR_USAGE,
	    "the target of '%s' (%s) is the cluster that the snapshot was "
	    "taken from%s%s%s; say --same-cluster to restore into it",
	    c->name, kube_client_server(c->client),
	    l->source_name ? ": the namespace '" : "",
	    l->source_name ? l->source_name : "",
	    l->source_name ? "' is the very same" : "");
}

/* A controller that cannot be read is taken for one that is at work. */
static void find_at_work(struct live *l)
{
	struct plan *p = l->p;

	VEC_EACH (&p->nodes, n) {
		cleanup(kube_answer_done) struct kube_answer answer =
		    KUBE_ANSWER_INIT;
		struct err ignored = ERR_INIT;

		if (!n->acts_on || !n->exists || n->cluster != l->cluster)
			continue;
		autofree char *path = kube_path(n->k->api_version,
		    n->k->resource, n->namespace, n->name, NULL);
		struct kube_request r = {.path = path};
		n->at_work = true;
		if (kube_client_send(p->options->clusters[l->cluster].client,
			&r, &answer, &ignored))
			continue;
		cleanup(json_freep) struct json_object *live =
		    json_parse(answer.body.data, answer.body.len, &ignored);
		n->at_work = !held_is_at_rest(p, n, live);
	}
}

static int read_cluster(struct live *l, struct err *err)
{
	struct plan *p = l->p;
	struct kube_client *c = p->options->clusters[l->cluster].client;

	if (list_metadata(c, "/api/v1/namespaces", p->options->clock,
		add_namespace, l, err))
		return err_wrap(err, "the namespaces of the target");
	if (guard(l, err))
		return -1;
	VEC_EACH (&p->nodes, n)
		if (n->kind == PLAN_KUBE && n->cluster == l->cluster &&
		    n->namespace)
			n->namespace_is_new = !stays(l, n->namespace);
	VEC_EACH (&p->kinds, k)
		if ((*k)->cluster == l->cluster && (*k)->served &&
		    !(str_eq((*k)->kind, "Namespace") && !*(*k)->group))
			mark_kind(l, *k);
	find_at_work(l);
	return prune_find(l->p, l->cluster, err);
}

/* Namespaces that are neither in the snapshot nor in the target. */
static void find_homeless(struct live *l)
{
	struct plan *p = l->p;

	VEC_EACH (&p->nodes, n) {
		cleanup(buf_done) struct buf key = BUF_INIT;

		if (n->kind != PLAN_KUBE || n->cluster != l->cluster ||
		    n->action != PLAN_APPLY || !n->namespace_is_new)
			continue;
		names_add(
		    &key, l->cluster, "", "Namespace", NULL, n->namespace);
		if (index_first(p->names, buf_str(&key)) != INDEX_END)
			continue;
		n->action = PLAN_CANNOT;
		n->reason = str_printf("the namespace '%s' is neither in the "
				       "snapshot nor in the target",
		    n->namespace);
	}
}

int live_check(struct plan *p, struct err *err)
{
	const struct plan_options *o = p->options;

	for (size_t i = 0; i < o->cluster_count && !o->without_kubernetes;
	     i++) {
		struct live l = {.p = p,
		    .cluster = (uint16_t)i,
		    .namespaces = index_new(),
		    .unseen = json_new_array()};
		int rc = 0;

		if (o->clusters[i].client) {
			rc = read_cluster(&l, err);
			if (rc == 0)
				find_homeless(&l);
		}
		report_unseen(&l);
		index_free(l.namespaces);
		json_free(l.unseen);
		free(l.source_name);
		if (rc)
			return err_wrap(
			    err, "target of cluster '%s'", o->clusters[i].name);
	}
	return 0;
}
