/*
 * Nodes, names and pending references out of the tree.
 */
#ifndef RESTORE_PLAN_READ_H
#define RESTORE_PLAN_READ_H

#include "restore/plan/maker.h"

int read_tree(struct plan_maker *m, struct err *err);

#endif
