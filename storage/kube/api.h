/*
 * What an API server serves: every resource that has objects of its own, with
 * the version it prefers and all others, as discovery.h asked for it. Pure.
 */
#ifndef STORAGE_KUBE_API_H
#define STORAGE_KUBE_API_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct kube_resource {
	char *group;	    /* "" for the core group */
	char *version;	    /* preferred among those that serve it */
	char *api_version;  /* "v1", "apps/v1" */
	char *name;	    /* plural: "deployments" */
	char *kind;	    /* "Deployment" */
	char *key;	    /* "configmaps", "deployments.apps" */
	char *storage_hash; /* storageVersionHash, or NULL */
	bool namespaced;
	bool listable;		   /* verbs list and get */
	bool has_status;	   /* serves the subresource "status" */
	struct strvec verbs;	   /* of the preferred version */
	struct strvec short_names; /* of that version: "cm" */
	struct strvec versions; /* all that serve it, in the server's order */
};
VEC_DEFINE(kube_resource_vec, struct kube_resource);

/* A group and version of which it is not known what it serves. Owned. */
struct kube_api_unavailable {
	char *group_version;
	char *why;
};
VEC_DEFINE(kube_api_unavailable_vec, struct kube_api_unavailable);

struct kube_api {
	struct kube_resource_vec resources; /* sorted by key, by bytes */
	struct kube_api_unavailable_vec
	    broken; /* another server is down (unavailable.h) */
	struct kube_api_unavailable_vec unavailable; /* for any other reason */
	char *server_version;			     /* "v1.20.2", or NULL */
};
#define KUBE_API_INIT                                                          \
	{                                                                      \
		.server_version = NULL                                         \
	}

void kube_api_done(struct kube_api *api);

/* Borrowed, or NULL: the resource by its key, or by the apiVersion (of any
 * version that is served) and kind of an object. */
const struct kube_resource *kube_api_by_key(
    const struct kube_api *api, const char *key);
const struct kube_resource *kube_api_by_kind(
    const struct kube_api *api, const char *api_version, const char *kind);

/* Whether kubectl would take the word for it: name or key, kind in any case, a
 * short name. */
bool kube_api_is_called(const struct kube_resource *r, const char *word);

/* Merges one answer of discovery into *api. kube_api_add_aggregated reads an
 * APIGroupDiscoveryList; kube_api_add_list an APIResourceList of one group and
 * version (call in the server's order of preference, then sort). Both -1 with
 * ERR_FORMAT. */
int kube_api_add_aggregated(
    struct kube_api *api, const struct json_object *list, struct err *err);
int kube_api_add_list(struct kube_api *api, const char *group_version,
    const struct json_object *list, struct err *err);
void kube_api_sort(struct kube_api *api);
/* Reads only the storage version hashes from an APIResourceList. */
void kube_api_note_hashes(struct kube_api *api, const char *group_version,
    const struct json_object *list);

/* The version in which the server stores the objects, if it serves that
 * version; else NULL. Borrowed. Servers give a hash of it instead of its name:
 * the base64 of 8 bytes of SHA-256 over "group/version/kind"
 * (kubernetes/apiserver pkg/endpoints/discovery/storageversionhash.go). */
const char *kube_api_stored_version(const struct kube_resource *r);

#endif
