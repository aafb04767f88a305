#include "restore/apply/gate.h"

#include "storage/base/pool.h"

struct waiting {
	struct level_engine *e;
	const uint32_t *nodes;
};

static void wait_one(void *ctx, size_t i)
{
	const struct waiting *w = ctx;
	struct run *r = w->e->run;
	uint32_t node = w->nodes[i];
	const struct plan_node *n = &r->p->nodes.items[node];
	enum outcome_kind kind = r->outcomes[node].kind;
	const struct apply_driver *driver =
	    n->kind == PLAN_BARRIER ? NULL : w->e->drivers[n->kind];
	enum gate_state state = GATE_PASSED;

	if (driver && driver->ready)
		state = outcome_is_missing(kind) && kind != OUTCOME_PARTIAL
			    ? GATE_FAILED
			    : driver->ready(driver->ctx, node);
	r->gates[node] = (uint8_t)state;
}

void gate_wait(struct level_engine *e, const uint32_t *nodes, size_t count)
{
	struct waiting w = {.e = e, .nodes = nodes};

	pool_each(run_in_flight(e->run), count, wait_one, &w);
}
