/*
 * The layers of a platform in its plan: which one each node belongs to, and the
 * edges that make one layer wait for another.
 *
 * Layers are coarse edges of the one graph. Where a finer one runs against
 * them, what needs it decides: an object without which one of an earlier layer
 * cannot be restored (its namespace, its definition, its owner, what it would
 * do harm without) is restored with that layer; one that it only names is not
 * waited for. Both are among the plan's warnings.
 */
#ifndef RESTORE_PLAN_LAYERING_H
#define RESTORE_PLAN_LAYERING_H

#include "restore/plan/plan.h"

struct json_object;

/* The layer of each kind of node, while it is read; 0 where there are none.
 * What is not restored, or is read once more, is not counted as selected. */
uint16_t layering_of_repository(struct plan *p, const char *name);
uint16_t layering_of_state(struct plan *p, const char *bucket_key);
uint16_t layering_of_object(struct plan *p, uint16_t cluster,
    const struct json_object *object, bool counted);
/* Whether --only takes that layer. */
bool layering_includes(struct plan *p, uint16_t layer);

/* Whether later layers can wait for it: not for what stays paused until the
 * end, nor for a Service, whose pods are waited for themselves. */
bool layering_awaits(const struct plan_node *n);

/* How many there are, the unassigned one with them; 1 where there are none. */
size_t layering_count(const struct plan *p);
/* The name of one of them. */
const char *layering_name(const struct plan *p, size_t layer);

/* Once all references are edges of the graph: takes what an earlier layer needs
 * into it, and warns of selectors that select nothing, and of what two layers
 * select. */
void layering_settle(struct plan *p);
/* The edges between layers. `begin` and `end` are barriers, one for each: a
 * node of a layer waits for its `begin`, and `end` for all of them. */
void layering_order(struct plan *p, const uint32_t *begin, const uint32_t *end);

#endif
