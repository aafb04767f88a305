#include "restore/drill/inert.h"

#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stddef.h>

const struct inert_kind inert_kinds[] = {
    {"", "ConfigMap", "only what mounts or reads it, by its name, uses it"},
    {"", "Secret", "the same"},
    {"", "ServiceAccount", "only Pods of its namespace run as it"},
    {"", "ResourceQuota", "limits its own namespace"},
    {"", "LimitRange", "limits its own namespace"},
    {"rbac.authorization.k8s.io", "Role", "grants nothing by itself"},
    {"rbac.authorization.k8s.io", "RoleBinding",
	"grants rights in its own namespace, to copies"},
    {"networking.k8s.io", "NetworkPolicy",
	"selects Pods of its own namespace, and there are none"},
    {"policy", "PodDisruptionBudget",
	"selects Pods of its own namespace, and there are none"},
    {NULL, NULL, NULL}};

/* The control plane fills or deletes the first, and lets in by the second. */
static bool has_controller(const struct json_object *secret)
{
	const char *type = json_get_str(secret, "type");

	return str_eq(type, "kubernetes.io/service-account-token") ||
	       str_eq(type, "bootstrap.kubernetes.io/token");
}

bool inert_is(
    const char *group, const char *kind, const struct json_object *object)
{
	for (const struct inert_kind *k = inert_kinds; k->kind; k++)
		if (str_eq(k->group, group) && str_eq(k->kind, kind))
			return !str_eq(kind, "Secret") ||
			       !has_controller(object);
	return false;
}
