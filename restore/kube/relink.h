/*
 * Gives owner references the UIDs that the owners have in the target.
 */
#ifndef RESTORE_KUBE_RELINK_H
#define RESTORE_KUBE_RELINK_H

#include "restore/kube/target.h"

struct json_object;

/* A reference to a missing owner is left out, and noted in the outcome. */
void relink_owners(struct applier *a, uint32_t node, struct json_object *object,
    struct outcome *outcome);
/* Sets the references that had to wait because the owner needs the object
 * first. */
void relink_late(struct applier *a);

#endif
