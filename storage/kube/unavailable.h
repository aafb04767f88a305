/*
 * What an API server says that it serves, and that cannot be asked: which of it
 * another server is to answer for, and is down. Pure.
 */
#ifndef STORAGE_KUBE_UNAVAILABLE_H
#define STORAGE_KUBE_UNAVAILABLE_H

#include "storage/kube/api.h"

#include <stdbool.h>

/* A group and version that does not say what it serves, and why. Where its
 * `server_is_down`, it is broken: an APIService may be so for months.
 * Kubernetes' own groups are never so, and leave a gap. */
void kube_unavailable_add(struct kube_api *api, const char *group_version,
    bool server_is_down, const char *why);

/* With an APIServiceList: what is broken and has no other server, such as
 * custom resources, is a gap after all. */
void kube_unavailable_settle(
    struct kube_api *api, const struct json_object *services);

/* "the API metrics.k8s.io/v1beta1 is registered and ..."; the caller frees. */
char *kube_unavailable_warning(const struct kube_api_unavailable *broken);

void kube_unavailable_done(struct kube_api_unavailable_vec *unavailable);

#endif
