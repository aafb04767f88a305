/*
 * How to reach a cluster, and with which credentials: a kubeconfig file as
 * client-go reads it
 * (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/), or the
 * credentials of a pod. It only reads what is written; identity.h gets tokens
 * from it and renews them.
 *
 * Refused by name: auth-provider plugins (removed from Kubernetes in 1.26), and
 * insecure-skip-tls-verify unless the caller allows it, too.
 */
#ifndef STORAGE_KUBE_KUBECONFIG_H
#define STORAGE_KUBE_KUBECONFIG_H

#include "storage/base/err.h"
#include "storage/base/secret.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* A command that prints an ExecCredential. */
struct kube_exec {
	char *api_version; /* client.authentication.k8s.io/v1 or v1beta1 */
	char *command;	   /* with a slash: resolved against its kubeconfig */
	struct strvec args;
	struct strvec env; /* "NAME=value", added to ours */
	bool cluster_info; /* it wants the cluster in KUBERNETES_EXEC_INFO */
};

/* One context, resolved. All owned; NULL where not given. */
struct kube_access {
	char *name;    /* of the context, or "in-cluster"; for messages */
	char *cluster; /* the cluster's name in the file */
	char *server;  /* URL without a trailing slash */
	char *namespace_;
	char *ca_file;
	char *ca_pem;
	char *tls_server_name;
	char *proxy;
	bool insecure_skip_verify;
	/* Client certificate: files, or PEM out of the kubeconfig. */
	char *cert_file;
	char *key_file;
	char *cert_pem;
	struct secret *key_pem;
	/* Bearer token: a file (read again when it changes) wins. */
	char *token_file;
	struct secret *token;
	char *username; /* basic authentication */
	struct secret *password;
	struct kube_exec *exec;
	/* Impersonation: sent as Impersonate-* headers. */
	char *as_user;
	char *as_uid;
	struct strvec as_groups;
	struct strvec as_extra; /* "key: value", the key percent-encoded */
};

struct kube_access_options {
	/* A path, or several with ':' between them as KUBECONFIG has them
	 * (what the earlier ones name wins). NULL: $KUBECONFIG, then
	 * ~/.kube/config, then a pod's credentials. Borrowed. */
	const char *kubeconfig;
	const char *context; /* NULL: the current one */
	bool in_cluster;     /* a pod's credentials and nothing else */
	bool allow_insecure; /* whether insecure-skip-tls-verify is allowed */
};

/* NULL with ERR_NOT_FOUND (no such file or context), ERR_USAGE (it asks for
 * something that is not supported; the message names it and the alternative),
 * or ERR_FORMAT. */
struct kube_access *kube_access_load(
    const struct kube_access_options *o, struct err *err);

/* The same from a text: pure, so that it can be fuzzed. Relative paths start
 * from `dir`; `name` is for messages. */
struct kube_access *kube_access_parse(const char *text, size_t len,
    const char *dir, const char *name, const struct kube_access_options *o,
    struct err *err);

/* Of a pod: KUBERNETES_SERVICE_HOST and _PORT, and token, ca.crt and namespace
 * in `dir` (NULL: /var/run/secrets/kubernetes.io/serviceaccount). */
struct kube_access *kube_access_in_cluster(const char *dir, struct err *err);

void kube_access_free(struct kube_access *a); /* takes NULL */
void kube_access_freep(struct kube_access **a);

#endif
