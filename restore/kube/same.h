/*
 * Finds objects that are equal in the target already by listing them, with far
 * fewer requests than one for each.
 */
#ifndef RESTORE_KUBE_SAME_H
#define RESTORE_KUBE_SAME_H

#include "restore/kube/target.h"

/* With --existing=update, sets the nodes that exist and are equal to
 * UNCHANGED. */
void same_unchanged(struct applier *a, const uint32_t *nodes, size_t count);

#endif
