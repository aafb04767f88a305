/*
 * A plan as a graph in the language of Graphviz
 * (https://graphviz.org/doc/info/lang.html): an arrow from what comes first to
 * what needs it, and a cluster for each layer; Graphviz chooses the ranks.
 */
#ifndef RESTORE_PLAN_PRINT_DOT_H
#define RESTORE_PLAN_PRINT_DOT_H

#include "restore/plan/plan.h"
#include "storage/base/pieces.h"

/* Passed on piece by piece; the caller ends it. Names of the snapshot are
 * quoted, whatever is in them. */
void print_dot(const struct plan *p, struct pieces *to);

#endif
