/*
 * How far a restore is, by its journal alone: for somebody who asks while it
 * runs, while it waits for approval, or after it has ended.
 */
#ifndef RESTORE_RUN_PROGRESS_H
#define RESTORE_RUN_PROGRESS_H

#include "restore/run/journal.h"
#include "storage/base/buf.h"

enum progress_state {
	PROGRESS_PENDING,
	PROGRESS_WAITING, /* for approval */
	PROGRESS_RESTORING,
	PROGRESS_STOPPED, /* begun, not at its end, and nobody is at work */
	PROGRESS_HELD,	  /* by what failed in an earlier layer */
	PROGRESS_FAILED,  /* at its end, and something is missing */
	PROGRESS_RESTORED,
};

struct progress_layer {
	const char *name; /* of the journal */
	enum progress_state state;
	size_t nodes, restored, failed, held;
	/* Seconds since the epoch, UTC; 0: not known. The second is that of its
	 * newest step, or since when it waits. */
	int64_t started_s, newest_s;
};

struct progress {
	const char *snapshot; /* of the journal, as all texts */
	bool at_work;	      /* a run holds the journal */
	enum progress_state state;
	size_t nodes, restored, failed;
	size_t paused; /* controllers that are not released yet */
	/* In the order of the plan; those that have nodes. */
	VEC_DEFINE(, struct progress_layer) layers;
};

/* Borrows the journal. The caller calls progress_done. */
void progress_init(struct progress *p, const struct journal *j, bool at_work);
void progress_done(struct progress *p);

void progress_print_table(const struct progress *p, struct buf *out);
void progress_print_json(
    const struct progress *p, const char *command, struct buf *out);

#endif
