/*
 * The version and the path of each kind in the target.
 */
#ifndef RESTORE_PLAN_KINDS_H
#define RESTORE_PLAN_KINDS_H

#include "restore/plan/maker.h"

/* The plan's record of a kind, made where it is new; as the snapshot has it
 * until kinds_settle. */
struct plan_kind *kinds_find(struct plan *p, uint16_t cluster,
    const char *api_version, const char *kind, const char *resource,
    bool namespaced);
/* As the targets serve them, or as definitions of the snapshot will. */
void kinds_settle(struct plan_maker *m);

#endif
