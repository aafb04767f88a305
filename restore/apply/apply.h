/*
 * Carries a plan out: level by level, side by side within a level, past what
 * fails, holding back only what depends on it. Everything that happened is in
 * the journal before the next request is made for that node.
 *
 * It knows how Kubernetes objects are applied (create_or_update.h);
 * repositories and state objects go through drivers that the main binds to
 * git_apply and state_apply.
 */
#ifndef RESTORE_APPLY_APPLY_H
#define RESTORE_APPLY_APPLY_H

#include "restore/plan/plan.h"
#include "restore/run/report.h"
#include "storage/base/random.h"

/* Applies one repository or state object. Called from several threads. 0 with
 * the outcome set, also to FAILED; -1 and the error only where going on with
 * nodes of this kind is pointless (cancelled, credentials refused). With
 * dry_run nothing is written. */
struct apply_driver {
	int (*apply)(void *ctx, const struct plan_node *node, bool dry_run,
	    struct outcome *outcome, struct err *err);
	void *ctx;
};

enum apply_gates {
	APPLY_GATES_AUTO, /* for pods only where the cluster runs pods */
	APPLY_GATES_ALWAYS,
	APPLY_GATES_NEVER, /* nothing but what the API itself needs */
};

/* All borrowed. Zero or NULL is the default. */
struct apply_options {
	const struct apply_driver *git;
	const struct apply_driver *state;
	size_t in_flight; /* requests at a time, per cluster; 16 */
	enum apply_gates gates;
	int gate_timeout_ms;	 /* 5 min */
	bool dry_run;		 /* plan --server: dryRun=All, no journal */
	const char *journal_dir; /* survives; needed unless dry_run */
	bool resume;		 /* go on where the journal stops */
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
	/* After each node; may be NULL. Safe from any thread by its maker. */
	void (*progress)(void *ctx, size_t done, size_t total);
	void *progress_ctx;
};

/*
 * The report is the caller's (report_free), also for a run that was stopped;
 * NULL only where nothing was begun: no journal can be kept, or the one there
 * is belongs to another plan (ERR_USAGE), or is in use (ERR_LOCKED).
 */
struct report *apply_run(
    struct plan *p, const struct apply_options *o, struct err *err);

/*
 * Releases what an earlier `apply --hold` (or one that was stopped) left
 * paused, in order, children last, by the journal of that snapshot.
 */
struct report *apply_release(const char *snapshot,
    const struct plan_cluster *clusters, size_t cluster_count,
    const struct apply_options *o, struct err *err);

#endif
