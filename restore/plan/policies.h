/*
 * Policies, webhooks and quotas of the snapshot that are in force before what
 * they can refuse or change is made: those that the target has already, and
 * those of a layer that comes before that of the objects. All others come last
 * (rules.h).
 */
#ifndef RESTORE_PLAN_POLICIES_H
#define RESTORE_PLAN_POLICIES_H

#include "restore/plan/plan.h"

/* A warning that names them, with the way out. Once it is known what the target
 * has; `made` says by node what is created, or made anew. */
void policies_warn(struct plan *p, const bool *made);

#endif
