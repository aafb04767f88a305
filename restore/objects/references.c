#include "restore/objects/references.h"

#include "restore/objects/collector.h"
#include "restore/objects/object.h"
#include "restore/objects/references_core.h"
#include "restore/objects/references_secrets.h"
#include "restore/objects/references_systems.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/gitops/repository.h"

#include <string.h>

static void collect_named(
    struct collector *t, const char *group, const char *kind, const char *name)
{
	const struct rule_edge *rule = t->rule;
	bool cluster = rule->form == RULE_CLUSTER_NAME;

	if (str_eq(group, "@") && str_eq(kind, "Git")) {
		autofree char *plain = repository_name(name);

		collector_add(t, "@", "Git", NULL, plain, rule->strength,
		    rule->ready, rule->pointer);
		return;
	}
	collector_add(t, group, kind, cluster ? NULL : t->namespace, name,
	    rule->strength, rule->ready, rule->pointer);
}

/* A reference that is an object; the rule supplies what it does not say. */
static void collect_object(struct collector *t, const char *default_group,
    const char *default_kind, const struct json_object *value)
{
	const struct rule_edge *rule = t->rule;
	const char *kind = json_get_str(value, "kind");
	const char *ns = json_get_str(value, "namespace");
	const char *api_version = json_get_str(value, "apiVersion");
	const char *group = json_get_str(value, "apiGroup");
	autofree char *of_version = object_group(api_version);

	if (str_eq(default_group, "@")) {
		autofree char *name =
		    str_printf("%s/%s", of_version, kind ? kind : "");
		collector_add(t, "@", default_kind, NULL, name, rule->strength,
		    rule->ready, rule->pointer);
		return;
	}
	if (!group)
		group = json_get_str(value, "group");
	if (!group && api_version)
		group = of_version;
	if (!group)
		group = default_group ? default_group : "";
	collector_add(t, group, kind ? kind : default_kind,
	    ns ? ns : t->namespace, json_get_str(value, "name"), rule->strength,
	    rule->ready, rule->pointer);
}

static void collect_pointer(void *ctx, struct json_object *value)
{
	struct collector *t = ctx;
	const struct rule_edge *rule = t->rule;
	const char *group;
	autofree char *kind = rules_split_kind(rule->to, &group);
	const char *text = json_str(value);

	if (rule->form == RULE_REF) {
		if (json_kind(value) == JSON_OBJECT)
			collect_object(t, group, kind, value);
		return;
	}
	if (!text)
		return;
	const char *slash = rule->form == RULE_PATH ? strchr(text, '/') : NULL;
	if (slash) {
		autofree char *ns = str_ndup(text, (size_t)(slash - text));
		collector_add(t, group ? group : "", kind, ns, slash + 1,
		    rule->strength, rule->ready, rule->pointer);
	} else {
		collect_named(t, group ? group : "", kind, text);
	}
}

static void follow(struct collector *t, const struct rule_edge *rule)
{
	struct json_object *in = t->object;

	/* Called for each object and rule: most fit neither. */
	if (*rule->from == '@')
		in = json_get(t->pod_template, "spec");
	else if (!rules_kind_fits(rule->from, t->group, t->kind))
		return;
	t->rule = rule;
	rules_visit(in, rule->pointer, collect_pointer, t);
}

void references_needs(const struct references_options *o,
    struct json_object *object, references_fn *fn, void *ctx)
{
	struct collector t;

	collector_init(&t, object, fn, ctx);
	collector_add(&t, "", "Namespace", NULL, t.namespace, EDGE_REQUIRED,
	    true, "namespace");
	autofree char *definition = str_printf("%s/%s", t.group, t.kind);
	/* Nobody defines kinds of the core group. */
	if (*t.group)
		collector_add(&t, "@", "Definition", NULL, definition,
		    EDGE_REQUIRED, true, "definition of its kind");
	for (const struct rule_edge *r = rules_edges; r->system; r++)
		if (rules_used(o->without, r->system))
			follow(&t, r);
	for (size_t i = 0; i < o->edge_count; i++)
		follow(&t, &o->edges[i]);
	references_core_collect(&t);
	references_systems_collect(&t, o->without);
	free(t.group);
}

const char references_policy[] = "the network policy of its pods";
const char references_source[] = "the Secrets that it selects";

static void provide(
    struct collector *t, const char *kind, const char *ns, const char *name)
{
	collector_add(t, "@", kind, ns, name, EDGE_REFERENCE, false, "");
}

static void provide_definition(
    struct collector *t, const char *group, const char *kind)
{
	if (!group || !kind)
		return;
	autofree char *name = str_printf("%s/%s", group, kind);
	provide(t, "Definition", NULL, name);
}

static void provide_definitions(struct collector *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *group = json_get_str(spec, "group");
	bool composite = str_eq(t->kind, "CompositeResourceDefinition");

	if (composite || str_eq(t->kind, "CustomResourceDefinition") ||
	    str_eq(t->kind, "ManagedResourceDefinition"))
		provide_definition(
		    t, group, json_str(json_path(spec, "names", "kind", NULL)));
	if (composite)
		provide_definition(t, group,
		    json_str(json_path(spec, "claimNames", "kind", NULL)));
	if (str_eq(t->kind, "APIService") && json_get(spec, "service"))
		provide_definition(t, group, "*");
	if (str_eq(t->kind, "ConstraintTemplate"))
		provide_definition(t, "constraints.gatekeeper.sh",
		    json_str(
			json_path(spec, "crd", "spec", "names", "kind", NULL)));
}

static void provide_labels(
    struct collector *t, const char *kind, struct json_object *labels)
{
	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		const char *value = json_str(it.value);
		autofree char *name =
		    str_printf("%s=%s", it.key, value ? value : "");
		provide(t, kind, t->namespace, name);
	}
}

static void provide_keys(struct collector *t)
{
	for (const struct rule_key *r = rules_keys; r->system; r++)
		if (r->label ? object_label(t->object, r->label) != NULL
			     : str_eq(object_name(t->object), r->name))
			provide(t, "Keys", NULL, r->system);
}

static void provide_tokens(struct collector *t)
{
	struct json_object *secrets = json_get(t->object, "secrets");

	for (size_t i = 0; i < json_len(secrets); i++)
		provide(t, "Token", t->namespace,
		    json_get_str(json_at(secrets, i), "name"));
}

void references_provides(
    struct json_object *object, references_fn *fn, void *ctx)
{
	struct collector t;

	collector_init(&t, object, fn, ctx);
	struct json_object *labels =
	    json_path(object, "metadata", "labels", NULL);
	provide_definitions(&t);
	references_core_provide(&t);
	if (rules_kind_fits("Secret.core", t.group, t.kind)) {
		if (str_eq(json_get_str(object, "type"), "helm.sh/release.v1"))
			provide(&t, "Release", t.namespace,
			    json_get_str(labels, "name"));
		provide_keys(&t);
		if (json_get(labels, "argocd.argoproj.io/secret-type"))
			provide(&t, "Credentials", NULL, "argocd");
		provide_labels(&t, "Secrets", labels);
		provide(&t, "Secrets", t.namespace, "*");
	}
	if (rules_kind_fits("Service.core", t.group, t.kind) &&
	    json_len(json_path(object, "spec", "selector", NULL)))
		provide(&t, "Selected", t.namespace, object_name(object));
	if (rules_kind_fits("ServiceAccount.core", t.group, t.kind))
		provide_tokens(&t);
	if (str_ends(t.kind, "ProviderConfig")) {
		const char *own =
		    json_str(json_path(object, "metadata", "name", NULL));
		autofree char *name =
		    str_printf("%s/%s", t.group, own ? own : "");
		provide(&t, "Config", NULL, name);
	}
	if (rules_kind_fits("AppProject.argoproj.io", t.group, t.kind))
		provide(&t, "Projects", NULL, "argocd");
	if (rules_kind_fits("ImageConfig.pkg.crossplane.io", t.group, t.kind))
		provide(&t, "Images", NULL, "all");
	if (str_eq(t.group, "pkg.crossplane.io") &&
	    (str_eq(t.kind, "Provider") || str_eq(t.kind, "Configuration") ||
		str_eq(t.kind, "Function")))
		provide(&t, "Packages", NULL, "all");
	references_secrets_provide(&t);
	provide_labels(
	    &t, "Pods", json_path(t.pod_template, "metadata", "labels", NULL));
	if (t.pod_template)
		provide(&t, "Pods", t.namespace, "*");
	free(t.group);
}

/* Expressions are not evaluated: what has the other labels is ordered by it,
 * but its failure holds nothing back. */
static void select_by(struct collector *t, const char *kind,
    const struct json_object *selector, const char *reason)
{
	struct json_object *labels = json_get(selector, "matchLabels");
	enum edge_strength strength =
	    json_len(json_get(selector, "matchExpressions")) ? EDGE_ORDER
							     : EDGE_HOLDS;

	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		const char *value = json_str(it.value);
		autofree char *name =
		    str_printf("%s=%s", it.key, value ? value : "");
		collector_add(
		    t, "@", kind, t->namespace, name, strength, false, reason);
	}
	if (!json_len(labels))
		collector_add(
		    t, "@", kind, t->namespace, "*", strength, false, reason);
}

/* A name counts before labels, and an empty selector selects nothing. */
static void select_secrets(struct collector *t)
{
	const struct json_object *secret =
	    json_path(t->object, "spec", "selector", "secret", NULL);
	const struct json_object *selector = json_get(secret, "selector");
	const char *name = json_get_str(secret, "name");

	if ((name && *name) ||
	    (!json_len(json_get(selector, "matchLabels")) &&
		!json_len(json_get(selector, "matchExpressions"))))
		return;
	select_by(t, "Secrets", selector, references_source);
}

void references_selects(
    struct json_object *object, references_fn *fn, void *ctx)
{
	struct collector t;

	collector_init(&t, object, fn, ctx);
	struct json_object *spec = json_get(object, "spec");
	if (rules_kind_fits("Service.core", t.group, t.kind))
		provide_labels(&t, "Pods", json_get(spec, "selector"));
	else if (str_eq(t.kind, "NetworkPolicy"))
		select_by(&t, "Pods", json_get(spec, "podSelector"),
		    references_policy);
	else if (str_eq(t.kind, "CiliumNetworkPolicy"))
		select_by(&t, "Pods", json_get(spec, "endpointSelector"),
		    references_policy);
	else if (rules_kind_fits(
		     "PushSecret.external-secrets.io", t.group, t.kind))
		select_secrets(&t);
	free(t.group);
}
