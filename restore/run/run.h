/*
 * The state of one running restore: its plan, the outcomes so far, and whether
 * it has to stop. The engine and the drivers share it; it depends on neither.
 */
#ifndef RESTORE_RUN_RUN_H
#define RESTORE_RUN_RUN_H

#include "restore/run/journal.h"
#include "restore/run/report.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

struct plan;

/* All borrowed. Zero or NULL is the default. */
struct run_options {
	size_t in_flight;    /* requests at a time, per target; 16 */
	int gate_timeout_ms; /* 5 min */
	bool dry_run;	     /* plan --server: writes nothing, no journal */
	const char
	    *journal_dir; /* kept between runs; required unless dry_run */
	bool resume;	  /* continue where the journal ends */
	bool adopts;	  /* an earlier run was not at its end, and its journal
			     is not here: what it made counts as ours */
	const struct clock *clock;
	const struct cancel *cancel;
	/* Called before the first node, and after each, from any thread; may be
	 * NULL. */
	void (*progress)(void *ctx, size_t done, size_t total);
	void *progress_ctx;
	/* What is waited for, while it takes long; may be NULL. Safe from any
	 * thread. */
	void (*announce)(const char *text);
};

enum gate_state { GATE_UNKNOWN, GATE_PASSED, GATE_FAILED };

/* A postponed node is tried again after all levels, because a webhook that
 * checks it, or something that it needs, does not answer yet. */
enum postponed { POSTPONED_NOT, POSTPONED_UNBEGUN, POSTPONED_BEGUN };

struct run {
	struct plan *p; /* borrowed; NULL for a release */
	const struct run_options *o;
	struct journal *journal; /* NULL for a dry run */
	struct report *report;
	/* One for each node of the plan. */
	size_t nodes;
	struct outcome *outcomes;
	uint8_t *gates;	      /* enum gate_state */
	uint8_t *postponed;   /* enum postponed */
	uint8_t *lost_status; /* there, but without what it knew; 0 or 1 */
	uint8_t *dry;	      /* only checked, though others are written */
	/* Why a node must not be released: 1 plus the node that is missing, or
	 * itself; 0: it may (restore/apply/blocked.h). */
	uint32_t *blocked;
	unsigned int advance; /* grows when a postponed node is applied */
	bool again;	      /* not the first pass through the levels */
	bool last_try;	      /* a node fails that would be postponed */
	atomic_size_t done;
	size_t total;	      /* what done is at the end */
	pthread_mutex_t lock; /* of report and failure */
	atomic_bool failed;   /* the journal cannot be kept */
	struct err failure;
};

/* The arrays are for that many nodes. The caller calls run_done. */
void run_init(
    struct run *r, struct plan *p, size_t nodes, const struct run_options *o);
void run_done(struct run *r);

/* The journal cannot be kept: nothing more is begun. The first error counts. */
void run_fail(struct run *r, const struct err *err);
/* Whether nothing is written of that node: the server only checks it. */
bool run_is_dry(const struct run *r, uint32_t node);
/* The operator asked for it, or the journal cannot be kept. */
bool run_must_stop(const struct run *r);

/* The options, with their defaults. */
const struct clock *run_clock(const struct run *r);
size_t run_in_flight(const struct run *r);
int run_gate_timeout_ms(const struct run *r);
int64_t run_ticks_ms(const struct run *r);

/* What an earlier run of this restore wrote about a node; NULL: there was
 * none. */
const struct journal_node *run_before(const struct run *r, uint32_t node);

#endif
