#include "restore/kube/same.h"

#include "restore/kube/ours.h"
#include "restore/kube/owned.h"
#include "restore/kube/prepare.h"
#include "restore/kube/write.h"
#include "restore/objects/covers.h"
#include "restore/plan/names.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"
#include "storage/kube/list.h"
#include "storage/kube/path.h"

#include <string.h>

enum { WORTH_A_LIST = 32 /* fewer objects than this are read one by one */ };

/* Nodes of one kind in one namespace. */
struct group {
	struct applier *a;
	const struct plan_kind *k;
	const char *ns; /* as interned by the plan, or NULL */
	size_t count;
	const bool *candidates; /* indexes of the nodes that are compared */
};

VEC_DEFINE(groups, struct group);

bool same_as_wanted(const struct applier *a, const struct json_object *live,
    const struct prepared *wanted)
{
	return covers(live, wanted->object) && !owned_exceeds(live, wanted) &&
	       !(a->run->p->options->status && wanted->status &&
		   !covers(json_get(live, "status"), wanted->status));
}

void same_left_alone(struct outcome *outcome, bool same)
{
	if (same)
		outcome_set(outcome, OUTCOME_SKIPPED, "it is there already");
	else
		outcome_set(outcome, OUTCOME_DIFFERS,
		    "it is there already, and differs from the snapshot");
}

static void compare(
    struct applier *a, uint32_t node, const struct json_object *live)
{
	struct plan_node *n = &a->run->p->nodes.items[node];
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));
	bool left = plan_existing_of(a->run->p, n) == PLAN_EXISTING_SKIP;
	cleanup(outcome_done) struct outcome outcome = OUTCOME_INIT;
	cleanup(prepared_done) struct prepared wanted = {.object = NULL};
	struct err ignored = ERR_INIT; /* shown when the object is applied */

	if (!uid || json_path(live, "metadata", "deletionTimestamp", NULL) ||
	    prepare_object(a, node, &wanted, &outcome, &ignored) ||
	    write_adopt_pauses(a, node, live, &wanted, &ignored) ||
	    ours_lacks_status(live, &wanted))
		return;
	prepare_meet(&wanted, live);
	bool same = same_as_wanted(a, live, &wanted);
	if (!same && !left)
		return;
	names_set_live_uid(a->run->p, n, uid);
	if (left) {
		/* Notes from preparing an object that stays unchanged are of no
		 * use. */
		outcome_done(&outcome);
		same_left_alone(&outcome, same);
	} else {
		outcome_set(&outcome, OUTCOME_UNCHANGED, "it is the same");
	}
	outcome_done(&a->run->outcomes[node]);
	a->run->outcomes[node] = outcome;
	outcome = (struct outcome)OUTCOME_INIT;
}

static bool is_candidate(const struct applier *a, uint32_t node)
{
	const struct plan_node *n = &a->run->p->nodes.items[node];
	const struct journal_node *before = run_before(a->run, node);

	return n->kind == PLAN_KUBE && n->action == PLAN_APPLY && n->exists &&
	       plan_existing_of(a->run->p, n) != PLAN_EXISTING_RECREATE &&
	       a->run->outcomes[node].kind == OUTCOME_PENDING &&
	       !(before && before->begun);
}

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	const struct group *g = ctx;
	struct plan *p = g->a->run->p;
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *live =
	    json_parse(text, len, &ignored);
	const char *name = json_str(json_path(live, "metadata", "name", NULL));
	cleanup(buf_done) struct buf key = BUF_INIT;

	if (cancel_check(g->a->run->o->cancel, err))
		return -1;
	if (!name)
		return 0;
	/* Items of a list have no apiVersion and kind. */
	json_set_str(live, "apiVersion", g->k->api_version);
	json_set_str(live, "kind", g->k->kind);
	names_add(&key, g->k->cluster, g->k->group, g->k->kind, g->ns, name);
	for (uint32_t it = index_first(p->names, buf_str(&key));
	     it != INDEX_END; it = index_next(p->names, it)) {
		uint32_t node = index_value(p->names, it);

		if (p->nodes.items[node].k == g->k && g->candidates[node] &&
		    is_candidate(g->a, node))
			compare(g->a, node, live);
	}
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* an object that was equal before the restart stays so */
}

static void run_group(void *ctx, size_t i)
{
	struct group *g = &((struct groups *)ctx)->items[i];
	struct target *c = &g->a->targets[g->k->cluster];
	autofree char *path =
	    kube_path(g->k->api_version, g->k->resource, g->ns, NULL, NULL);
	const struct kube_list_options o = {.path = path,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1U << 30},
	    .clock = run_clock(g->a->run),
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = g};
	struct kube_list_result result = {.resource_version = NULL};
	struct err ignored =
	    ERR_INIT; /* too many for one list: compared one by one instead */

	throttle_enter(&c->throttle);
	kube_list(c->client, &o, &result, &ignored);
	throttle_leave(&c->throttle, true);
	kube_list_result_done(&result);
}

static void add_to_group(struct applier *a, struct groups *groups,
    const struct plan_node *n, const bool *candidates)
{
	VEC_EACH (groups, g)
		if (g->k == n->k && g->ns == n->namespace) {
			g->count++;
			return;
		}
	*vec_add(groups) = (struct group){.a = a,
	    .k = n->k,
	    .ns = n->namespace,
	    .count = 1,
	    .candidates = candidates};
}

void same_unchanged(struct applier *a, const uint32_t *nodes, size_t count)
{
	struct groups groups = VEC_INIT;
	size_t kept = 0;

	/* What a lost run has made may lack its status or its managers, which
	 * is seen one by one. */
	if (a->run->p->options->existing == PLAN_EXISTING_RECREATE ||
	    a->run->o->adopts)
		return;
	autofree bool *candidates = mem_zalloc(a->run->nodes + 1);
	for (size_t i = 0; i < count; i++) {
		candidates[nodes[i]] = is_candidate(a, nodes[i]);
		if (candidates[nodes[i]])
			add_to_group(a, &groups,
			    &a->run->p->nodes.items[nodes[i]], candidates);
	}
	for (size_t i = 0; i < groups.len; i++)
		if (groups.items[i].count >= WORTH_A_LIST)
			groups.items[kept++] = groups.items[i];
	groups.len = kept;
	pool_each(run_in_flight(a->run), groups.len, run_group, &groups);
	vec_done(&groups);
}
