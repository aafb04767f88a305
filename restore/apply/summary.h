/*
 * The report of a run, filled from its nodes and its journal.
 */
#ifndef RESTORE_APPLY_SUMMARY_H
#define RESTORE_APPLY_SUMMARY_H

#include "restore/run/run.h"

/* An item for each node, in order; takes their outcomes. */
void summary_nodes(struct run *r);
/* What is still paused. */
void summary_paused(struct run *r);
/* What the operator does next. */
void summary_next(struct run *r);

#endif
