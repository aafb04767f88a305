#include "restore/plan/names.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"

#include <string.h>

void names_add(struct buf *out, int cluster, const char *group,
    const char *kind, const char *ns, const char *name)
{
	/* Repositories and states are the same for all clusters. */
	if (str_eq(group, "@") &&
	    (str_eq(kind, "Git") || str_eq(kind, "State")))
		cluster = -1;
	buf_printf(
	    out, "%d:%s/%s:%s/%s", cluster, group, kind, ns ? ns : "", name);
}

const char *names_namespace(struct plan *p, const char *ns)
{
	if (!ns)
		return NULL;
	/* Objects come namespace by namespace: the last is mostly it. */
	for (size_t i = p->namespaces.len; i-- > 0;)
		if (str_eq(p->namespaces.items[i], ns))
			return p->namespaces.items[i];
	*vec_add(&p->namespaces) = str_dup(ns);
	return p->namespaces.items[p->namespaces.len - 1];
}

const char *names_provide(struct plan *p, uint32_t node, int cluster,
    const char *group, const char *kind, const char *ns, const char *name)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add(&key, cluster, group, kind, ns, name);
	return index_add(p->names, buf_str(&key), node);
}

void names_add_uid(struct buf *out, int cluster, const char *uid)
{
	buf_printf(out, "%d:uid:%s", cluster, uid);
}

const struct plan_node *names_by_uid(
    const struct plan *p, uint16_t cluster, const char *uid)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add_uid(&key, cluster, uid);
	uint32_t it = index_first(p->names, buf_str(&key));
	return it == INDEX_END ? NULL
			       : &p->nodes.items[index_value(p->names, it)];
}

void names_set_live_uid(struct plan *p, struct plan_node *n, const char *uid)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	n->live_uid = NULL;
	if (!uid)
		return;
	names_add_uid(&key, n->cluster, uid);
	uint32_t it = index_first(p->names, buf_str(&key));
	if (it != INDEX_END) {
		n->live_uid = index_name(p->names, it) + key.len - strlen(uid);
		return;
	}
	pthread_mutex_lock(&p->live_uids_lock);
	n->live_uid = texts_keep(&p->live_uids, uid);
	pthread_mutex_unlock(&p->live_uids_lock);
}

void names_add_key(
    const struct plan *p, const struct plan_node *n, struct buf *out)
{
	switch (n->kind) {
	case PLAN_GIT:
		buf_printf(out, "git:%s", n->name);
		break;
	case PLAN_STATE:
		buf_printf(out, "terraform:%s", n->name);
		break;
	case PLAN_KUBE:
		buf_printf(out, "kubernetes:%s:%s/%s:%s/%s",
		    p->options->clusters[n->cluster].name, n->k->group,
		    n->k->kind, n->namespace ? n->namespace : "", n->name);
		break;
	case PLAN_BARRIER:
		buf_add_str(out, n->name);
		break;
	}
}

void names_describe(
    const struct plan *p, const struct plan_node *n, struct buf *out)
{
	switch (n->kind) {
	case PLAN_GIT:
		buf_printf(out, "repository %s", n->name);
		break;
	case PLAN_STATE:
		buf_printf(out, "state %s", n->name);
		break;
	case PLAN_KUBE:
		buf_add_str(out, n->k->kind);
		if (*n->k->group)
			buf_printf(out, ".%s", n->k->group);
		buf_printf(out, " %s%s%s", n->namespace ? n->namespace : "",
		    n->namespace ? "/" : "", n->name);
		if (p->options->cluster_count > 1)
			buf_printf(out, " (%s)",
			    p->options->clusters[n->cluster].name);
		break;
	case PLAN_BARRIER:
		buf_add_str(out, n->name);
		break;
	}
}
