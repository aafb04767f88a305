/*
 * What would act on a half-restored platform is restored paused, and released
 * when all is there.
 */
#ifndef RESTORE_KUBE_QUIESCE_H
#define RESTORE_KUBE_QUIESCE_H

#include "restore/kube/target.h"

/* Releases what the journal says is paused, in order. */
void quiesce_release(struct applier *a);

#endif
