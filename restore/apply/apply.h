/*
 * Carries a plan out: level by level, side by side within a level, past what
 * fails, holding back only what depends on it. Everything that happened is in
 * the journal before the next request is made for that node.
 *
 * The engine does not know what a node is: drivers apply nodes. There is one
 * for repositories and one for state objects (restore/targets binds them), and
 * one for Kubernetes objects (restore/kube/applier.h).
 */
#ifndef RESTORE_APPLY_APPLY_H
#define RESTORE_APPLY_APPLY_H

#include "restore/apply/approval.h"
#include "restore/apply/driver.h"
#include "restore/plan/plan.h"
#include "restore/run/run.h"

/* All borrowed. */
struct apply_options {
	/* By the kind of a node; NULL: nodes of that kind have no target. */
	const struct apply_driver *drivers[PLAN_BARRIER];
	struct run_options run;
	const struct apply_approval *approval; /* NULL: nobody approves */
	/* Called once nothing can be refused any more, before the first write
	 * to a target; NULL: nothing to do. -1 ends the run. */
	int (*begin)(void *ctx, struct err *err);
	void *begin_ctx;
};

/*
 * The report is the caller's (report_free), also for a run that was stopped;
 * NULL only where nothing was begun: no journal can be kept, or the one there
 * is belongs to another plan (ERR_USAGE), or is in use (ERR_LOCKED), or an
 * approval is refused (ERR_USAGE; then the journal is as it was, too).
 */
struct report *apply_run(
    struct plan *p, const struct apply_options *o, struct err *err);

/*
 * Releases what an earlier `apply --hold` (or one that was stopped) left
 * paused, in order, children last, by the journal of that snapshot.
 */
struct report *apply_release(
    const char *snapshot, const struct apply_options *o, struct err *err);

#endif
