#include "storage/kube/select.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/token.h"

#include <string.h>

/* Kinds that a cluster makes again by itself, or that mean nothing elsewhere.
 */
static const struct {
	const char *key; /* a glob on the resource's key */
	const char *reason;
} useless[] = {
    {"events", "events pass"},
    {"events.events.k8s.io", "events pass"},
    {"leases.coordination.k8s.io", "held by running programs"},
    {"leasecandidates.coordination.k8s.io", "held by running programs"},
    {"nodes", "machines register themselves"},
    {"csinodes.storage.k8s.io", "machines register themselves"},
    {"csistoragecapacities.storage.k8s.io", "published by drivers"},
    {"volumeattachments.storage.k8s.io", "made by the attach controller"},
    {"componentstatuses", "a view, not an object"},
    {"ipaddresses.networking.k8s.io", "allocated by the API server"},
    {"resourceslices.resource.k8s.io", "published by drivers"},
    {"resourcepoolstatusrequests.resource.k8s.io", "asked and answered once"},
    {"storageversionmigrations.storagemigration.k8s.io",
	"rewrites once what one cluster stores"},
    {"podcertificaterequests.certificates.k8s.io", "asked and answered once"},
    {"*.metrics.k8s.io", "measurements"},
    {"orders.acme.cert-manager.io", "made by cert-manager as it works"},
    {"challenges.acme.cert-manager.io", "made by cert-manager as it works"},
    {"certificaterequests.cert-manager.io", "made by cert-manager as it works"},
    {"ingresses.extensions", "the same as ingresses.networking.k8s.io"},
};

/* Objects that a controller makes again for their owner. */
static const char *const owned[] = {
    "pods", "replicasets.apps", "controllerrevisions.apps"};

bool kube_select_fits(const char *glob, const struct kube_resource *r)
{
	return str_glob(glob, r->key) || str_glob(glob, r->name);
}

bool kube_select_matches(
    const struct strvec *globs, const struct kube_resource *r)
{
	for (size_t i = 0; globs && i < globs->len; i++)
		if (kube_select_fits(globs->items[i], r))
			return true;
	return false;
}

/* A group below *.k8s.io need not be Kubernetes' own: snapshots and gateways
 * are custom. */
bool kube_select_group_is_builtin(const char *group)
{
	static const char *const builtin[] = {"", "apps", "autoscaling",
	    "batch", "extensions", "policy", "admissionregistration.k8s.io",
	    "apiextensions.k8s.io", "apiregistration.k8s.io",
	    "authentication.k8s.io", "authorization.k8s.io",
	    "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
	    "events.k8s.io", "flowcontrol.apiserver.k8s.io",
	    "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io",
	    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io",
	    "storage.k8s.io", "storagemigration.k8s.io"};

	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++)
		if (str_eq(group, builtin[i]))
			return true;
	return false;
}

const char *kube_select_resource(
    const struct kube_selection *s, const struct kube_resource *r)
{
	if (!r->listable)
		return "cannot be listed and read";
	if (s->resources && s->resources->len &&
	    !kube_select_matches(s->resources, r))
		return "not selected";
	if (kube_select_matches(s->exclude_resources, r))
		return "excluded by the configuration";
	if (s->keep_useless)
		return NULL;
	for (size_t i = 0; i < sizeof(useless) / sizeof(*useless); i++)
		if (str_glob(useless[i].key, r->key))
			return useless[i].reason;
	return NULL;
}

int kube_select_belongs(const struct kube_resource *r, const char *ns,
    const struct kube_item *item, struct err *err)
{
	if (r->namespaced && !item->ns.len)
		return err_set(err, ERR_FORMAT, "'%s' has no namespace",
		    buf_str(&item->name));
	if (!r->namespaced && item->ns.len)
		return err_set(err, ERR_FORMAT,
		    "'%s' has a namespace, and its kind has none",
		    buf_str(&item->name));
	if (ns && !str_eq(buf_str(&item->ns), ns))
		return err_set(err, ERR_FORMAT,
		    "'%s' came in the list of another namespace",
		    buf_str(&item->name));
	return 0;
}

const char *kube_select_with(
    const struct kube_resource *r, const struct kube_item *item)
{
	if (r->namespaced)
		return buf_str(&item->ns);
	return str_eq(r->key, "namespaces") ? buf_str(&item->name) : NULL;
}

bool kube_select_is_marked(const struct kube_item *item)
{
	const struct json_range in[] = {item->annotations, item->labels};

	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf value = BUF_INIT;
		if (kube_item_lookup(in[i], KUBE_EXCLUDE_MARK, &value) &&
		    str_eq(buf_str(&value), "true"))
			return true;
	}
	return false;
}

/* The object as a tree, for the few kinds whose metadata is not enough; such
 * objects are small. */
static struct json_object *tree(const struct kube_item *item)
{
	struct err ignored = ERR_INIT;

	return json_parse(item->text, item->len, &ignored);
}

/* Whether the token controller made the Secret, rather than a user who wanted a
 * token of that account: then only the controller wrote its type, or the
 * account lists it. Judging by the name would lose a Secret of a user who chose
 * such a name. */
static bool is_made_token(const struct kube_item *item)
{
	if (!kube_item_lookup(
		item->annotations, "kubernetes.io/service-account.name", NULL))
		return false;
	cleanup(json_freep) struct json_object *j = tree(item);
	return kube_token_made_by(j) == KUBE_TOKEN_CONTROLLER;
}

/* Endpoints by which programs elect a leader, and those of the API server
 * itself. Others are made from a Service, or by hand if the Service has no
 * selector; a restore decides that, since it sees the Service. */
static bool is_useless_endpoints(const struct kube_item *item)
{
	return kube_item_lookup(item->annotations,
	    "control-plane.alpha.kubernetes.io/leader", NULL);
}

static bool is_of_api_server(const struct kube_item *item)
{
	return str_eq(buf_str(&item->name), "kubernetes") &&
	       str_eq(buf_str(&item->ns), "default");
}

/* https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
static bool is_made_slice(const struct kube_item *item)
{
	cleanup(buf_done) struct buf by = BUF_INIT;

	return kube_item_lookup(item->labels,
		   "endpointslice.kubernetes.io/managed-by", &by) &&
	       (str_eq(buf_str(&by), "endpointslice-controller.k8s.io") ||
		   str_eq(buf_str(&by),
		       "endpointslicemirroring-controller.k8s.io"));
}

static const char *select_endpoints(
    const struct kube_resource *r, const struct kube_item *item)
{
	bool slices = str_eq(r->key, "endpointslices.discovery.k8s.io");

	if (!slices && !str_eq(r->key, "endpoints"))
		return NULL;
	if (is_of_api_server(item) ||
	    (slices ? is_made_slice(item) : is_useless_endpoints(item)))
		return "made from services and pods";
	return NULL;
}

/* The account that each namespace gets, if it was not changed. */
static bool is_bare_account(const struct kube_item *item)
{
	if (!str_eq(buf_str(&item->name), "default"))
		return false;
	cleanup(json_freep) struct json_object *j = tree(item);
	const struct json_object *secrets = json_get(j, "secrets");
	for (size_t i = 0; i < json_len(secrets); i++) {
		const char *name = json_get_str(json_at(secrets, i), "name");
		if (!name || !str_starts(name, "default-token-") ||
		    kube_token_is_listed_by_hand(j, name))
			return false;
	}
	const struct json_object *metadata = json_get(j, "metadata");
	/* It gets one. */
	return j && json_len(secrets) <= 1 &&
	       !json_len(json_get(j, "imagePullSecrets")) &&
	       !json_get(j, "automountServiceAccountToken") &&
	       !json_len(json_get(metadata, "annotations")) &&
	       !json_len(json_get(metadata, "labels"));
}

const char *kube_select_object(const struct kube_selection *s,
    const struct kube_resource *r, const struct kube_item *item)
{
	if (kube_select_is_marked(item))
		return "marked " KUBE_EXCLUDE_MARK;
	if (s->keep_useless)
		return NULL;
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		if (str_eq(r->key, owned[i]) && kube_item_has_controller(item))
			return "owned by a controller";
	if (str_eq(r->key, "configmaps") &&
	    (str_eq(buf_str(&item->name), "kube-root-ca.crt") ||
		str_eq(buf_str(&item->name), "openshift-service-ca.crt")))
		return "the cluster's own CA";
	if (str_eq(r->key, "servicecidrs.networking.k8s.io") &&
	    str_eq(buf_str(&item->name), "kubernetes"))
		return "made by the API server of its flags";
	if (str_eq(r->key, "secrets") && is_made_token(item))
		return "a token made by the controller";
	if (str_eq(r->key, "serviceaccounts") && is_bare_account(item))
		return "the default account, as it came";
	return select_endpoints(r, item);
}

bool kube_select_namespace(
    const struct strvec *wanted, const struct strvec *exclude, const char *name)
{
	if (exclude && str_glob_any(exclude, name))
		return false;
	return !wanted || !wanted->len || str_glob_any(wanted, name);
}

bool kube_select_names_all(const struct strvec *wanted, const char *labels)
{
	if (!wanted || !wanted->len || (labels && *labels))
		return false;
	VEC_EACH (wanted, name)
		if (str_is_glob(*name))
			return false;
	return true;
}

#define RBAC ".rbac.authorization.k8s.io"

const char *kube_select_referenced(size_t i)
{
	static const char *const keys[] = {"clusterrolebindings" RBAC,
	    "persistentvolumes", "apiservices.apiregistration.k8s.io",
	    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
	    "validatingwebhookconfigurations.admissionregistration.k8s.io",
	    "clusterroles" RBAC, "storageclasses.storage.k8s.io",
	    "priorityclasses.scheduling.k8s.io", "runtimeclasses.node.k8s.io",
	    "ingressclasses.networking.k8s.io",
	    "volumeattributesclasses.storage.k8s.io",
	    "deviceclasses.resource.k8s.io",
	    "customresourcedefinitions.apiextensions.k8s.io"};

	return i < sizeof(keys) / sizeof(*keys) ? keys[i] : NULL;
}

static bool is_referenced(const struct kube_resource *r)
{
	for (size_t i = 0; kube_select_referenced(i); i++)
		if (str_eq(kube_select_referenced(i), r->key))
			return true;
	return false;
}

const char *kube_select_scope(const struct kube_selection *s,
    const struct kube_resource *r, bool *referenced)
{
	*referenced = false;
	/* A captured namespace comes with its labels and annotations. */
	if (s->scope == KUBE_SCOPE_ALL || str_eq(r->key, "namespaces"))
		return NULL;
	if (s->scope == KUBE_SCOPE_NONE)
		return "cluster_scope is none";
	*referenced = is_referenced(r);
	if (*referenced || !kube_select_group_is_builtin(r->group) ||
	    str_starts(r->name, "validatingadmissionpolic") ||
	    str_starts(r->name, "mutatingadmissionpolic"))
		return NULL;
	return "not of a kind that captured objects need";
}
