#include "restore/plan/live.h"

#include "restore/plan/held.h"
#include "restore/plan/list.h"
#include "restore/plan/names.h"
#include "restore/plan/namespaces.h"
#include "restore/plan/prune.h"
#include "restore/plan/source_cluster.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/path.h"

#include <string.h>

enum { WIDE = 4 }; /* namespaces; more are listed in one go */

struct live {
	struct plan *p;
	uint16_t cluster;
	const struct plan_kind *k;
	/* Namespaces that exist and are not being deleted, and those of which
	 * that is not known: name to 1. */
	struct index *namespaces;
	struct namespaces found;
	char *source_name; /* one that is the snapshot's very own; or NULL */
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
		names_set_live_uid(p, n, item->uid);
	}
}

static void add_namespace(void *ctx, const struct list_item *item)
{
	struct live *l = ctx;

	if (item->uid && names_by_uid(l->p, l->cluster, item->uid)) {
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
	/* Who may not list namespaces may hardly list anything in all of them.
	 */
	bool wide = there.len > WIDE && l->found.listed;
	if (chosen && (!k->namespaced || wide))
		k->asked = mark_listed(l, k, NULL);
	else
		VEC_EACH (&there, ns)
			k->asked &= mark_listed(l, k, *ns);
	vec_done(&there);
}

/* Of a namespace that may not be read, the server's answer to the create of it,
 * or of what is in it, says whether it is there. */
static void report_denied(struct live *l)
{
	autofree char *names = namespaces_denied(&l->found, false);

	VEC_EACH (&l->found.asked, n)
		if (n->denied)
			index_add(l->namespaces, n->name, 1);
	if (*names)
		*vec_add(&l->p->warnings) = str_printf(
		    "%s: whether these namespaces are there is not known, so "
		    "those of the snapshot are to be created: %s: %s; the "
		    "right to get them, which a Role in each can give, settles "
		    "it",
		    l->p->options->clusters[l->cluster].name, names,
		    l->found.why.message);
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

	if (namespaces_read(p, l->cluster, add_namespace, l, &l->found, err))
		return err_wrap(err, "the namespaces of the target");
	if (source_cluster_check(p, l->cluster, &l->found, l->source_name, err))
		return -1;
	report_denied(l);
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
		namespaces_done(&l.found);
		json_free(l.unseen);
		free(l.source_name);
		if (rc)
			return err_wrap(
			    err, "target of cluster '%s'", o->clusters[i].name);
	}
	return 0;
}
