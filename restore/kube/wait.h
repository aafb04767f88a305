/*
 * Waiting between attempts on a cluster.
 */
#ifndef RESTORE_KUBE_WAIT_H
#define RESTORE_KUBE_WAIT_H

#include "restore/kube/task.h"
#include "storage/base/backoff.h"

/* Between two attempts of a task; ends when the run has to stop. */
struct backoff wait_start(const struct task *t, int64_t limit_ms);
bool wait_more(const struct task *t, struct backoff *b);
/* Until the object with that UID is gone; -1 when a gate's time is over. */
int wait_gone(struct task *t, const char *uid, struct err *err);
/* Whether the failure is due to a webhook that did not answer, or to what the
 * cluster is still making by itself, and there will be another attempt; then
 * the outcome says what failed, and is PENDING. */
bool wait_postpones(struct task *t, const struct err *failure);

#endif
