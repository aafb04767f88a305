/*
 * Objects of the snapshot that would become the same object of a target:
 * because a map gives them the same name, or because several clusters have the
 * same target.
 */
#ifndef RESTORE_PLAN_TWIN_H
#define RESTORE_PLAN_TWIN_H

#include "restore/plan/plan.h"

struct json_object;

/* Whether two clusters of the snapshot go to one. */
bool twin_shares_target(const struct plan_options *o, size_t a, size_t b);
/* Another node that will write the same object of the target, or NULL. */
const struct plan_node *twin_find(const struct plan *p, uint16_t cluster,
    const struct plan_kind *k, const char *ns, const char *name);
/* For a node that writes the same object as a node of another cluster:
 * if both are equal, it is ordered after that node; if not, it cannot be
 * restored. */
int twin_meet(struct plan *p, uint32_t node, uint32_t twin,
    const struct json_object *object, struct err *err);

#endif
