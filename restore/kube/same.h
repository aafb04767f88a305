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

/* Whether an object that is there has all that is wanted, and nothing of ours
 * beyond it. */
bool same_as_wanted(const struct applier *a, const struct json_object *live,
    const struct prepared *wanted);
/* Under --existing=skip: what an object that is there has become. */
void same_left_alone(struct outcome *outcome, bool same);
/* Under --existing=update, those of the nodes that are there and equal become
 * UNCHANGED; under skip, those that are there SKIPPED or DIFFERS. */
void same_unchanged(struct applier *a, const uint32_t *nodes, size_t count);

#endif
