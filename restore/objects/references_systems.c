#include "restore/objects/object.h"
#include "restore/objects/references_teller.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <ctype.h>
#include <string.h>

static const char name_of_parent[] = "made by it";

/* A webhook that fails closed must find its backend ready; one that fails
 * open does no harm without it. */
static void tell_webhooks(struct references_teller *t)
{
	struct json_object *hooks = json_get(t->object, "webhooks");

	if (!str_ends(t->kind, "WebhookConfiguration"))
		return;
	for (size_t i = 0; i < json_len(hooks); i++) {
		struct json_object *hook = json_at(hooks, i);
		struct json_object *service =
		    json_path(hook, "clientConfig", "service", NULL);
		bool open =
		    str_eq(json_get_str(hook, "failurePolicy"), "Ignore");

		references_tell(t, "", "Service",
		    json_get_str(service, "namespace"),
		    json_get_str(service, "name"),
		    open ? EDGE_ORDER : EDGE_HOLDS, !open,
		    "webhooks.clientConfig.service");
	}
}

/* `name = "value"` in HCL; the caller frees. */
static char *hcl_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += len) {
		if (p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '_'))
			continue;
		const char *q = p + len + strspn(p + len, " \t");
		if (*q != '=')
			continue;
		q += 1 + strspn(q + 1, " \t");
		const char *end = *q == '"' ? strpbrk(q + 1, "\"\n") : NULL;
		if (end && *end == '"')
			return str_ndup(q + 1, (size_t)(end - q - 1));
	}
	return NULL;
}

static void tell_state(
    struct references_teller *t, const char *bucket, const char *key)
{
	const char *workspace =
	    json_str(json_pointer(t->object, "/spec/workspace"));

	if (!bucket || !key)
		return;
	autofree char *name = str_printf("%s/%s", bucket, key);
	references_tell(
	    t, "@", "State", NULL, name, EDGE_HOLDS, false, "Terraform state");
	if (workspace && !str_eq(workspace, "default")) {
		autofree char *of_workspace =
		    str_printf("%s/env:/%s/%s", bucket, workspace, key);
		references_tell(t, "@", "State", NULL, of_workspace, EDGE_HOLDS,
		    false, "Terraform state of the workspace");
	}
}

/* HCL of a backend "s3" in any text below. */
static void tell_states_in(struct references_teller *t, struct json_object *j)
{
	const char *text = json_str(j);

	if (text) {
		const char *backend = strstr(text, "backend \"s3\"");
		if (!backend)
			return;
		autofree char *bucket = hcl_value(backend, "bucket");
		autofree char *key = hcl_value(backend, "key");
		tell_state(t, bucket, key);
	} else if (json_kind(j) == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(j); i++)
			tell_states_in(t, json_at(j, i));
	} else {
		for (struct json_iter it = json_iter(j); json_next(&it);)
			tell_states_in(t, it.value);
	}
}

static void tell_terraform(struct references_teller *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	struct json_object *s3 = json_path(spec, "backend", "s3", NULL);
	struct json_object *config = json_get(spec, "backendConfig");

	if (!str_eq(t->kind, "Terraform") && !str_eq(t->kind, "Workspace") &&
	    !strstr(t->group, "terraform") && !strstr(t->group, "tf."))
		return;
	tell_state(t, json_get_str(s3, "bucket"), json_get_str(s3, "key"));
	tell_states_in(t, spec);
	if (!str_eq(t->kind, "Terraform"))
		return;
	/* tofu-controller's own default: the state is a Secret. */
	const char *workspace = json_get_str(spec, "workspace");
	const char *suffix = json_get_str(config, "secretSuffix");
	if (!suffix)
		suffix = json_str(json_pointer(t->object, "/metadata/name"));
	autofree char *secret = str_printf("tfstate-%s-%s",
	    workspace ? workspace : "default", suffix ? suffix : "");
	references_tell(t, "", "Secret", t->namespace, secret, EDGE_HOLDS,
	    false, "Terraform state in a Secret");
}

static void tell_helm(struct references_teller *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *name = json_str(json_pointer(t->object, "/metadata/name"));
	const char *target = json_get_str(spec, "targetNamespace");
	const char *release = json_get_str(spec, "releaseName");
	const char *storage = json_get_str(spec, "storageNamespace");

	if (!rules_kind_fits(
		"HelmRelease.helm.toolkit.fluxcd.io", t->group, t->kind))
		return;
	autofree char *made =
	    target ? str_printf("%s-%s", target, name ? name : "")
		   : str_dup(name);
	references_tell(t, "@", "Release", storage ? storage : t->namespace,
	    release ? release : made, EDGE_HOLDS, false, "Helm release Secret");
}

/* A composite comes after its claim, whose child it is: neither owns the other,
 * for they are of different scopes. */
static void tell_claim(struct references_teller *t, struct json_object *spec)
{
	const struct json_object *claim = json_get(spec, "claimRef");
	autofree char *group = object_group(json_get_str(claim, "apiVersion"));
	const char *kind = json_get_str(claim, "kind");

	if (!kind || !*group) /* a volume has one, too */
		return;
	references_tell(t, group, kind, json_get_str(claim, "namespace"),
	    json_get_str(claim, "name"), EDGE_ORDER, false, "spec.claimRef");
}

static void tell_crossplane(struct references_teller *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *config =
	    json_str(json_path(spec, "providerConfigRef", "name", NULL));

	tell_claim(t, spec);
	if (!json_get(spec, "forProvider") && !config)
		return;
	references_tell(t, "@", "Packages", NULL, "all", EDGE_HOLDS, true,
	    "Crossplane packages");
	/* s3.aws.crossplane.io is configured by aws.crossplane.io. */
	for (const char *g = t->group; config && g && *g;
	     g = strchr(g, '.') ? strchr(g, '.') + 1 : NULL) {
		autofree char *name = str_printf("%s/%s", g, config);
		references_tell(t, "@", "Config", NULL, name, EDGE_REFERENCE,
		    false, "spec.providerConfigRef");
	}
}

/* What was made by another controller's object is its child: it is to be let
 * go after it. A source is not: its parent may be read from it. */
static void tell_flux_parent(struct references_teller *t)
{
	static const struct {
		const char *group;
		const char *kind;
	} parents[] = {{"kustomize.toolkit.fluxcd.io", "Kustomization"},
	    {"helm.toolkit.fluxcd.io", "HelmRelease"}};
	const struct json_object *labels =
	    json_path(t->object, "metadata", "labels", NULL);

	if (!str_eq(t->kind, "Kustomization") &&
	    !str_eq(t->kind, "HelmRelease") && !str_eq(t->kind, "Terraform"))
		return;
	for (size_t i = 0; i < sizeof(parents) / sizeof(*parents); i++) {
		autofree char *name = str_printf("%s/name", parents[i].group);
		autofree char *ns =
		    str_printf("%s/namespace", parents[i].group);

		references_tell(t, parents[i].group, parents[i].kind,
		    json_get_str(labels, ns), json_get_str(labels, name),
		    EDGE_ORDER, false, name_of_parent);
	}
}

/* The application that made it, by either way of tracking. */
static void tell_argocd_parent(struct references_teller *t)
{
	const struct json_object *meta = json_get(t->object, "metadata");
	const char *id = json_get_str(
	    json_get(meta, "annotations"), "argocd.argoproj.io/tracking-id");
	const char *label = json_get_str(
	    json_get(meta, "labels"), "app.kubernetes.io/instance");
	autofree char *name =
	    id ? str_ndup(id, strcspn(id, ":")) : str_dup(label);

	if (rules_kind_fits("Application*.argoproj.io", t->group, t->kind))
		references_tell(t, "argoproj.io", "Application", t->namespace,
		    name, EDGE_ORDER, false, name_of_parent);
}

static void tell_argocd(struct references_teller *t)
{
	const struct json_object *labels =
	    json_path(t->object, "metadata", "labels", NULL);

	tell_argocd_parent(t);
	if (rules_kind_fits("Application.argoproj.io", t->group, t->kind))
		references_tell(t, "@", "Credentials", NULL, "argocd",
		    EDGE_REFERENCE, false, "repository and cluster Secrets");
	if (rules_kind_fits("Secret.core", t->group, t->kind) &&
	    json_get(labels, "argocd.argoproj.io/secret-type"))
		references_tell(t, "@", "Projects", NULL, "argocd", EDGE_ORDER,
		    false, "projects");
}

void references_tell_system(
    struct references_teller *t, const struct strvec *without)
{
	if (rules_used(without, "admission"))
		tell_webhooks(t);
	if (rules_used(without, "terraform"))
		tell_terraform(t);
	if (rules_used(without, "helm"))
		tell_helm(t);
	if (rules_used(without, "crossplane"))
		tell_crossplane(t);
	if (rules_used(without, "flux"))
		tell_flux_parent(t);
	if (rules_used(without, "argocd"))
		tell_argocd(t);
	if (rules_used(without, "gatekeeper") &&
	    str_eq(t->group, "constraints.gatekeeper.sh"))
		references_tell(t, "templates.gatekeeper.sh",
		    "ConstraintTemplate", NULL, t->kind, EDGE_REFERENCE, false,
		    "its template");
}
