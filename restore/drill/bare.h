/*
 * Decides of each object of a plan how it goes into namespaces beside a living
 * platform: made bare, or sent as a dry run.
 */
#ifndef RESTORE_DRILL_BARE_H
#define RESTORE_DRILL_BARE_H

#include "restore/plan/plan.h"

/* Sets `copy` of each node. Only what is in a namespace of that prefix is made,
 * and the namespaces themselves are there already: they are left out. Errors as
 * load_node, for a Secret that cannot be read. */
int bare_mark(struct plan *p, const char *prefix, struct err *err);

#endif
