/*
 * Holds what a drill made in namespaces with a prefix against the snapshot: by
 * name, with the names of namespaces turned back, and without what was left
 * out when it was made.
 */
#ifndef RESTORE_DRILL_COMPARE_COPIES_H
#define RESTORE_DRILL_COMPARE_COPIES_H

#include "restore/command.h"
#include "restore/drill/result.h"

struct plan;

/* `c` has the settings of the drill, and names the snapshot; r->report is
 * there. Reads from the clusters of the plan. */
int compare_copies(const struct command *c, const struct plan *p,
    struct result *r, struct err *err);

#endif
