/*
 * Reads one entry of a kubeconfig file, a cluster or a user, into a
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

/* Server, authority and transport. -1 with ERR_USAGE or ERR_FORMAT, whose
 * message names the file and the alternative. */
int kube_entry_cluster(struct kube_access *a, struct kube_entry e,
    const struct kube_access_options *o, struct err *err);
/* Credentials, or how to get them, and impersonation. */
int kube_entry_user(
    struct kube_access *a, struct kube_entry e, struct err *err);

#endif
