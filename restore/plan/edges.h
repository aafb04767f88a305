/*
 * Pending references into edges, barriers and levels.
 */
#ifndef RESTORE_PLAN_EDGES_H
#define RESTORE_PLAN_EDGES_H

#include "restore/plan/maker.h"

/* ERR_USAGE where a rule of the user makes namespaces part of a cycle. */
int edges_resolve(struct plan_maker *m, struct err *err);

#endif
