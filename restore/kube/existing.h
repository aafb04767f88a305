/*
 * An object that is there already, by the operator's policy (--existing).
 */
#ifndef RESTORE_KUBE_EXISTING_H
#define RESTORE_KUBE_EXISTING_H

#include "restore/kube/task.h"

/* TASK_CREATE where it went away, or was deleted to be made anew. */
/* What stays as it is, since it is there: only looked at. TASK_CREATE where it
 * is there no longer. */
enum task_next existing_leave(struct task *t);
enum task_next existing_apply(struct task *t);

#endif
