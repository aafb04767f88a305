/*
 * An object that is there already, by the operator's policy (--existing).
 */
#ifndef RESTORE_KUBE_EXISTING_H
#define RESTORE_KUBE_EXISTING_H

#include "restore/kube/task.h"

/* TASK_CREATE where it went away, or was deleted to be made anew. */
enum task_next existing_apply(struct task *t);

#endif
