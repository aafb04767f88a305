#include "restore/objects/exclude.h"

#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

bool exclude_is_made_secret(const char *name, const char *account)
{
	autofree char *token = str_printf("%s-token-?????", account);
	autofree char *docker = str_printf("%s-dockercfg-?????", account);

	return name && (str_glob(token, name) || str_glob(docker, name));
}

/* What is never restored. */
static const struct {
	const char *kind;
	const char *reason;
} left_out[] = {
    {"Event", "events tell of the past"},
    {"EndpointSlice.discovery.k8s.io", "made from its Service"},
    {"Lease.coordination.k8s.io", "held by what runs"},
    {"Node.core", "a node registers itself"},
    {"CSINode.storage.k8s.io", "a node registers itself"},
    {"VolumeAttachment.storage.k8s.io", "made by the attach controller"},
    {"ComponentStatus.core", "tells of the control plane"},
    {"*.metrics.k8s.io", "a measurement"},
    {"*.authentication.k8s.io", "a question, not an object"},
    {"*.authorization.k8s.io", "a question, not an object"},
    {"Order.acme.cert-manager.io", "made by cert-manager"},
    {"Challenge.acme.cert-manager.io", "made by cert-manager"},
    {"CertificateRequest.cert-manager.io", "made by cert-manager"},
    {"CertificateSigningRequest.certificates.k8s.io", "answered already"},
};

static const char *exclude_secret(
    const struct json_object *object, bool derived)
{
	const char *name = object_name(object);
	const char *account =
	    object_annotation(object, "kubernetes.io/service-account.name");

	if (str_eq(json_get_str(object, "type"),
		"kubernetes.io/service-account-token") &&
	    account && exclude_is_made_secret(name, account))
		return "a token that the control plane makes";
	if (derived)
		return NULL;
	if (object_is_owned(object, "ExternalSecret") ||
	    str_eq(
		object_label(object, "reconcile.external-secrets.io/managed"),
		"true"))
		return "made by its ExternalSecret; --derived restores it";
	return NULL;
}

static bool finished(const struct json_object *job)
{
	const struct json_object *conditions =
	    json_path(job, "status", "conditions", NULL);

	for (size_t i = 0; i < json_len(conditions); i++) {
		const struct json_object *c = json_at(conditions, i);
		const char *type = json_get_str(c, "type");

		if (str_eq(json_get_str(c, "status"), "True") &&
		    (str_eq(type, "Complete") || str_eq(type, "Failed")))
			return true;
	}
	return false;
}

static bool is_plain_default_account(const struct json_object *object)
{
	const char *name = object_name(object);

	return str_eq(name, "default") &&
	       json_len(json_get(object, "secrets")) <= 1 &&
	       !json_len(json_get(object, "imagePullSecrets")) &&
	       !json_len(json_path(object, "metadata", "annotations", NULL)) &&
	       !json_len(json_path(object, "metadata", "labels", NULL)) &&
	       !json_get(object, "automountServiceAccountToken");
}

static const char *exclude_core(
    const struct json_object *object, const char *kind, bool derived)
{
	const char *name = object_name(object);

	if (str_eq(kind, "Secret"))
		return exclude_secret(object, derived);
	if (str_eq(kind, "ConfigMap") && str_eq(name, "kube-root-ca.crt"))
		return "made in every namespace by the control plane";
	if (str_eq(kind, "ServiceAccount") && is_plain_default_account(object))
		return "made in every namespace by the control plane";
	if (str_eq(kind, "Endpoints") &&
	    object_annotation(
		object, "endpoints.kubernetes.io/last-change-trigger-time"))
		return "made from its Service";
	if (str_eq(kind, "Pod") && object_is_owned(object, NULL))
		return "made by its controller";
	return NULL;
}

/* What the API server makes at its start, and keeps as it is. */
static bool is_bootstrap(
    const struct json_object *object, const char *group, const char *kind)
{
	if (str_eq(group, "rbac.authorization.k8s.io"))
		return str_eq(
			   object_label(object, "kubernetes.io/bootstrapping"),
			   "rbac-defaults") &&
		       !str_eq(
			   object_annotation(object,
			       "rbac.authorization.kubernetes.io/autoupdate"),
			   "false");
	if (str_eq(group, "flowcontrol.apiserver.k8s.io"))
		return str_eq(object_annotation(
				  object, "apf.kubernetes.io/autoupdate-spec"),
		    "true");
	if (str_eq(kind, "PriorityClass"))
		return str_starts(object_name(object), "system-");
	return str_eq(kind, "Service") && *group == '\0' &&
	       str_eq(object_name(object), "kubernetes") &&
	       str_eq(object_namespace(object), "default");
}

const char *exclude_reason(const struct json_object *object, bool derived)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);

	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
		if (rules_kind_fits(left_out[i].kind, id.group, id.kind))
			return left_out[i].reason;
	if (object_is_terminating(object))
		return "was being deleted when it was captured";
	if (is_bootstrap(object, id.group, id.kind))
		return "kept by the API server itself";
	if (*id.group == '\0')
		return exclude_core(object, id.kind, derived);
	if (str_eq(id.group, "apps") && object_is_owned(object, NULL) &&
	    (str_eq(id.kind, "ReplicaSet") ||
		str_eq(id.kind, "ControllerRevision")))
		return "made by its controller";
	if (str_eq(id.group, "batch") && str_eq(id.kind, "Job") &&
	    finished(object))
		return "has ended, and would run again";
	if (str_eq(id.group, "apiregistration.k8s.io") &&
	    !json_path(object, "spec", "service", NULL))
		return "kept by the API server itself";
	return NULL;
}
