/*
 * Asks an API server what it serves. First in the aggregated format (one
 * request each for /api and /apis; Kubernetes 1.26 on); if the server does not
 * support that, one request for each group and version.
 *
 * A group whose server is down is a warning that names it, not a failure. A
 * group of which nothing is known for another reason is missing from the backup
 * (unavailable.h).
 */
#ifndef STORAGE_KUBE_DISCOVERY_H
#define STORAGE_KUBE_DISCOVERY_H

#include "storage/base/err.h"
#include "storage/kube/api.h"

struct kube_client;

/* Fills *api, which the caller releases, also on failure. */
int kube_discovery_read(
    struct kube_client *c, struct kube_api *api, struct err *err);

/* Asks for what the aggregated format does not say: in which version objects
 * are stored (kube_api_stored_version). NULL: asks for the groups of Kubernetes
 * itself, since definitions say it of custom ones. If it cannot be asked, it
 * stays unknown. */
void kube_discovery_stored_versions(struct kube_client *c, struct kube_api *api,
    const struct strvec *api_versions);

/* Adds the groups and versions ("metrics.k8s.io/v1beta1") that other servers
 * serve for this one, according to its APIServices. -1 as kube_client_get. */
int kube_discovery_elsewhere(
    struct kube_client *c, struct strvec *api_versions, struct err *err);

/* What the server says that it is, as "v1.33.2"; "?" where it does not. The
 * caller frees; NULL as kube_client_get. */
char *kube_discovery_version(struct kube_client *c, struct err *err);
/* Identifies a cluster: the UID of its namespace kube-system, which is made
 * with the cluster and cannot be deleted. The caller frees; NULL as
 * kube_client_get, mostly ERR_DENIED. */
char *kube_discovery_cluster_uid(struct kube_client *c, struct err *err);

#endif
