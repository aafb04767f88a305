/*
 * What an API server claims to serve but cannot: tells apart what another
 * server is to answer for, and is down. Pure.
 */
#ifndef STORAGE_KUBE_UNAVAILABLE_H
#define STORAGE_KUBE_UNAVAILABLE_H

#include "storage/kube/api.h"

#include <stdbool.h>

/* A group and version of which it is not known what it serves, and why. If
 * `server_is_down`, it is broken: an APIService may be so for months. Groups of
 * Kubernetes itself are never broken in this way, and count as missing. */
void kube_unavailable_add(struct kube_api *api, const char *group_version,
    bool server_is_down, const char *why);

/* Reads an APIServiceList: a broken group that no other server serves, such as
 * custom resources, counts as missing after all. */
void kube_unavailable_settle(
    struct kube_api *api, const struct json_object *services);

/* "the API metrics.k8s.io/v1beta1 is registered and ..."; the caller frees. */
char *kube_unavailable_warning(const struct kube_api_unavailable *broken);

void kube_unavailable_done(struct kube_api_unavailable_vec *unavailable);

#endif
