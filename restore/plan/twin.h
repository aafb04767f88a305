/*
 * Objects of the snapshot that become one object of a target: of one cluster by
 * maps, of several where they go to the same one.
 */
#ifndef RESTORE_PLAN_TWIN_H
#define RESTORE_PLAN_TWIN_H

#include "restore/plan/maker.h"

struct json_object;

/* Whether two clusters of the snapshot go to one. */
bool twin_shares_target(const struct plan_options *o, size_t a, size_t b);
/* Another node that will write the same object of the target, or NULL. */
const struct plan_node *twin_find(const struct plan *p, uint16_t cluster,
    const struct plan_kind *k, const char *ns, const char *name);
/* m->current has a twin of another cluster: it comes after it where they are
 * the same, and cannot be restored where they are not. */
int twin_meet(struct plan_maker *m, uint32_t twin,
    const struct json_object *object, struct err *err);

#endif
