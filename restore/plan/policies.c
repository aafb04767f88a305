#include "restore/plan/policies.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"

#define WHOLE_CLUSTER "" /* no namespace is called that */

static bool has(const struct index *places, const char *place, uint16_t cluster)
{
	for (uint32_t it = index_first(places, place); it != INDEX_END;
	     it = index_next(places, it))
		if (index_value(places, it) == cluster)
			return true;
	return false;
}

static void add(struct index *places, const char *place, uint16_t cluster)
{
	if (!has(places, place, cluster))
		index_add(places, place, cluster);
}

/* Whether anything is made where it is in force. */
static bool meets(const struct index *places, const struct plan_node *policy)
{
	return has(places,
	    policy->namespace ? policy->namespace : WHOLE_CLUSTER,
	    policy->cluster);
}

/* By node: those that come before something in the order of the plan. Then
 * `places` has all places where something is made. */
static void find_before(
    const struct plan *p, const bool *made, struct index *places, bool *before)
{
	for (size_t i = p->graph.nodes.len; i-- > 0;) {
		uint32_t node = p->graph.order[i];
		const struct plan_node *n = &p->nodes.items[node];

		if (n->kind != PLAN_KUBE)
			continue;
		if (n->k->tier) {
			before[node] =
			    n->action == PLAN_APPLY && meets(places, n);
		} else if (made[node]) {
			add(places, WHOLE_CLUSTER, n->cluster);
			if (n->namespace)
				add(places, n->namespace, n->cluster);
		}
	}
}

void policies_warn(struct plan *p, const bool *made)
{
	enum { SHOWN = 3 };
	cleanup(index_freep) struct index *places = index_new();
	autofree bool *before =
	    mem_zalloc((p->nodes.len + 1) * sizeof(*before));
	cleanup(buf_done) struct buf names = BUF_INIT;
	size_t count = 0;

	find_before(p, made, places, before);
	for (size_t i = 0; i < p->graph.nodes.len; i++) {
		uint32_t node = p->graph.order[i];
		const struct plan_node *n = &p->nodes.items[node];

		if (n->kind != PLAN_KUBE || !n->k->tier ||
		    !(before[node] || (n->exists && meets(places, n))))
			continue;
		if (count++ >= SHOWN)
			continue;
		if (names.len)
			buf_add_str(&names, ", ");
		names_describe(p, n, &names);
	}
	if (!count)
		return;
	if (count > SHOWN)
		buf_printf(&names, " and %zu more", count - SHOWN);
	*vec_add(&p->warnings) = str_printf(
	    "in force before objects that are to be created, and able to "
	    "refuse or change them: %s; where one would, take it away until "
	    "they are there, and let a later run restore it",
	    buf_str(&names));
}
