/*
 * An object that is not there yet.
 */
#ifndef RESTORE_KUBE_CREATE_H
#define RESTORE_KUBE_CREATE_H

#include "restore/kube/task.h"

/* TASK_UPDATE where it turns out to be there. */
enum task_next create_object(struct task *t);
/* For a dry run, where its namespace is not there yet: what can be known of it
 * without. The server checks it as an object of the namespace "default", and
 * what it refuses as invalid or drops there it refuses or drops everywhere. */
void create_try_elsewhere(struct task *t);

#endif
