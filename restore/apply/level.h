/*
 * The engine of levels: which nodes are due, which are held back, which are
 * postponed. It knows edges and outcomes; drivers do the rest.
 */
#ifndef RESTORE_APPLY_LEVEL_H
#define RESTORE_APPLY_LEVEL_H

#include "restore/apply/driver.h"
#include "restore/plan/plan.h"

struct level_engine {
	struct run *run;			   /* with a plan */
	const struct apply_driver *const *drivers; /* by plan_node_kind */
	atomic_bool pointless[PLAN_BARRIER]; /* its driver said so; zero */
};

/* All nodes of one level, after the gates before them. */
void level_run(struct level_engine *e, uint32_t level);
/* Goes through the levels again for what was postponed, as long as a gate may
 * take; what is left then fails. */
void level_run_postponed(struct level_engine *e);

#endif
