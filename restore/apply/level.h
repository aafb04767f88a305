/*
 * The engine of levels: which nodes are due, which are held back, which are
 * postponed. It knows edges and outcomes; drivers do the rest.
 */
#ifndef RESTORE_APPLY_LEVEL_H
#define RESTORE_APPLY_LEVEL_H

#include "restore/apply/approval.h"
#include "restore/apply/driver.h"
#include "restore/plan/plan.h"

/* What keeps a layer from starting. */
enum level_layer {
	LEVEL_LAYER_UNKNOWN,
	LEVEL_LAYER_OPEN,
	LEVEL_LAYER_LATER, /* something before it is postponed */
	LEVEL_LAYER_HELD,  /* something before it is missing, or not ready */
	LEVEL_LAYER_WAITS, /* nobody has approved it, or one before it */
	LEVEL_LAYERS_END,  /* no layer, but the end of the array */
};

struct level_engine {
	struct run *run;			   /* with a plan */
	const struct apply_driver *const *drivers; /* by plan_node_kind */
	atomic_bool pointless[PLAN_BARRIER]; /* its driver said so; zero */
	/* One for each layer of the plan, the unassigned one with them; NULL:
	 * there are none. The reason is of LEVEL_LAYER_HELD. */
	struct level_layer_state {
		enum level_layer state;
		char *reason;
	} * layers;
	const struct apply_approval *approval;
};

/* All nodes of one level, after the gates before them. */
void level_run(struct level_engine *e, uint32_t level);
/* Goes through the levels again for what was postponed, as long as a gate may
 * take; what is left then fails. */
void level_run_postponed(struct level_engine *e);

#endif
