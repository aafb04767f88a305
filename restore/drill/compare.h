/*
 * Holds what a drill restored into its control planes against the snapshot, as
 * `drift` holds a living cluster against it.
 */
#ifndef RESTORE_DRILL_COMPARE_H
#define RESTORE_DRILL_COMPARE_H

#include "restore/command.h"
#include "restore/drill/result.h"

/* `c` has the settings of the drill, and names the snapshot. */
int compare_clusters(
    const struct command *c, struct result *r, struct err *err);

#endif
