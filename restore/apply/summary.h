/*
 * The report of a run, filled from its nodes and its journal.
 */
#ifndef RESTORE_APPLY_SUMMARY_H
#define RESTORE_APPLY_SUMMARY_H

#include "restore/run/run.h"

/* An item for each node, in order; takes their outcomes. */
void summary_nodes(struct run *r);
/* Adds what is still paused. */
void summary_paused(struct run *r);
/* Into the warnings: objects that are there, differ, and were left. */
void summary_differs(struct run *r);
/* Into the warnings, where something is missing or paused: the policies that
 * this run brought, which what comes later must get past. After those two. */
void summary_policies(struct run *r);
/* Tells the operator what to do next. */
void summary_next(struct run *r);

#endif
