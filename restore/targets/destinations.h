/*
 * Where each part of a plan goes.
 */
#ifndef RESTORE_TARGETS_DESTINATIONS_H
#define RESTORE_TARGETS_DESTINATIONS_H

#include "restore/plan/print.h"
#include "restore/targets/targets.h"

/* Of each repository, bucket and cluster of the plan; appended. */
void destinations_list(const struct targets *t, const struct plan *p,
    struct print_destinations *destinations);
/* ERR_USAGE if two repositories, or two states, have the same destination. */
int destinations_check(
    const struct targets *t, const struct plan *p, struct err *err);

#endif
