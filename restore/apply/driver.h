/*
 * What the engine needs from the code that knows one kind of node. A driver is
 * one struct of functions; all but `apply` may be NULL if there is nothing to
 * do. `apply` and `ready` are called from several threads, the others from one.
 */
#ifndef RESTORE_APPLY_DRIVER_H
#define RESTORE_APPLY_DRIVER_H

#include "restore/run/run.h"

enum apply_result {
	APPLY_POINTLESS = -1, /* others of its kind would fail as well */
	APPLY_ENDED,	      /* the outcome is set, perhaps to FAILED */
	APPLY_LATER, /* begun, and to be tried again after later levels, where
			something must answer first; not once run->last_try is
			set */
};

struct apply_driver {
	void *ctx;
	size_t at_once; /* nodes side by side; 0: as run_in_flight says */

	/* Before all else; the run is borrowed until it ends. */
	void (*begin)(void *ctx, struct run *r);
	/* Sets the outcome of those nodes that the target already has exactly
	 * as they should be, with fewer requests than one for each. The others
	 * stay PENDING. */
	void (*same)(void *ctx, const uint32_t *nodes, size_t count);
	/* One node. In a dry run nothing is written. With APPLY_POINTLESS the
	 * error is set (cancelled, credentials refused), and the outcome is
	 * FAILED or still PENDING. */
	enum apply_result (*apply)(
	    void *ctx, uint32_t node, struct outcome *outcome, struct err *err);
	/* Checks one node without writing: PENDING or CREATED if the target
	 * does not have it, FAILED if the target has something else by now.
	 * NULL: the plan has checked it. */
	enum apply_result (*check)(
	    void *ctx, uint32_t node, struct outcome *outcome, struct err *err);
	/* Waits until the applied node is ready or its time is over. NULL: a
	 * node is ready once it is applied. */
	enum gate_state (*ready)(void *ctx, uint32_t node);
	/* Called after all nodes, for what a node could only get once the
	 * others existed. It may change their outcomes. Not called in a dry
	 * run. */
	void (*finish)(void *ctx);
	/* Deletes what the plan lists for pruning; the report has all nodes by
	 * now. */
	void (*prune)(void *ctx);
	/* Releases what the journal records as paused, in order of
	 * dependency. */
	void (*release)(void *ctx);
};

#endif
