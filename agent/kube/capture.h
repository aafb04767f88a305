/*
 * Kubernetes objects into kubernetes/<cluster>/..., one JSON text each, as the
 * API server wrote them but for the fields of updated statuses in managedFields
 * (storage/kube/item.h has the form, storage/archive/layout.h the paths).
 * Facts of an entry:
 *
 *     apiVersion, kind, name, namespace (where it has one)
 *     resource      "deployments.apps"
 *     namespaced    true or false
 *     uid
 *     owners        [{apiVersion, kind, name, uid, controller}], where any
 *     serial, lineage, terraform_version, resources, encrypted, workspace
 *                   of a Terraform state in a Secret of the Kubernetes backend
 *     helm          {release, revision, status} of a Secret of Helm's
 *
 * One list a resource where that can be, several resources at once, each page
 * on its way into the archive while it arrives.
 */
#ifndef AGENT_KUBE_CAPTURE_H
#define AGENT_KUBE_CAPTURE_H

#include "agent/capture/capture.h"
#include "storage/base/str.h"
#include "storage/kube/client.h"
#include "storage/kube/select.h"

#include <stddef.h>
#include <stdint.h>

/* Borrowed throughout; NULL or empty lists select everything. */
struct capture_kube_cluster {
	const char *name; /* in the archive; a single safe path part */
	struct kube_client *client;
	const struct strvec *namespaces; /* names and globs */
	const char *namespace_labels;	 /* a label selector, or NULL */
	const struct strvec *exclude_namespaces;
	const struct strvec *resources; /* globs: resource or resource.group */
	const struct strvec *exclude_resources;
	const char *labels; /* a label selector for what is in namespaces */
	enum kube_scope cluster_scope;
	bool one_revision; /* objects of two moments make it partial */
	const struct strvec *tolerate_forbidden; /* globs, as resources */
	bool keep_useless;    /* also what kube_select leaves out by default */
	size_t lists_at_once; /* 0: 4 */
	size_t page_size;     /* items; 0: 500 */
	uint64_t max_page_bytes; /* 0: 1 GiB; pages are not held in memory */
	size_t max_item_bytes;	 /* 0: 16 MiB */
	int stall_timeout_ms;	 /* 0: the default of http.h */
};

struct capture_kube_options {
	const struct capture_kube_cluster *clusters;
	size_t cluster_count;
};

/*
 * All clusters, one after the other, in lanes of RANK_KUBERNETES from index 0;
 * the caller says archive_writer_rank_done afterwards. The summary is
 *
 *     {"clusters": [{"name", "server", "server_version",
 *       "uid",                            of its namespace kube-system, where
 *                                         that may be read: what the field
 *                                         takes for a cluster's identity
 *       "started", "finished",            RFC 3339, of the lists
 *       "objects", "bytes", "namespaces": [...],
 *       "revisions": ["<resourceVersion>"]  at which all was read; more where
 *                                         the server forgot one meanwhile,
 *       "other_revisions": [{"resource", "namespace" (of one alone),
 *         "resource_version", "reason"}]    lists that are of none of these,
 *       "resources": [{"resource", "kind", "version", "versions": [...],
 *         "storage_version" (where known), "namespaced", "objects",
 *         "bytes", "left_out": {"<reason>": count},
 *         "lists": [{"namespace" (of one alone), "resource_version",
 *           "listed", "restarts" (that it was read anew, where it was)}]}],
 *       "left_out": [{"resource", "reason", "objects"},
 *         {"namespace", "reason"}],
 *       "forbidden": [{"resource", "namespace", "tolerated"}],
 *       "states": [{"namespace", "name", "workspace", "serial", "lineage",
 *         "terraform_version", "resources", "encrypted"}],
 *       "broken": ["metrics.k8s.io/v1beta1"]}]}
 *
 * A broken API is one whose own server is down. What else the cluster does not
 * say that it serves is missing in the report.
 *
 * -1 only with ERR_CANCELLED, or where the archive cannot be written; what
 * else went wrong is in the report.
 */
int capture_kube(const struct capture_kube_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err);

/* What a capture of the cluster would not get, found out without reading it:
 * what the server serves, which namespaces are there, and whether each list
 * may be read. The report's summary is that of the cluster, as above; of
 * resources it has "resource" and "kind". -1 only with ERR_CANCELLED. */
int capture_kube_check(const struct capture_kube_cluster *c,
    const struct capture_env *env, struct capture_report *report,
    struct err *err);

#endif
