/*
 * Owner references with the UIDs that the owners have now.
 */
#ifndef RESTORE_KUBE_RELINK_H
#define RESTORE_KUBE_RELINK_H

#include "restore/kube/target.h"

struct json_object;

/* An owner that is not there is left out, and noted in the outcome. */
void relink_owners(struct applier *a, uint32_t node, struct json_object *object,
    struct outcome *outcome);
/* Those that had to wait, because the owner needed the object first. */
void relink_late(struct applier *a);

#endif
