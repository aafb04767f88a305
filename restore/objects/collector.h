/*
 * Collects the references of one object.
 */
#ifndef RESTORE_OBJECTS_COLLECTOR_H
#define RESTORE_OBJECTS_COLLECTOR_H

#include "restore/objects/references.h"

struct collector {
	struct json_object *object;
	char *group; /* of the object; freed by the caller of collector_init */
	const char *kind;
	const char *namespace;
	struct json_object *pod_template; /* of the object, or NULL */
	references_fn *fn;
	void *ctx;
	const struct rule_edge *rule; /* being followed */
};

void collector_init(struct collector *t, struct json_object *object,
    references_fn *fn, void *ctx);
/* A name that is NULL or empty is ignored. */
void collector_add(struct collector *t, const char *group, const char *kind,
    const char *ns, const char *name, enum edge_strength strength, bool ready,
    const char *reason);

#endif
