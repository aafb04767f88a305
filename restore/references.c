#include "restore/references.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <ctype.h>
#include <string.h>

/* The object whose references are being told. */
struct teller {
	struct json_object *object;
	char *group; /* of the object */
	const char *kind;
	const char *namespace;
	references_fn *fn;
	void *ctx;
	const struct rule_edge *rule; /* being followed */
};

static void tell(struct teller *t, const char *group, const char *kind,
    const char *ns, const char *name, enum edge_strength strength, bool ready,
    const char *reason)
{
	struct reference r = {
	    .group = group,
	    .kind = kind,
	    .namespace = ns,
	    .name = name,
	    .strength = strength,
	    .ready = ready,
	    .reason = reason,
	};

	if (name && *name)
		t->fn(t->ctx, &r);
}

static char *group_of(const char *api_version)
{
	const char *slash = api_version ? strchr(api_version, '/') : NULL;

	return slash ? str_ndup(api_version, (size_t)(slash - api_version))
		     : str_dup("");
}

char *references_git_name(const char *url)
{
	const char *start = strstr(url, "://");
	cleanup(buf_done) struct buf out = BUF_INIT;

	start = start ? start + 3 : url;
	const char *at = strchr(start, '@');
	const char *slash = strpbrk(start, "/:");
	if (at && (!slash || at < slash || strchr(start, '/') > at))
		start = at + 1;
	const char *p = start;
	for (; *p && *p != '/' && *p != ':'; p++)
		buf_add_char(&out, (char)tolower((unsigned char)*p));
	/* ":443" is a port; ":group/x" is the path of the scp-like form. */
	if (*p == ':') {
		size_t digits = strspn(p + 1, "0123456789");
		if (digits && (p[1 + digits] == '/' || !p[1 + digits]))
			p += 1 + digits;
		else
			p++;
	}
	while (*p == '/')
		p++;
	buf_add_char(&out, '/');
	buf_add_str(&out, p);
	while (out.len && out.data[out.len - 1] == '/')
		buf_truncate(&out, out.len - 1);
	if (out.len > 4 && str_ends(out.data, ".git"))
		buf_truncate(&out, out.len - 4);
	return buf_steal(&out);
}

static void tell_named(
    struct teller *t, const char *group, const char *kind, const char *name)
{
	const struct rule_edge *rule = t->rule;
	bool cluster = rule->form == RULE_CLUSTER_NAME;

	if (str_eq(group, "@") && str_eq(kind, "Git")) {
		autofree char *plain = references_git_name(name);

		tell(t, "@", "Git", NULL, plain, rule->strength, rule->ready,
		    rule->place);
		return;
	}
	tell(t, group, kind, cluster ? NULL : t->namespace, name,
	    rule->strength, rule->ready, rule->place);
}

/* A reference as an object; what it does not say, the rule does. */
static void tell_object(struct teller *t, const char *default_group,
    const char *default_kind, const struct json_object *value)
{
	const struct rule_edge *rule = t->rule;
	const char *kind = json_get_str(value, "kind");
	const char *ns = json_get_str(value, "namespace");
	const char *api_version = json_get_str(value, "apiVersion");
	const char *group = json_get_str(value, "apiGroup");
	autofree char *of_version = group_of(api_version);

	if (str_eq(default_group, "@")) {
		autofree char *name =
		    str_printf("%s/%s", of_version, kind ? kind : "");
		tell(t, "@", default_kind, NULL, name, rule->strength,
		    rule->ready, rule->place);
		return;
	}
	if (!group)
		group = json_get_str(value, "group");
	if (!group && api_version)
		group = of_version;
	if (!group)
		group = default_group ? default_group : "";
	tell(t, group, kind ? kind : default_kind, ns ? ns : t->namespace,
	    json_get_str(value, "name"), rule->strength, rule->ready,
	    rule->place);
}

static void tell_place(void *ctx, struct json_object *value)
{
	struct teller *t = ctx;
	const struct rule_edge *rule = t->rule;
	const char *group;
	autofree char *kind = rules_split_kind(rule->to, &group);
	const char *text = json_str(value);

	if (rule->form == RULE_REF) {
		if (json_kind(value) == JSON_OBJECT)
			tell_object(t, group, kind, value);
		return;
	}
	if (!text)
		return;
	const char *slash = rule->form == RULE_PATH ? strchr(text, '/') : NULL;
	if (slash) {
		autofree char *ns = str_ndup(text, (size_t)(slash - text));
		tell(t, group ? group : "", kind, ns, slash + 1, rule->strength,
		    rule->ready, rule->place);
	} else {
		tell_named(t, group ? group : "", kind, text);
	}
}

static void follow(struct teller *t, const struct rule_edge *rule)
{
	t->rule = rule;
	if (!str_eq(rule->from, "@pod")) {
		if (rules_kind_fits(rule->from, t->group, t->kind))
			rules_visit(t->object, rule->place, tell_place, t);
		return;
	}
	const char *spec = rules_pod_spec(t->group, t->kind);
	if (spec)
		rules_visit(
		    json_pointer(t->object, spec), rule->place, tell_place, t);
}

/* A webhook that fails closed must find its backend ready; one that fails
 * open does no harm without it. */
static void tell_webhooks(struct teller *t)
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

		tell(t, "", "Service", json_get_str(service, "namespace"),
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

static void tell_state(struct teller *t, const char *bucket, const char *key)
{
	const char *workspace =
	    json_str(json_pointer(t->object, "/spec/workspace"));

	if (!bucket || !key)
		return;
	autofree char *name = str_printf("%s/%s", bucket, key);
	tell(t, "@", "State", NULL, name, EDGE_HOLDS, false, "Terraform state");
	if (workspace && !str_eq(workspace, "default")) {
		autofree char *of_workspace =
		    str_printf("%s/env:/%s/%s", bucket, workspace, key);
		tell(t, "@", "State", NULL, of_workspace, EDGE_HOLDS, false,
		    "Terraform state of the workspace");
	}
}

/* HCL of a backend "s3" in any text below. */
static void tell_states_in(struct teller *t, struct json_object *j)
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

static void tell_terraform(struct teller *t)
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
	tell(t, "", "Secret", t->namespace, secret, EDGE_HOLDS, false,
	    "Terraform state in a Secret");
}

static void tell_helm(struct teller *t)
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
	tell(t, "@", "Release", storage ? storage : t->namespace,
	    release ? release : made, EDGE_HOLDS, false, "Helm release Secret");
}

static void tell_crossplane(struct teller *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *config =
	    json_str(json_path(spec, "providerConfigRef", "name", NULL));

	if (!json_get(spec, "forProvider") && !config)
		return;
	tell(t, "@", "Packages", NULL, "all", EDGE_HOLDS, true,
	    "Crossplane packages");
	/* s3.aws.crossplane.io is configured by aws.crossplane.io. */
	for (const char *g = t->group; config && g && *g;
	     g = strchr(g, '.') ? strchr(g, '.') + 1 : NULL) {
		autofree char *name = str_printf("%s/%s", g, config);
		tell(t, "@", "Config", NULL, name, EDGE_REFERENCE, false,
		    "spec.providerConfigRef");
	}
}

static void tell_system(struct teller *t, const struct strvec *without)
{
	if (rules_used(without, "admission"))
		tell_webhooks(t);
	if (rules_used(without, "terraform"))
		tell_terraform(t);
	if (rules_used(without, "helm"))
		tell_helm(t);
	if (rules_used(without, "crossplane"))
		tell_crossplane(t);
	if (rules_used(without, "argocd") &&
	    rules_kind_fits("Application.argoproj.io", t->group, t->kind))
		tell(t, "@", "Credentials", NULL, "argocd", EDGE_REFERENCE,
		    false, "repository and cluster Secrets");
	if (rules_used(without, "gatekeeper") &&
	    str_eq(t->group, "constraints.gatekeeper.sh"))
		tell(t, "templates.gatekeeper.sh", "ConstraintTemplate", NULL,
		    t->kind, EDGE_REFERENCE, false, "its template");
}

static void teller_init(
    struct teller *t, struct json_object *object, references_fn *fn, void *ctx)
{
	const char *kind = json_get_str(object, "kind");

	*t = (struct teller){
	    .object = object,
	    .group = group_of(json_get_str(object, "apiVersion")),
	    .kind = kind ? kind : "",
	    .namespace =
		json_str(json_path(object, "metadata", "namespace", NULL)),
	    .fn = fn,
	    .ctx = ctx,
	};
}

void references_needs(const struct references_options *o,
    struct json_object *object, references_fn *fn, void *ctx)
{
	struct teller t;

	teller_init(&t, object, fn, ctx);
	tell(&t, "", "Namespace", NULL, t.namespace, EDGE_REQUIRED, true,
	    "namespace");
	autofree char *definition = str_printf("%s/%s", t.group, t.kind);
	tell(&t, "@", "Definition", NULL, definition, EDGE_REQUIRED, true,
	    "definition of its kind");
	for (const struct rule_edge *r = rules_edges; r->system; r++)
		if (rules_used(o->without, r->system))
			follow(&t, r);
	for (size_t i = 0; i < o->edge_count; i++)
		follow(&t, &o->edges[i]);
	tell_system(&t, o->without);
	free(t.group);
}

static void provide(
    struct teller *t, const char *kind, const char *ns, const char *name)
{
	tell(t, "@", kind, ns, name, EDGE_REFERENCE, false, "");
}

static void provide_definition(
    struct teller *t, const char *group, const char *kind)
{
	if (!group || !kind)
		return;
	autofree char *name = str_printf("%s/%s", group, kind);
	provide(t, "Definition", NULL, name);
}

static void provide_definitions(struct teller *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *group = json_get_str(spec, "group");
	bool composite = str_eq(t->kind, "CompositeResourceDefinition");

	if (composite || str_eq(t->kind, "CustomResourceDefinition"))
		provide_definition(
		    t, group, json_str(json_path(spec, "names", "kind", NULL)));
	if (composite)
		provide_definition(t, group,
		    json_str(json_path(spec, "claimNames", "kind", NULL)));
	if (str_eq(t->kind, "ConstraintTemplate"))
		provide_definition(t, "constraints.gatekeeper.sh",
		    json_str(
			json_path(spec, "crd", "spec", "names", "kind", NULL)));
}

static void provide_labels(struct teller *t, struct json_object *labels)
{
	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		const char *value = json_str(it.value);
		autofree char *name =
		    str_printf("%s=%s", it.key, value ? value : "");
		provide(t, "Pods", t->namespace, name);
	}
}

void references_provides(
    struct json_object *object, references_fn *fn, void *ctx)
{
	struct teller t;

	teller_init(&t, object, fn, ctx);
	struct json_object *labels =
	    json_path(object, "metadata", "labels", NULL);
	provide_definitions(&t);
	if (rules_kind_fits("Secret.core", t.group, t.kind)) {
		if (str_eq(json_get_str(object, "type"), "helm.sh/release.v1"))
			provide(&t, "Release", t.namespace,
			    json_get_str(labels, "name"));
		if (json_get(labels, "argocd.argoproj.io/secret-type"))
			provide(&t, "Credentials", NULL, "argocd");
	}
	if (str_ends(t.kind, "ProviderConfig")) {
		const char *own =
		    json_str(json_path(object, "metadata", "name", NULL));
		autofree char *name =
		    str_printf("%s/%s", t.group, own ? own : "");
		provide(&t, "Config", NULL, name);
	}
	if (str_eq(t.group, "pkg.crossplane.io") &&
	    (str_eq(t.kind, "Provider") || str_eq(t.kind, "Configuration") ||
		str_eq(t.kind, "Function")))
		provide(&t, "Packages", NULL, "all");
	if (str_eq(t.kind, "Pod"))
		provide_labels(&t, labels);
	else if (rules_pod_spec(t.group, t.kind))
		provide_labels(&t, json_path(object, "spec", "template",
				       "metadata", "labels", NULL));
	free(t.group);
}

void references_selects(
    struct json_object *service, references_fn *fn, void *ctx)
{
	struct teller t;

	teller_init(&t, service, fn, ctx);
	if (rules_kind_fits("Service.core", t.group, t.kind))
		provide_labels(
		    &t, json_path(service, "spec", "selector", NULL));
	free(t.group);
}
