/*
 * The clusters and users of kubeconfig files: what one entry says, taken into a
 * kube_access. Within kubeconfig.c alone. Pure.
 */
#ifndef STORAGE_KUBE_KUBECONFIG_ENTRY_H
#define STORAGE_KUBE_KUBECONFIG_ENTRY_H

#include "storage/base/err.h"
#include "storage/base/yaml.h"
#include "storage/kube/kubeconfig.h"

/* All borrowed; node NULL: there is no such entry. */
struct kube_entry {
	const struct yaml_node *node;
	const char *file; /* that names it, for messages */
	const char *dir;  /* that the relative paths in it start from */
};

/* A text; "" counts as not given, as in client-go. */
const char *kube_entry_text(struct kube_entry e, const char *key);

/* Server, authority and transport. -1 with ERR_USAGE or ERR_FORMAT, which name
 * the file and the way out. */
int kube_entry_cluster(struct kube_access *a, struct kube_entry e,
    const struct kube_access_options *o, struct err *err);
/* Credentials, or the way to them, and impersonation. */
int kube_entry_user(
    struct kube_access *a, struct kube_entry e, struct err *err);

#endif
