/*
 * Controllers that would act on a half-restored platform are restored paused,
 * and released when everything is restored.
 */
#ifndef RESTORE_KUBE_QUIESCE_H
#define RESTORE_KUBE_QUIESCE_H

#include "restore/kube/target.h"

/* Releases what the journal says is paused, in order. */
void quiesce_release(struct applier *a);

#endif
