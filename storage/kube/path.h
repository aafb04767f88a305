/*
 * Paths of objects on an API server. Pure.
 */
#ifndef STORAGE_KUBE_PATH_H
#define STORAGE_KUBE_PATH_H

/* The path of a collection, or with `name` of an object, or with `subresource`
 * of that: api_version "v1" or "apps/v1", resource the plural ("deployments");
 * ns NULL for cluster scope (or a list over all namespaces). Names are
 * percent-encoded. The caller frees. */
char *kube_path(const char *api_version, const char *resource, const char *ns,
    const char *name, const char *subresource);

#endif
