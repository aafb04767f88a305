/*
 * Refusals by admission rules that are in no API: a server may read policies
 * and webhooks from files (manifest-based admission, since Kubernetes 1.36).
 * Nothing in a snapshot is such a rule, and no restore brings it back or
 * changes it.
 *
 * Source:
 * https://kubernetes.io/docs/reference/access-authn-authz/manifest-admission-control/;
 * the messages are those of 1.36.2.
 */
#ifndef RESTORE_KUBE_POLICY_H
#define RESTORE_KUBE_POLICY_H

#include "restore/kube/task.h"

/* Finds in a server's message the policy or webhook that refused. `webhook` is
 * set if it is a webhook, whose name does not tell where it is from; a policy
 * is found only if its name is one of those from files. Pure. */
bool policy_find(const char *message, struct buf *name, bool *webhook);

/* Whether the message is of such a rule. Asks the server for its webhooks if it
 * is of a webhook. */
bool policy_is_outside(struct task *t, const char *message);

/* Says in the outcome of a task that failed whether such a rule refused it. */
void policy_explain(struct task *t);

#endif
