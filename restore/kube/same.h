/*
 * Finds objects that are equal in the target already by listing them, with far
 * fewer requests than one for each.
 */
#ifndef RESTORE_KUBE_SAME_H
#define RESTORE_KUBE_SAME_H

#include "restore/kube/target.h"

#include <stdbool.h>

struct json_object;
struct outcome;
struct prepared;

/* Whether an existing object has everything that is wanted, and no field of
 * ours beyond that. */
bool same_as_wanted(const struct applier *a, const struct json_object *live,
    const struct prepared *wanted);
/* With --existing=skip: the outcome of an existing object. */
void same_left_alone(struct outcome *outcome, bool same);
/* With --existing=update, those of the nodes that exist and are equal become
 * UNCHANGED; with skip, existing ones become SKIPPED or DIFFERS. */
void same_unchanged(struct applier *a, const uint32_t *nodes, size_t count);

#endif
