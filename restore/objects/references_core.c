#include "restore/objects/references_core.h"

#include "restore/objects/object.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

static bool is(const struct collector *t, const char *kind)
{
	return rules_kind_fits(kind, t->group, t->kind);
}

/* The controller creates each claim that it does not find, with an empty
 * volume. It recognises its own claims by their names: TEMPLATE-NAME-ORDINAL
 * (kubernetes pkg/controller/statefulset, getPersistentVolumeClaimName). */
static void collect_claims(struct collector *t)
{
	const struct json_object *templates =
	    json_path(t->object, "spec", "volumeClaimTemplates", NULL);
	const char *own = object_name(t->object);

	for (size_t i = 0; i < json_len(templates); i++) {
		const char *name = json_str(
		    json_path(json_at(templates, i), "metadata", "name", NULL));
		if (!name || !own)
			continue;
		autofree char *claims = str_printf("%s-%s", name, own);
		collector_add(t, "@", "Claims", t->namespace, claims,
		    EDGE_HOLDS, false, "its claims");
	}
}

static void provide_claim(struct collector *t)
{
	const char *name = object_name(t->object);
	size_t len = name ? strlen(name) : 0;

	while (len && name[len - 1] >= '0' && name[len - 1] <= '9')
		len--;
	if (len < 2 || !name[len] || name[len - 1] != '-')
		return;
	autofree char *claims = str_ndup(name, len - 1);
	collector_add(
	    t, "@", "Claims", t->namespace, claims, EDGE_REFERENCE, false, "");
}

void references_core_collect(struct collector *t)
{
	if (is(t, "StatefulSet.apps"))
		collect_claims(t);
}

void references_core_provide(struct collector *t)
{
	if (is(t, "PersistentVolumeClaim.core"))
		provide_claim(t);
}
