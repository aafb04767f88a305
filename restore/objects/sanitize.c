#include "restore/objects/sanitize.h"

#include "restore/objects/exclude.h"
#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "restore/objects/snapshot_source.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

/* Whether an entry of the table applies to this object. */
typedef bool sanitize_when(
    const struct json_object *object, const struct sanitize_options *o);

/* A manifest that still names the other address could never be applied again.
 */
static bool was_applied(const struct json_object *object, const char *address)
{
	const char *applied = object_annotation(
	    object, "kubectl.kubernetes.io/last-applied-configuration");
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *written =
	    applied ? json_parse(applied, strlen(applied), &ignored) : NULL;

	return address && str_eq(address, json_str(json_path(written, "spec",
					      "clusterIP", NULL)));
}

static bool has_cluster_ip(
    const struct json_object *object, const struct sanitize_options *o)
{
	const char *address =
	    json_str(json_path(object, "spec", "clusterIP", NULL));

	return !str_eq(address, "None") && !o->fixed_address &&
	       !was_applied(object, address);
}

static bool volume_is_away(
    const struct json_object *object, const struct sanitize_options *o)
{
	(void)object;
	return !o->volume_restored;
}

static bool selector_is_made(
    const struct json_object *object, const struct sanitize_options *o)
{
	(void)o;
	return !json_truth(
	    json_path(object, "spec", "manualSelector", NULL), false);
}

static bool bundle_is_injected(
    const struct json_object *object, const struct sanitize_options *o)
{
	(void)o;
	return object_annotation(object, "cert-manager.io/inject-ca-from") ||
	       object_annotation(
		   object, "cert-manager.io/inject-ca-from-secret") ||
	       object_annotation(
		   object, "cert-manager.io/inject-apiserver-ca") ||
	       object_annotation(
		   object, "service.beta.openshift.io/inject-cabundle");
}

static bool is_token(
    const struct json_object *object, const struct sanitize_options *o)
{
	(void)o;
	return str_eq(json_get_str(object, "type"),
	    "kubernetes.io/service-account-token");
}

static bool status_goes(
    const struct json_object *object, const struct sanitize_options *o)
{
	(void)object;
	return !o->keep_status;
}

static const struct {
	const char *kind;    /* pattern as in rules.h */
	const char *pointer; /* of the object that holds it; pattern */
	const char *member;  /* removed from the object */
	sanitize_when *when; /* NULL: always */
} removed_fields[] = {
    {"*", "/metadata", "uid", NULL},
    {"*", "/metadata", "resourceVersion", NULL},
    {"*", "/metadata", "generation", NULL},
    {"*", "/metadata", "creationTimestamp", NULL},
    {"*", "/metadata", "selfLink", NULL},
    {"*", "/metadata", "deletionTimestamp", NULL},
    {"*", "/metadata", "deletionGracePeriodSeconds", NULL},
    {"*", "/metadata", "managedFields", NULL},
    {"*", "/metadata", "generateName", NULL},
    {"*", "/metadata", "clusterName", NULL},
    {"*", "", "status", status_goes},
    {"Namespace.core", "/spec", "finalizers", NULL},
    /* A sync that was in progress would be repeated, with an old revision. */
    {"Application.argoproj.io", "", "operation", NULL},

    {"Service.core", "/spec", "clusterIP", has_cluster_ip},
    {"Service.core", "/spec", "clusterIPs", has_cluster_ip},

    {"PersistentVolumeClaim.core", "/spec", "volumeName", volume_is_away},
    {"PersistentVolumeClaim.core", "/metadata/annotations",
	"pv.kubernetes.io/bind-completed", NULL},
    {"PersistentVolumeClaim.core", "/metadata/annotations",
	"pv.kubernetes.io/bound-by-controller", NULL},
    {"PersistentVolumeClaim.core", "/metadata/annotations",
	"volume.beta.kubernetes.io/storage-provisioner", NULL},
    {"PersistentVolumeClaim.core", "/metadata/annotations",
	"volume.kubernetes.io/storage-provisioner", NULL},
    {"PersistentVolumeClaim.core", "/metadata/annotations",
	"volume.kubernetes.io/selected-node", NULL},
    {"PersistentVolume.core", "/spec/claimRef", "uid", NULL},
    {"PersistentVolume.core", "/spec/claimRef", "resourceVersion", NULL},
    {"PersistentVolume.core", "/metadata/annotations",
	"pv.kubernetes.io/bound-by-controller", NULL},

    {"Pod.core", "/spec", "nodeName", NULL},
    {"Pod.core", "/spec", "priority", NULL},
    {"Pod.core", "/spec", "ephemeralContainers", NULL},

    {"Job.batch", "/spec", "selector", selector_is_made},
    {"Job.batch", "/metadata/labels", "controller-uid", selector_is_made},
    {"Job.batch", "/metadata/labels", "batch.kubernetes.io/controller-uid",
	selector_is_made},
    {"Job.batch", "/spec/template/metadata/labels", "controller-uid",
	selector_is_made},
    {"Job.batch", "/spec/template/metadata/labels",
	"batch.kubernetes.io/controller-uid", selector_is_made},

    {"Secret.core", "/metadata/annotations",
	"kubernetes.io/service-account.uid", is_token},
    {"Secret.core", "/data", "token", is_token},
    {"Secret.core", "/data", "ca.crt", is_token},
    {"Secret.core", "/data", "namespace", is_token},

    {"Deployment.apps", "/metadata/annotations",
	"deployment.kubernetes.io/revision", NULL},
    /* The server counts the changes of the template in it. */
    {"DaemonSet.apps", "/metadata/annotations",
	"deprecated.daemonset.template.generation", NULL},
    {"HorizontalPodAutoscaler.autoscaling", "/metadata/annotations",
	"autoscaling.alpha.kubernetes.io/conditions", NULL},
    {"HorizontalPodAutoscaler.autoscaling", "/metadata/annotations",
	"autoscaling.alpha.kubernetes.io/current-metrics", NULL},
    {"Endpoints.core", "/metadata/annotations",
	"endpoints.kubernetes.io/last-change-trigger-time", NULL},

    {"ValidatingWebhookConfiguration", "/webhooks/*/clientConfig", "caBundle",
	bundle_is_injected},
    {"MutatingWebhookConfiguration", "/webhooks/*/clientConfig", "caBundle",
	bundle_is_injected},
    {"CustomResourceDefinition", "/spec/conversion/webhook/clientConfig",
	"caBundle", bundle_is_injected},
    {"APIService", "/spec", "caBundle", bundle_is_injected},
};

static void remove_member(void *ctx, struct json_object *holder)
{
	if (json_kind(holder) == JSON_OBJECT)
		json_remove(holder, ctx);
}

/* Removes the items of an array for which fn returns true. */
static void drop_items(struct json_object *array,
    bool (*fn)(const struct json_object *item, const void *ctx),
    const void *ctx)
{
	for (size_t i = json_len(array);
	     json_kind(array) == JSON_ARRAY && i-- > 0;)
		if (fn(json_at(array, i), ctx))
			json_remove_at(array, i);
}

/* The finalizers of a deletion that was in progress. */
static bool is_deletion(const struct json_object *item, const void *ctx)
{
	const char *text = json_str(item);

	(void)ctx;
	return str_eq(text, "foregroundDeletion") || str_eq(text, "orphan");
}

static bool is_captured_secret(
    const struct sanitize_options *o, const char *name)
{
	return name && o->has_secret && o->has_secret(o->ctx, name);
}

/* The volume and mounts that admission adds to a Pod without any: the volume is
 * named after its Secret, or is projected. */
static bool is_token_volume(const struct json_object *volume, const void *ctx)
{
	const char *name = json_get_str(volume, "name");
	const char *secret =
	    json_str(json_path(volume, "secret", "secretName", NULL));

	if (!name)
		return false;
	if (json_get(volume, "projected"))
		return str_glob("kube-api-access-?????", name);
	return str_eq(secret, name) && str_glob("*-token-?????", name) &&
	       !is_captured_secret(ctx, secret);
}

struct pod {
	const struct json_object *volumes;
	const struct sanitize_options *o;
};

static bool is_token_mount(const struct json_object *mount, const void *ctx)
{
	const struct pod *pod = ctx;
	const char *name = json_get_str(mount, "name");

	if (!name || !str_starts(json_get_str(mount, "mountPath"),
			 "/var/run/secrets/kubernetes.io/serviceaccount"))
		return false;
	for (size_t i = 0; i < json_len(pod->volumes); i++) {
		const struct json_object *volume = json_at(pod->volumes, i);

		if (str_eq(json_get_str(volume, "name"), name))
			return is_token_volume(volume, pod->o);
	}
	return false;
}

static void drop_mounts(void *ctx, struct json_object *mounts)
{
	drop_items(mounts, is_token_mount, ctx);
}

static void clean_pod(
    struct json_object *object, const struct sanitize_options *o)
{
	struct json_object *volumes =
	    json_path(object, "spec", "volumes", NULL);
	struct pod pod = {.volumes = volumes, .o = o};

	rules_visit(
	    object, "/spec/containers/*/volumeMounts", drop_mounts, &pod);
	rules_visit(
	    object, "/spec/initContainers/*/volumeMounts", drop_mounts, &pod);
	drop_items(volumes, is_token_volume, o);
}

struct account {
	const char *name;
	const struct sanitize_options *o;
};

static bool is_made_secret(const struct json_object *item, const void *ctx)
{
	const struct account *account = ctx;
	const char *name = json_get_str(item, "name");

	return exclude_is_made_secret(name, account->name) &&
	       !is_captured_secret(account->o, name);
}

/* A list of which nothing is left is not sent: it would take away what the
 * target has made. */
static void drop_made(struct json_object *object, const char *member,
    const struct account *account)
{
	struct json_object *list = json_get(object, member);

	drop_items(list, is_made_secret, account);
	if (list && !json_len(list))
		json_remove(object, member);
}

static void clean_account(
    struct json_object *object, const struct sanitize_options *o)
{
	const struct account account = {.name = object_name(object), .o = o};

	if (!account.name)
		return;
	drop_made(object, "secrets", &account);
	drop_made(object, "imagePullSecrets", &account);
}

/* Whether a list of Secrets has one of that name. */
static bool lists(const struct json_object *secrets, const char *name)
{
	for (size_t i = 0; i < json_len(secrets); i++)
		if (str_eq(json_get_str(json_at(secrets, i), "name"), name))
			return true;
	return false;
}

static void keep_made_in(struct json_object *wanted,
    const struct json_object *live, const char *member, const char *account)
{
	const struct json_object *now = json_get(live, member);
	struct json_object *old = json_get(wanted, member);

	if (!json_len(old))
		return;
	struct json_object *all = json_new_array();
	for (size_t i = 0; i < json_len(now); i++) {
		const char *name = json_get_str(json_at(now, i), "name");

		if (lists(old, name) || exclude_is_made_secret(name, account))
			json_append(all, json_copy(json_at(now, i)));
	}
	for (size_t i = 0; i < json_len(old); i++)
		if (!lists(all, json_get_str(json_at(old, i), "name")))
			json_append(all, json_copy(json_at(old, i)));
	json_set(wanted, member, all);
}

void sanitize_keep_made(
    struct json_object *wanted, const struct json_object *live)
{
	const char *account = object_name(wanted);

	if (!account || !str_eq(json_get_str(wanted, "kind"), "ServiceAccount"))
		return;
	keep_made_in(wanted, live, "secrets", account);
	keep_made_in(wanted, live, "imagePullSecrets", account);
}

static bool was_written(
    const struct json_object *ports, const struct json_object *port)
{
	for (size_t i = 0; i < json_len(ports); i++) {
		const struct json_object *p = json_at(ports, i);

		if (json_get_int(p, "nodePort", 0) ==
		    json_get_int(port, "nodePort", -1))
			return true;
	}
	return false;
}

static bool was_noted(const struct json_object *numbers,
    const struct json_object *holder, const char *member)
{
	for (size_t i = 0; i < json_len(numbers); i++)
		if (json_int(json_at(numbers, i), 0) ==
		    json_get_int(holder, member, -1))
			return true;
	return false;
}

/* Node ports that a user chose stay. If it is not known who chose one, it
 * stays, too: moving a chosen port breaks what points at it, and a generated
 * one that is in use is reported (sanitize_drop_node_ports). */
static void clean_node_ports(
    struct json_object *service, const struct json_object *node_ports)
{
	const char *applied = object_annotation(
	    service, "kubectl.kubernetes.io/last-applied-configuration");
	struct json_object *ports = json_path(service, "spec", "ports", NULL);
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *written =
	    applied ? json_parse(applied, strlen(applied), &ignored) : NULL;

	for (size_t i = 0; i < json_len(ports); i++) {
		struct json_object *port = json_at(ports, i);
		bool keep = true;

		if (node_ports)
			keep = was_noted(node_ports, port, "nodePort");
		else if (written)
			keep = was_written(
			    json_path(written, "spec", "ports", NULL), port);
		if (!keep)
			json_remove(port, "nodePort");
	}
	/* Only the cloud's load balancer uses this port, and it is configured
	 * with the number that the Service has. */
	struct json_object *spec = json_get(service, "spec");
	if (spec && !was_noted(node_ports, spec, "healthCheckNodePort") &&
	    !json_path(written, "spec", "healthCheckNodePort", NULL))
		json_remove(spec, "healthCheckNodePort");
}

bool sanitize_drop_node_ports(struct json_object *service)
{
	struct json_object *ports = json_path(service, "spec", "ports", NULL);
	bool any = false;

	for (size_t i = 0; i < json_len(ports); i++) {
		struct json_object *port = json_at(ports, i);

		any |= json_get(port, "nodePort") != NULL;
		json_remove(port, "nodePort");
	}
	return any;
}

static void drop_if_empty(struct json_object *meta, const char *key)
{
	struct json_object *held = json_get(meta, key);

	if (held && json_kind(held) != JSON_STRING && json_len(held) == 0)
		json_remove(meta, key);
}

/* A sync does not continue here: its operation is recorded as ended. */
static void end_operation(struct json_object *application)
{
	struct json_object *state =
	    json_path(application, "status", "operationState", NULL);
	const char *phase = json_get_str(state, "phase");

	if (!str_eq(phase, "Running") && !str_eq(phase, "Terminating"))
		return;
	json_set_str(state, "phase", "Failed");
	json_set_str(state, "message",
	    "the operation was under way when it was captured, and was not "
	    "restored");
}

void sanitize_object(
    struct json_object *object, const struct sanitize_options *o)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	struct json_object *meta = json_get(object, "metadata");

	if (rules_kind_fits("Application.argoproj.io", id.group, id.kind))
		end_operation(object);
	snapshot_source_settle(object);
	for (size_t i = 0; i < sizeof(removed_fields) / sizeof(*removed_fields);
	     i++) {
		if (!rules_kind_fits(
			removed_fields[i].kind, id.group, id.kind) ||
		    (removed_fields[i].when &&
			!removed_fields[i].when(object, o)))
			continue;
		autofree char *member = str_dup(removed_fields[i].member);
		rules_visit(
		    object, removed_fields[i].pointer, remove_member, member);
	}
	if (json_kind(object) != JSON_OBJECT || json_kind(meta) != JSON_OBJECT)
		return;
	drop_items(json_get(meta, "finalizers"), is_deletion, NULL);
	if (*id.group == '\0' && str_eq(id.kind, "Service"))
		clean_node_ports(object, o->node_ports);
	else if (*id.group == '\0' && str_eq(id.kind, "Pod"))
		clean_pod(object, o);
	else if (*id.group == '\0' && str_eq(id.kind, "ServiceAccount"))
		clean_account(object, o);
	drop_if_empty(meta, "annotations");
	drop_if_empty(meta, "labels");
	drop_if_empty(meta, "finalizers");
	if (str_eq(id.kind, "Namespace"))
		drop_if_empty(object, "spec");
}
