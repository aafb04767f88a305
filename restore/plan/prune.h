/*
 * The objects of one target that are not in the snapshot and will be deleted.
 */
#ifndef RESTORE_PLAN_PRUNE_H
#define RESTORE_PLAN_PRUNE_H

#include "restore/plan/plan.h"

int prune_find(struct plan *p, uint16_t cluster, struct err *err);

#endif
