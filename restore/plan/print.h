/*
 * A plan for people and for programs.
 */
#ifndef RESTORE_PLAN_PRINT_H
#define RESTORE_PLAN_PRINT_H

#include "restore/plan/plan.h"

/* Where a part of it goes: "cluster production", and the server's URL. */
struct print_destination {
	char *what;
	char *to;
};
VEC_DEFINE(print_destinations, struct print_destination);
void print_destinations_done(struct print_destinations *v);
/* What will be done with a node: "push", "create", "CANNOT". */
const char *print_verb(const struct plan *p, const struct plan_node *n);
/* Appended. */
void print_table(const struct plan *p,
    const struct print_destinations *destinations, struct buf *out);
void print_json(const struct plan *p, const char *command,
    const struct print_destinations *destinations, struct buf *out);

#endif
