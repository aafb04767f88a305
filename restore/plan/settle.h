/*
 * Excludes objects because of other objects, once all of them are known.
 */
#ifndef RESTORE_PLAN_SETTLE_H
#define RESTORE_PLAN_SETTLE_H

#include "restore/plan/pending.h"

/* Excludes the objects whose exclusion depends on others, and then those whose
 * owners are all excluded. */
void settle_excluded(struct pending *w);

#endif
