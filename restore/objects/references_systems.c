#include "restore/objects/references_systems.h"

#include "restore/objects/object.h"
#include "restore/objects/references.h"
#include "restore/objects/references_secrets.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <ctype.h>
#include <string.h>

static const char name_of_parent[] = "made by it";

/* A webhook that fails closed needs its backend ready; one that fails open does
 * no harm without it. */
static void collect_webhooks(struct collector *t)
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

		collector_add(t, "", "Service",
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

static void collect_state(
    struct collector *t, const char *bucket, const char *key)
{
	const char *workspace =
	    json_str(json_pointer(t->object, "/spec/workspace"));

	if (!bucket || !key)
		return;
	autofree char *name = str_printf("%s/%s", bucket, key);
	collector_add(
	    t, "@", "State", NULL, name, EDGE_HOLDS, false, "Terraform state");
	if (workspace && !str_eq(workspace, "default")) {
		autofree char *of_workspace =
		    str_printf("%s/env:/%s/%s", bucket, workspace, key);
		collector_add(t, "@", "State", NULL, of_workspace, EDGE_HOLDS,
		    false, "Terraform state of the workspace");
	}
}

/* HCL of a backend "s3" in any text below. */
static void collect_states_in(struct collector *t, struct json_object *j)
{
	const char *text = json_str(j);

	if (text) {
		const char *backend = strstr(text, "backend \"s3\"");
		if (!backend)
			return;
		autofree char *bucket = hcl_value(backend, "bucket");
		autofree char *key = hcl_value(backend, "key");
		collect_state(t, bucket, key);
	} else if (json_kind(j) == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(j); i++)
			collect_states_in(t, json_at(j, i));
	} else {
		for (struct json_iter it = json_iter(j); json_next(&it);)
			collect_states_in(t, it.value);
	}
}

/* The Secret of the backend "kubernetes", by its workspace and suffix. */
static void collect_state_secret(
    struct collector *t, const char *workspace, const char *suffix)
{
	if (!suffix)
		return;
	autofree char *secret = str_printf(
	    "tfstate-%s-%s", workspace ? workspace : "default", suffix);
	collector_add(t, "", "Secret", t->namespace, secret, EDGE_HOLDS, false,
	    "Terraform state in a Secret");
}

static void collect_terraform(struct collector *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	struct json_object *s3 = json_path(spec, "backend", "s3", NULL);
	const char *suffix =
	    json_str(json_path(spec, "backend", "secretSuffix", NULL));
	bool tofu = str_eq(t->kind, "Terraform");

	if (!tofu && !str_eq(t->kind, "Workspace") &&
	    !strstr(t->group, "terraform") && !strstr(t->group, "tf."))
		return;
	collect_state(t, json_get_str(s3, "bucket"), json_get_str(s3, "key"));
	collect_states_in(t, spec);
	/* tofu-controller and kubevela keep the state in a Secret by default,
	 * called by the object; terranetes by its UID. */
	if (tofu)
		suffix = json_str(
		    json_path(spec, "backendConfig", "secretSuffix", NULL));
	if (!suffix && (tofu || str_eq(t->kind, "Configuration")))
		suffix = object_name(t->object);
	collect_state_secret(t, json_get_str(spec, "workspace"), suffix);
}

static void collect_helm(struct collector *t)
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
	collector_add(t, "@", "Release", storage ? storage : t->namespace,
	    release ? release : made, EDGE_HOLDS, false, "Helm release Secret");
}

/* A composite comes after its claim, although neither owns the other: they are
 * of different scopes. */
static void collect_claim(struct collector *t, struct json_object *spec)
{
	const struct json_object *claim = json_get(spec, "claimRef");
	autofree char *group = object_group(json_get_str(claim, "apiVersion"));
	const char *kind = json_get_str(claim, "kind");

	if (!kind || !*group) /* a volume has one, too */
		return;
	collector_add(t, group, kind, json_get_str(claim, "namespace"),
	    json_get_str(claim, "name"), EDGE_ORDER, false, "spec.claimRef");
}

static void collect_crossplane(struct collector *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *config =
	    json_str(json_path(spec, "providerConfigRef", "name", NULL));

	if (str_eq(t->group, "pkg.crossplane.io") &&
	    !str_eq(t->kind, "ImageConfig"))
		collector_add(t, "@", "Images", NULL, "all", EDGE_REFERENCE,
		    false, "Crossplane image configurations");
	collect_claim(t, spec);
	if (!json_get(spec, "forProvider") && !config)
		return;
	collector_add(t, "@", "Packages", NULL, "all", EDGE_HOLDS, true,
	    "Crossplane packages");
	/* s3.aws.crossplane.io is configured by aws.crossplane.io. */
	for (const char *g = t->group; config && g && *g;
	     g = strchr(g, '.') ? strchr(g, '.') + 1 : NULL) {
		autofree char *name = str_printf("%s/%s", g, config);
		collector_add(t, "@", "Config", NULL, name, EDGE_REFERENCE,
		    false, "spec.providerConfigRef");
	}
}

/* An object that another controller's object has made is its child: it is
 * released after it. A source is not a child: its parent may be read from it.
 */
static void collect_flux_parent(struct collector *t)
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

		collector_add(t, parents[i].group, parents[i].kind,
		    json_get_str(labels, ns), json_get_str(labels, name),
		    EDGE_ORDER, false, name_of_parent);
	}
}

/* The application that made it, by either of Argo CD's ways of tracking: NAME,
 * or NAMESPACE_NAME of one that is not where Argo CD itself is
 * (https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/).
 */
static void collect_argocd_parent(struct collector *t)
{
	const struct json_object *meta = json_get(t->object, "metadata");
	const char *id = json_get_str(
	    json_get(meta, "annotations"), "argocd.argoproj.io/tracking-id");
	const char *label = json_get_str(
	    json_get(meta, "labels"), "app.kubernetes.io/instance");
	autofree char *instance =
	    id ? str_ndup(id, strcspn(id, ":")) : str_dup(label);
	char *name = instance ? strchr(instance, '_') : NULL;

	if (name)
		*name++ = '\0';
	if (rules_kind_fits("Application*.argoproj.io", t->group, t->kind))
		collector_add(t, "argoproj.io", "Application",
		    name ? instance : t->namespace, name ? name : instance,
		    EDGE_ORDER, false, name_of_parent);
}

static void collect_argocd(struct collector *t)
{
	const struct json_object *labels =
	    json_path(t->object, "metadata", "labels", NULL);

	collect_argocd_parent(t);
	if (rules_kind_fits("Application*.argoproj.io", t->group, t->kind))
		collector_add(t, "@", "Credentials", NULL, "argocd",
		    EDGE_REFERENCE, false, "repository and cluster Secrets");
	if (rules_kind_fits("Secret.core", t->group, t->kind) &&
	    json_get(labels, "argocd.argoproj.io/secret-type"))
		collector_add(t, "@", "Projects", NULL, "argocd", EDGE_ORDER,
		    false, "projects");
}

/* A controller reads its keys when it starts, and needs them for what was
 * sealed. */
static void collect_keys(struct collector *t, const struct strvec *without)
{
	bool workload = str_eq(t->group, "apps");
	const struct json_object *runs =
	    workload ? rules_containers(t->object) : NULL;
	bool sealed =
	    rules_kind_fits("SealedSecret.bitnami.com", t->group, t->kind);

	for (const struct rule_key *r = rules_keys; r->system; r++)
		if (rules_used(without, r->system) &&
		    (workload ? rules_run_image(runs, r->image)
			      : sealed && str_eq(r->system, "sealed-secrets")))
			collector_add(t, "@", "Keys", NULL, r->system,
			    EDGE_HOLDS, false, "keys of its system");
}

void references_systems_collect(
    struct collector *t, const struct strvec *without)
{
	if (rules_used(without, "admission"))
		collect_webhooks(t);
	if (rules_used(without, "terraform"))
		collect_terraform(t);
	if (rules_used(without, "helm"))
		collect_helm(t);
	if (rules_used(without, "crossplane"))
		collect_crossplane(t);
	if (rules_used(without, "flux"))
		collect_flux_parent(t);
	if (rules_used(without, "argocd"))
		collect_argocd(t);
	collect_keys(t, without);
	if (rules_used(without, "external-secrets"))
		references_secrets_collect(t);
	if (rules_used(without, "gatekeeper") &&
	    str_eq(t->group, "constraints.gatekeeper.sh"))
		collector_add(t, "templates.gatekeeper.sh",
		    "ConstraintTemplate", NULL, t->kind, EDGE_REFERENCE, false,
		    "its template");
}
