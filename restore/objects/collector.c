#include "restore/objects/collector.h"

#include "restore/objects/object.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

void collector_init(struct collector *t, struct json_object *object,
    references_fn *fn, void *ctx)
{
	const char *kind = json_get_str(object, "kind");

	*t = (struct collector){
	    .object = object,
	    .group = object_group(json_get_str(object, "apiVersion")),
	    .kind = kind ? kind : "",
	    .namespace =
		json_str(json_path(object, "metadata", "namespace", NULL)),
	    .fn = fn,
	    .ctx = ctx,
	};
	const char *spec = rules_pod_spec(t->group, t->kind);
	if (spec) {
		autofree char *above =
		    str_ndup(spec, strlen(spec) - strlen("/spec"));
		t->pod_template = json_pointer(object, above);
	}
}

void collector_add(struct collector *t, const char *group, const char *kind,
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
