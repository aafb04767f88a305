/*
 * The version and the path of each kind in the target.
 */
#ifndef RESTORE_PLAN_KINDS_H
#define RESTORE_PLAN_KINDS_H

#include "restore/plan/plan.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

struct json_object;

/* What a CustomResourceDefinition of the snapshot says. */
struct kinds_definition {
	uint16_t cluster;
	char *group;
	char *kind;
	char *plural;
	bool namespaced;
	struct strvec versions; /* served */
	struct strvec with_status;
};
VEC_DEFINE(kinds_definitions, struct kinds_definition);
/* Adds what such an object defines; nothing, where it does not say it. */
void kinds_define(struct kinds_definitions *all, uint16_t cluster,
    const struct json_object *object);
void kinds_definitions_done(struct kinds_definitions *all);

/* The plan's record of a kind, made where it is new; as the snapshot has it
 * until kinds_settle. */
struct plan_kind *kinds_find(struct plan *p, uint16_t cluster,
    const char *api_version, const char *kind, const char *resource,
    bool namespaced);
/* As the targets serve them, or as definitions of the snapshot will. */
void kinds_settle(struct plan *p, const struct kinds_definitions *definitions);

#endif
