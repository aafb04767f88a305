/*
 * The names by which nodes of a plan are found, and their descriptions for
 * people.
 */
#ifndef RESTORE_PLAN_NAMES_H
#define RESTORE_PLAN_NAMES_H

#include "restore/plan/plan.h"

/* The name of an object in plan.names; appended, its NUL not counted. Group "@"
 * is for what references.h lists. */
void names_add(struct buf *out, int cluster, const char *group,
    const char *kind, const char *ns, const char *name);
/* The name by an object's UID in the snapshot; the same. */
void names_add_uid(struct buf *out, int cluster, const char *uid);
/* One more name by which a node is found; the plan's own copy of it. */
const char *names_provide(struct plan *p, uint32_t node, int cluster,
    const char *group, const char *kind, const char *ns, const char *name);
/* The node that has an object of the snapshot's UID, or NULL. */
const struct plan_node *names_by_uid(
    const struct plan *p, uint16_t cluster, const char *uid);
/* Notes the UID that a node has in the target (NULL: none), as long as the
 * plan: mostly that of the snapshot, where the target is the source. Several
 * threads may do so for different nodes. */
void names_set_live_uid(struct plan *p, struct plan_node *n, const char *uid);
/* The namespace as the plan keeps it, once: two that are equal are the same
 * pointer. NULL stays NULL. */
const char *names_namespace(struct plan *p, const char *ns);
/* Unique and stable, for programs: "kubernetes:prod:apps/Deployment:ns/n",
 * "git:team/web"; appended. */
void names_add_key(
    const struct plan *p, const struct plan_node *n, struct buf *out);
/* For people, "kind namespace/name" with what goes before; appended. */
void names_describe(
    const struct plan *p, const struct plan_node *n, struct buf *out);

#endif
