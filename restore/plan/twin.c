#include "restore/plan/twin.h"

#include "restore/objects/sanitize.h"
#include "restore/plan/load.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"

bool twin_shares_target(const struct plan_options *o, size_t a, size_t b)
{
	const struct kube_client *of_a = o->clusters[a].client;
	const struct kube_client *of_b = o->clusters[b].client;

	return a == b ||
	       (of_a && of_b &&
		   str_eq(kube_client_server(of_a), kube_client_server(of_b)));
}

const struct plan_node *twin_find(const struct plan *p, uint16_t cluster,
    const struct plan_kind *k, const char *ns, const char *name)
{
	for (size_t c = 0; c < p->options->cluster_count; c++) {
		cleanup(buf_done) struct buf key = BUF_INIT;

		if (!twin_shares_target(p->options, cluster, c))
			continue;
		names_add(&key, (int)c, k->group, k->kind, ns, name);
		for (uint32_t it = index_first(p->names, buf_str(&key));
		     it != INDEX_END; it = index_next(p->names, it)) {
			const struct plan_node *n =
			    &p->nodes.items[index_value(p->names, it)];
			if (n->action == PLAN_APPLY)
				return n;
		}
	}
	return NULL;
}

/* Read from one cluster under two names, or the same but for what a server
 * makes of it. */
static bool is_same(
    const struct json_object *one, const struct json_object *other)
{
	const struct sanitize_options as_it_is = {.volume_restored = true};
	cleanup(json_freep) struct json_object *a = json_copy(one);
	cleanup(json_freep) struct json_object *b = json_copy(other);
	const char *uid = json_str(json_path(one, "metadata", "uid", NULL));

	if (uid &&
	    str_eq(uid, json_str(json_path(other, "metadata", "uid", NULL))))
		return true;
	sanitize_object(a, &as_it_is);
	sanitize_object(b, &as_it_is);
	return json_equal(a, b);
}

int twin_meet(struct plan *p, uint32_t node, uint32_t twin,
    const struct json_object *object, struct err *err)
{
	struct plan_node *n = &p->nodes.items[node];
	const struct plan_node *first = &p->nodes.items[twin];
	cleanup(json_freep) struct json_object *of_first =
	    load_object(p, first->path, err);

	if (!of_first)
		return -1;
	n->meets = true;
	/* What is in a namespace matters, and it may be in either. */
	if ((str_eq(n->k->kind, "Namespace") && !*n->k->group) ||
	    is_same(object, of_first)) {
		graph_need(&p->graph, node, twin, EDGE_ORDER, false,
		    "the same object of another cluster");
		return 0;
	}
	n->action = PLAN_CANNOT;
	n->reason = str_printf(
	    "cluster '%s' of the snapshot has another one of this name, and "
	    "goes to the same target; give each cluster its own "
	    "(restore.targets.clusters)",
	    p->options->clusters[first->cluster].name);
	return 0;
}
