/*
 * A plan for people and for programs.
 */
#ifndef RESTORE_PLAN_PRINT_H
#define RESTORE_PLAN_PRINT_H

#include "restore/plan/plan.h"
#include "storage/base/pieces.h"

/* Where a part of it goes: "cluster production", and the server's URL. */
struct print_destination {
	char *what;
	char *to;
};
VEC_DEFINE(print_destinations, struct print_destination);
void print_destinations_done(struct print_destinations *v);
/* What will be done with a node: "push", "create", "CANNOT". */
const char *print_verb(const struct plan *p, const struct plan_node *n);
/* Passed on piece by piece; the caller ends it. */
void print_table(const struct plan *p,
    const struct print_destinations *destinations, struct pieces *to);
void print_json(const struct plan *p, const char *command,
    const struct print_destinations *destinations, struct pieces *to);

#endif
