#include "restore/objects/convert.h"

#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

static void move(struct json_object *object, const char *from, const char *to)
{
	struct json_object *value = json_get(object, from);

	if (!value)
		return;
	json_set(object, to, json_share(value));
	json_remove(object, from);
}

/* serviceName and servicePort -> service.name and service.port.name|number. */
static void backend(void *ctx, struct json_object *b)
{
	struct json_object *name = json_get(b, "serviceName");
	struct json_object *port = json_get(b, "servicePort");

	(void)ctx;
	if (json_kind(b) != JSON_OBJECT || !name)
		return;
	struct json_object *service = json_new_object();
	struct json_object *number = json_new_object();
	json_set(service, "name", json_share(name));
	if (port)
		json_set(number, json_str(port) ? "name" : "number",
		    json_share(port));
	json_set(service, "port", number);
	json_set(b, "service", service);
	json_remove(b, "serviceName");
	json_remove(b, "servicePort");
}

static void path_type(void *ctx, struct json_object *path)
{
	(void)ctx;
	if (json_kind(path) == JSON_OBJECT && !json_get(path, "pathType"))
		json_set_str(path, "pathType", "ImplementationSpecific");
}

/* https://kubernetes.io/docs/reference/using-api/deprecation-guide/, v1.22. */
static void ingress_v1(struct json_object *object)
{
	struct json_object *spec = json_get(object, "spec");

	if (json_kind(spec) != JSON_OBJECT)
		return;
	move(spec, "backend", "defaultBackend");
	rules_visit(spec, "/defaultBackend", backend, NULL);
	rules_visit(spec, "/rules/*/http/paths/*/backend", backend, NULL);
	rules_visit(spec, "/rules/*/http/paths/*", path_type, NULL);
}

/* Whether a label that no pod has is all that a selector asks for. */
static bool asks_only(
    const struct json_object *selector, const char *key, const char *operator)
{
	const struct json_object *all = json_get(selector, "matchExpressions");
	const struct json_object *one = json_at(all, 0);

	return json_len(all) == 1 && json_len(selector) == 1 &&
	       str_eq(json_get_str(one, "key"), key) &&
	       str_eq(json_get_str(one, "operator"), operator);
}

/* An empty selector selects no pod in v1beta1, and every pod in v1. To express
 * one as the other, the API server uses a label that no pod has (kubernetes
 * pkg/apis/policy/v1beta1/conversion.go): an empty selector gets a requirement
 * on it, and a selector with the opposite requirement becomes empty. */
static void pdb_selector(
    struct json_object *object, const char *operator, const char * opposite)
{
	static const char key[] =
	    "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";
	struct json_object *spec = json_get(object, "spec");
	struct json_object *selector = json_get(spec, "selector");

	if (json_kind(selector) != JSON_OBJECT)
		return;
	if (asks_only(selector, key, opposite)) {
		json_remove(selector, "matchExpressions");
		return;
	}
	if (json_len(json_get(selector, "matchLabels")) ||
	    json_len(json_get(selector, "matchExpressions")))
		return;
	struct json_object *all = json_new_array();
	struct json_object *one = json_new_object();
	json_set_str(one, "key", key);
	json_set_str(one, "operator", operator);
	json_append(all, one);
	json_set(selector, "matchExpressions", all);
}

static void pdb_v1(struct json_object *object)
{
	pdb_selector(object, "Exists", "DoesNotExist");
}

static void pdb_v1beta1(struct json_object *object)
{
	pdb_selector(object, "DoesNotExist", "Exists");
}

/* https://kubernetes.io/docs/reference/using-api/deprecation-guide/, v1.29. */
static void shares(struct json_object *object)
{
	struct json_object *limited =
	    json_path(object, "spec", "limited", NULL);
	const char *to = json_get_str(object, "apiVersion");

	if (str_ends(to, "/v1") || str_ends(to, "/v1beta3"))
		move(limited, "assuredConcurrencyShares",
		    "nominalConcurrencyShares");
	else
		move(limited, "nominalConcurrencyShares",
		    "assuredConcurrencyShares");
}

#define FLOW "flowcontrol.apiserver.k8s.io/*"
static const struct {
	const char *kind;
	const char *from; /* a pattern of the apiVersion */
	const char *to;	  /* a pattern too */
	void (*convert)(struct json_object *object);
} conversions[] = {
    {"Ingress", "*/v1beta1", "networking.k8s.io/v1", ingress_v1},
    {"PodDisruptionBudget", "policy/v1beta1", "policy/v1", pdb_v1},
    {"PodDisruptionBudget", "policy/v1", "policy/v1beta1", pdb_v1beta1},
    {"PriorityLevelConfiguration", FLOW, FLOW, shares},
};

void convert_object(struct json_object *object, const char *api_version)
{
	autofree char *from = str_dup(json_get_str(object, "apiVersion"));
	const char *kind = json_get_str(object, "kind");

	json_set_str(object, "apiVersion", api_version);
	for (size_t i = 0; i < sizeof(conversions) / sizeof(*conversions); i++)
		if (from && str_eq(conversions[i].kind, kind) &&
		    str_glob(conversions[i].from, from) &&
		    str_glob(conversions[i].to, api_version)) {
			conversions[i].convert(object);
			break;
		}
}
