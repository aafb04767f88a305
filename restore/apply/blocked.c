#include "restore/apply/blocked.h"

#include "restore/plan/held.h"

static bool is_missing(const struct run *r, uint32_t node)
{
	enum outcome_kind kind = r->outcomes[node].kind;

	return r->lost_status[node] ||
	       (outcome_is_missing(kind) && kind != OUTCOME_PARTIAL);
}

/* An edge that was taken out to break a cycle is a need all the same. Nobody is
 * harmed by an owner that is missing. */
static uint32_t missing_need(const struct run *r, uint32_t node)
{
	VEC_EACH (&r->p->graph.nodes.items[node].edges, e)
		if (e->strength >= EDGE_REFERENCE &&
		    e->strength != EDGE_OWNER && is_missing(r, e->needs))
			return e->needs + 1;
	return 0;
}

/* The owner of what is missing would make another, and the owner's owner acts
 * through it. */
static void block_owners(struct run *r, uint32_t node, uint32_t missing)
{
	VEC_EACH (&r->p->graph.nodes.items[node].edges, e) {
		if (e->strength != EDGE_OWNER || r->blocked[e->needs])
			continue;
		r->blocked[e->needs] = missing;
		block_owners(r, e->needs, missing);
	}
}

static void block_controller(struct run *r, uint32_t controller)
{
	const struct plan_node *c = &r->p->nodes.items[controller];

	for (uint32_t i = 0; i < r->nodes && !r->blocked[controller]; i++)
		if (held_acts_on(c, &r->p->nodes.items[i]) && is_missing(r, i))
			r->blocked[controller] = i + 1;
}

void blocked_find(struct run *r)
{
	for (uint32_t i = 0; i < r->nodes; i++)
		if (is_missing(r, i)) {
			r->blocked[i] = i + 1;
			block_owners(r, i, i + 1);
		}
	for (uint32_t i = 0; i < r->nodes; i++) {
		if (!r->blocked[i])
			r->blocked[i] = missing_need(r, i);
		if (r->p->nodes.items[i].acts_on)
			block_controller(r, i);
	}
}
