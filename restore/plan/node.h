/*
 * A node of the plan, with its names and what it waits for.
 */
#ifndef RESTORE_PLAN_NODE_H
#define RESTORE_PLAN_NODE_H

#include "restore/plan/maker.h"

struct json_object;

struct node_object {
	uint16_t cluster;
	const char *path;     /* of its file, below the tree; as node_add's */
	const char *resource; /* plural, in the snapshot */
	const char *uid;      /* in the snapshot, or NULL */
	struct exclude exclude;
	uint16_t layer;
};
/* `object` as it will be in the target; m->current becomes its node.
 * ERR_USAGE where another object of the snapshot would become the same. */
int node_add_object(struct plan_maker *m, const struct node_object *o,
    struct json_object *object, struct err *err);
/* The name in the graph (of its own kind unique) ends in that of the node,
 * which is so long; it and the path are borrowed for the life of the plan.
 * m->current becomes the new node. */
struct plan_node *node_add(struct plan_maker *m, enum plan_node_kind kind,
    const char *key, size_t name_len, const char *path, int16_t rank);

/* The facts that capture recorded; shared. The first facts of a node count;
 * NULL: none. */
void node_set_facts(struct plan_node *n, struct json_object *facts);

#endif
