/*
 * Creates an object that does not exist yet.
 */
#ifndef RESTORE_KUBE_CREATE_H
#define RESTORE_KUBE_CREATE_H

#include "restore/kube/task.h"

/* TASK_UPDATE if it turns out to exist. */
enum task_next create_object(struct task *t);
/* For a dry run that its own namespace does not allow, for that reason. The
 * server checks it as an object of the namespace "default": what it refuses as
 * invalid or drops there, it refuses or drops in every namespace. */
void create_try_elsewhere(struct task *t, const char *reason);

#endif
