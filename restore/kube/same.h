/*
 * Objects that the target has already as they are to be, found by lists: far
 * fewer requests than one each.
 */
#ifndef RESTORE_KUBE_SAME_H
#define RESTORE_KUBE_SAME_H

#include "restore/kube/target.h"

/* Under --existing=update, those of the nodes that are there and equal become
 * UNCHANGED. */
void same_unchanged(struct applier *a, const uint32_t *nodes, size_t count);

#endif
