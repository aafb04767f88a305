/*
 * What the targets have already, and the guard against restoring into the
 * cluster that the snapshot was taken from.
 */
#ifndef RESTORE_PLAN_LIVE_H
#define RESTORE_PLAN_LIVE_H

#include "restore/plan/maker.h"

int live_check(struct plan_maker *m, struct err *err);

#endif
