/*
 * Asks an API server what the account may do, without doing it: a
 * SelfSubjectAccessReview, which every account may make.
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
#ifndef STORAGE_KUBE_REVIEW_H
#define STORAGE_KUBE_REVIEW_H

#include "storage/base/err.h"

#include <stdbool.h>

struct kube_client;

/* `group` "" for the core group; "*" stands for all verbs, groups, resources.
 * ns NULL: cluster scope, or in all namespaces. -1 as kube_client_send, and
 * with ERR_FORMAT if the answer does not say. */
int kube_review(struct kube_client *c, const char *verb, const char *group,
    const char *resource, const char *ns, bool *allowed, struct err *err);

#endif
