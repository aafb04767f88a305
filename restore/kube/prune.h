/*
 * Objects of the target that the snapshot does not have.
 */
#ifndef RESTORE_KUBE_PRUNE_H
#define RESTORE_KUBE_PRUNE_H

#include "restore/kube/target.h"

/* Deletes what the plan lists for pruning, unless something could not be
 * restored. */
void prune_objects(struct applier *a);

#endif
