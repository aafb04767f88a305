/*
 * Pending references into edges, barriers and levels.
 */
#ifndef RESTORE_PLAN_EDGES_H
#define RESTORE_PLAN_EDGES_H

#include "restore/plan/pending.h"

/* What was pending is released. ERR_USAGE where a rule of the user makes
 * namespaces part of a cycle. */
int edges_resolve(struct pending *w, struct err *err);

#endif
