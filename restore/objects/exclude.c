#include "restore/objects/exclude.h"

#include "restore/objects/finished.h"
#include "restore/objects/object.h"
#include "restore/objects/ruleset.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/kube/token.h"

bool exclude_is_made_secret(const char *name, const char *account)
{
	autofree char *token = str_printf("%s-token-?????", account);
	autofree char *docker = str_printf("%s-dockercfg-?????", account);

	return name && (str_glob(token, name) || str_glob(docker, name));
}

static const char kept_by_server[] = "kept by the API server itself";
static const char in_every_namespace[] =
    "made in every namespace by the control plane";
static const char made_from_service[] = "made from its Service";

/* Objects that are never restored. */
static const struct {
	const char *kind;
	const char *reason;
} left_out[] = {
    {"Event", "events describe the past"},
    {"Lease.coordination.k8s.io", "held by a running program"},
    {"LeaseCandidate.coordination.k8s.io", "held by a running program"},
    {"Node.core", "a node registers itself"},
    {"CSINode.storage.k8s.io", "a node registers itself"},
    {"VolumeAttachment.storage.k8s.io", "made by the attach controller"},
    {"CSIStorageCapacity.storage.k8s.io", "published by a driver"},
    {"ResourceSlice.resource.k8s.io", "published by a driver"},
    {"ResourcePoolStatusRequest.resource.k8s.io", "answered already"},
    {"IPAddress.networking.k8s.io", "allocated by the API server"},
    {"StorageVersionMigration.storagemigration.k8s.io",
	"rewrites once what one cluster stores"},
    {"ComponentStatus.core", "describes the control plane"},
    {"*.metrics.k8s.io", "a measurement"},
    {"*.authentication.k8s.io", "a request, not a stored object"},
    {"*.authorization.k8s.io", "a request, not a stored object"},
    {"Order.acme.cert-manager.io", "made by cert-manager"},
    {"Challenge.acme.cert-manager.io", "made by cert-manager"},
    {"CertificateRequest.cert-manager.io", "made by cert-manager"},
    {"CertificateSigningRequest.certificates.k8s.io", "answered already"},
    {"PodCertificateRequest.certificates.k8s.io", "answered already"},
};

static bool is_plain_default_account(const struct json_object *object)
{
	const char *name = object_name(object);
	const struct json_object *secrets = json_get(object, "secrets");

	/* The control plane creates a token of its own. */
	for (size_t i = 0; i < json_len(secrets); i++) {
		const char *secret = json_get_str(json_at(secrets, i), "name");

		if (!exclude_is_made_secret(secret, "default") ||
		    kube_token_is_listed_by_hand(object, secret))
			return false;
	}
	return str_eq(name, "default") && json_len(secrets) <= 1 &&
	       !json_len(json_get(object, "imagePullSecrets")) &&
	       !json_len(json_path(object, "metadata", "annotations", NULL)) &&
	       !json_len(json_path(object, "metadata", "labels", NULL)) &&
	       !json_get(object, "automountServiceAccountToken");
}

/* Endpoints of the API server itself, which has a Service without a selector,
 * as users make them, too. */
static bool is_own_service(const struct json_object *object)
{
	return str_eq(object_name(object), "kubernetes") &&
	       str_eq(object_namespace(object), "default");
}

static const char *exclude_endpoints(const struct json_object *object)
{
	if (is_own_service(object))
		return kept_by_server;
	if (object_annotation(
		object, "control-plane.alpha.kubernetes.io/leader"))
		return "held by a running program";
	return NULL;
}

/* EndpointSlices of a controller are marked as such. The others belong to
 * users, or to a controller that is itself restored
 * (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/,
 * Management). */
static const char *exclude_slice(const struct json_object *object)
{
	static const char *const makers[] = {"endpointslice-controller.k8s.io",
	    "endpointslicemirroring-controller.k8s.io"};
	const char *by =
	    object_label(object, "endpointslice.kubernetes.io/managed-by");

	if (is_own_service(object))
		return kept_by_server;
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (str_eq(by, makers[i]))
			return made_from_service;
	return NULL;
}

/* The API server writes these at its start: the identity of its front proxy,
 * and since when it tracks which tokens are used. */
static bool is_own_config(const struct json_object *object)
{
	const char *name = object_name(object);

	return str_eq(object_namespace(object), "kube-system") &&
	       (str_eq(name, "extension-apiserver-authentication") ||
		   str_eq(name,
		       "kube-apiserver-legacy-service-account-token-tracking"));
}

/* The controller manager writes the first into every namespace, and that of
 * OpenShift the second as well (openshift/kubernetes,
 * openshift-kube-controller-manager/servicecacertpublisher/publisher.go). */
static bool is_published_ca(const char *name)
{
	return str_eq(name, "kube-root-ca.crt") ||
	       str_eq(name, "openshift-service-ca.crt");
}

/* Each restore leaves one of its own (restore/kube/marker.h). */
static bool is_marker(const struct json_object *object)
{
	return str_eq(object_namespace(object), "kube-system") &&
	       str_eq(object_name(object), "backstay-restored");
}

static const char *exclude_core(
    const struct json_object *object, const char *kind)
{
	const char *name = object_name(object);

	if (str_eq(kind, "ConfigMap") && is_published_ca(name))
		return in_every_namespace;
	if (str_eq(kind, "ConfigMap") && is_own_config(object))
		return kept_by_server;
	if (str_eq(kind, "ConfigMap") && is_marker(object))
		return "the marker of an earlier restore";
	if (str_eq(kind, "ServiceAccount") && is_plain_default_account(object))
		return in_every_namespace;
	if (str_eq(kind, "Endpoints"))
		return exclude_endpoints(object);
	if (str_eq(kind, "Pod") && object_is_owned(object, NULL))
		return "made by its controller";
	return NULL;
}

/* Objects that the API server creates at its start, and that were not changed.
 */
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
	if (str_eq(group, "networking.k8s.io"))
		return str_eq(kind, "ServiceCIDR") &&
		       str_eq(object_name(object), "kubernetes");
	if (str_eq(kind, "PriorityClass"))
		return str_starts(object_name(object), "system-");
	return str_eq(kind, "Service") && *group == '\0' &&
	       is_own_service(object);
}

/* Why an object of the past is of no use, or NULL. */
static const char *exclude_made(
    const struct json_object *object, const struct object_identity *id)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
		if (rules_kind_fits(left_out[i].kind, id->group, id->kind))
			return left_out[i].reason;
	if (*id->group == '\0')
		return exclude_core(object, id->kind);
	if (rules_kind_fits(
		"EndpointSlice.discovery.k8s.io", id->group, id->kind))
		return exclude_slice(object);
	if (str_eq(id->group, "apps") && object_is_owned(object, NULL) &&
	    (str_eq(id->kind, "ReplicaSet") ||
		str_eq(id->kind, "ControllerRevision")))
		return "made by its controller";
	return NULL;
}

static const char *exclude_derived(const struct json_object *object,
    const struct object_identity *id, const struct ruleset *rules)
{
	VEC_EACH (&rules->derived, r)
		if (rules_kind_fits(r->kind, id->group, id->kind) &&
		    (!r->label || object_label(object, r->label)) &&
		    (!r->owner || object_is_owned(object, r->owner)))
			return r->reason;
	return NULL;
}

struct exclude exclude_object(
    struct json_object *object, const struct exclude_options *o)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	struct exclude out = {.reason = exclude_made(object, &id)};

	if (!out.reason && ruleset_excludes(o->rules, id.group, id.kind))
		out.reason = "its kind is in restore.exclude_kinds";
	if (!out.reason && object_is_terminating(object))
		out.reason = "was being deleted when it was captured";
	if (!out.reason && !o->derived)
		out.reason = exclude_derived(object, &id, o->rules);
	if (!out.reason && !o->finished &&
	    finished_state(object, o->rules) == FINISHED_ENDED)
		out.reason = "has ended, and would run again";
	if (out.reason) {
		out.with_owned = out.reason != kept_by_server &&
				 out.reason != in_every_namespace;
		return out;
	}
	if (is_bootstrap(object, id.group, id.kind) ||
	    (str_eq(id.group, "apiregistration.k8s.io") &&
		!json_path(object, "spec", "service", NULL)))
		out.reason = kept_by_server;
	return out;
}

bool exclude_is_made_kind(const char *group, const char *kind)
{
	static const char *const kinds[] = {"Pod.core", "ReplicaSet.apps",
	    "ControllerRevision.apps", "Node.core", "EndpointSlice",
	    "Endpoints.core"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (rules_kind_fits(kinds[i], group, kind))
			return true;
	return false;
}

/* A Secret whose source is an external store; references.h says what its
 * ExternalSecret must be like. */
static struct exclude_condition secret_condition(
    const struct json_object *object, const struct exclude_options *o)
{
	struct exclude_condition c = {.kind = NULL};

	if (kube_token_made_by(object) == KUBE_TOKEN_HAND)
		return c;
	if (str_eq(json_get_str(object, "type"),
		"kubernetes.io/service-account-token")) {
		c.kind = "Token";
		c.namespace = object_namespace(object);
		c.name = object_name(object);
		c.reason = "a token that the control plane makes";
	} else if (!o->derived &&
		   !object_label(object, "argocd.argoproj.io/secret-type")) {
		/* Argo CD's Secrets are read by its controller. */
		c.kind = "Target";
		c.name = object_controller_uid(
		    object, "ExternalSecret.external-secrets.io");
		c.sources = true;
		c.reason = "made by its ExternalSecret; --derived restores it";
	}
	return c;
}

struct exclude_condition exclude_condition(
    const struct json_object *object, const struct exclude_options *o)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	struct exclude_condition c = {.kind = NULL};

	if (*id.group)
		return c;
	if (str_eq(id.kind, "Secret")) {
		c = secret_condition(object, o);
	} else if (str_eq(id.kind, "Endpoints")) {
		c.kind = "Selected";
		c.namespace = object_namespace(object);
		c.name = object_name(object);
		c.reason = made_from_service;
	}
	if (!c.name)
		c.kind = NULL;
	return c;
}
