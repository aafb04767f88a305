/*
 * An object that is not there yet.
 */
#ifndef RESTORE_KUBE_CREATE_H
#define RESTORE_KUBE_CREATE_H

#include "restore/kube/task.h"

/* TASK_UPDATE where it turns out to be there. */
enum task_next create_object(struct task *t);

#endif
