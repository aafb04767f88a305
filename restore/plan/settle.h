/*
 * What is left out because of other objects, once all of them are known.
 */
#ifndef RESTORE_PLAN_SETTLE_H
#define RESTORE_PLAN_SETTLE_H

#include "restore/plan/maker.h"

/* Leaves out what other objects decide, and what only such own as are left
 * out. */
void settle_excluded(struct plan_maker *m);

#endif
