/*
 * Treats an object that exists already by the operator's policy (--existing).
 */
#ifndef RESTORE_KUBE_EXISTING_H
#define RESTORE_KUBE_EXISTING_H

#include "restore/kube/task.h"

/* What stays as it is, since it is there: only looked at. TASK_CREATE where it
 * is there no longer. */
enum task_next existing_keep(struct task *t);
/* TASK_CREATE if it does not exist any more, or was deleted to be recreated. */
enum task_next existing_apply(struct task *t);

#endif
