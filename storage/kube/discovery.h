/*
 * Asking an API server what it serves. First the aggregated form (one request
 * each for /api and /apis; Kubernetes 1.26 on), where the server does not
 * speak it the older one request per group and version.
 *
 * A group whose server is down is a warning that names it, not a failure; one
 * of which nothing is known for another reason is a gap (unavailable.h).
 */
#ifndef STORAGE_KUBE_DISCOVERY_H
#define STORAGE_KUBE_DISCOVERY_H

#include "storage/base/err.h"
#include "storage/kube/api.h"

struct kube_client;

/* Fills *api, which the caller releases, also on failure. */
int kube_discovery_read(
    struct kube_client *c, struct kube_api *api, struct err *err);

/* Asks for what the aggregated form does not tell: in which version objects are
 * kept (kube_api_stored_version). NULL: those of Kubernetes' own groups,
 * for of custom ones their definitions say it, where they are read. What cannot
 * be asked stays unknown. */
void kube_discovery_stored_versions(struct kube_client *c, struct kube_api *api,
    const struct strvec *api_versions);

/* Adds the groups and versions ("metrics.k8s.io/v1beta1") for which the server
 * asks others, as its APIServices say. -1 as kube_client_get. */
int kube_discovery_elsewhere(
    struct kube_client *c, struct strvec *api_versions, struct err *err);

/* What tells one cluster from another: the UID of its namespace kube-system,
 * which is made with the cluster and cannot be deleted. The caller frees; NULL
 * as kube_client_get, mostly ERR_DENIED. */
char *kube_discovery_cluster_uid(struct kube_client *c, struct err *err);

#endif
