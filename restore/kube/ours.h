/*
 * Whether what is there was made by this restore: by an earlier run of it, or
 * by a request whose answer got lost.
 */
#ifndef RESTORE_KUBE_OURS_H
#define RESTORE_KUBE_OURS_H

#include "restore/kube/task.h"

/* What is there with that UID: an earlier run made it, and died before it could
 * say so, or could make it only in part. */
bool ours_by_journal(const struct task *t, const char *uid);
/* The same, by the object itself too. */
bool ours_by_object(
    const struct task *t, const char *uid, const struct json_object *live);

#endif
