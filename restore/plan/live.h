/*
 * What the targets have already.
 */
#ifndef RESTORE_PLAN_LIVE_H
#define RESTORE_PLAN_LIVE_H

#include "restore/plan/plan.h"

int live_check(struct plan *p, struct err *err);

#endif
