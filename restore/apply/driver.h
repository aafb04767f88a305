/*
 * What the engine asks of those that know what a node is. A driver is one
 * struct of functions; all but `apply` may be NULL, where there is nothing to
 * do. `apply` and `ready` are called from several threads, the others from one.
 */
#ifndef RESTORE_APPLY_DRIVER_H
#define RESTORE_APPLY_DRIVER_H

#include "restore/run/run.h"

enum apply_result {
	APPLY_POINTLESS = -1, /* going on with others of its kind is */
	APPLY_ENDED,	      /* the outcome is set, perhaps to FAILED */
	APPLY_LATER, /* has begun, and is to be tried again: something that
			comes later must answer first; not once run->last_try is
			set */
};

struct apply_driver {
	void *ctx;
	size_t at_once; /* nodes side by side; 0: as run_in_flight says */

	/* Before all else; the run is borrowed until it ends. */
	void (*begin)(void *ctx, struct run *r);
	/* Those of the nodes that the target has as they are to be get their
	 * outcome, at less cost than one at a time; the others are left. */
	void (*same)(void *ctx, const uint32_t *nodes, size_t count);
	/* One node. In a dry run nothing is written. With APPLY_POINTLESS the
	 * error is set (cancelled, credentials refused), and the outcome is
	 * FAILED or still PENDING. */
	enum apply_result (*apply)(
	    void *ctx, uint32_t node, struct outcome *outcome, struct err *err);
	/* The same without writing anything: PENDING or CREATED where it is
	 * not there as it is to be, FAILED where it is another by now. NULL:
	 * the plan has checked. */
	enum apply_result (*check)(
	    void *ctx, uint32_t node, struct outcome *outcome, struct err *err);
	/* Waits until the node, which was applied, is ready, or its time is
	 * over. NULL: what is applied is ready. */
	enum gate_state (*ready)(void *ctx, uint32_t node);
	/* After all nodes: what each could only get once the others were there.
	 * It may change their outcomes. Not in a dry run. */
	void (*finish)(void *ctx);
	/* Deletes what the plan says; the report has all nodes by now. */
	void (*prune)(void *ctx);
	/* Releases what the journal says is paused, what others need first. */
	void (*release)(void *ctx);
};

#endif
