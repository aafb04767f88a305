/*
 * How references are told; only references*.c includes this.
 */
#ifndef RESTORE_OBJECTS_COLLECTOR_H
#define RESTORE_OBJECTS_COLLECTOR_H

#include "restore/objects/references.h"

/* The object whose references are being told. */
struct collector {
	struct json_object *object;
	char *group; /* of the object */
	const char *kind;
	const char *namespace;
	struct json_object *pod_template; /* of the object, or NULL */
	references_fn *fn;
	void *ctx;
	const struct rule_edge *rule; /* being followed */
};

/* A name that is NULL or empty is none. */
void collector_add(struct collector *t, const char *group, const char *kind,
    const char *ns, const char *name, enum edge_strength strength, bool ready,
    const char *reason);

/* references_systems.c: what takes more than a place to find. */
void references_systems_collect(
    struct collector *t, const struct strvec *without);

#endif
