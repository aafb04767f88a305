/*
 * Holds what a drill restored into its control planes against the snapshot, as
 * `drift` holds a living cluster against it.
 */
#ifndef RESTORE_DRILL_COMPARE_H
#define RESTORE_DRILL_COMPARE_H

#include "restore/command.h"
#include "restore/drill/result.h"

struct meeting;
struct plan;

/* `c` has the settings of the drill, and names the snapshot. What the plan left
 * out, because something else was asked for, is not compared. */
int compare_clusters(const struct command *c, const struct plan *p,
    struct result *r, struct err *err);
/* Fills in what a comparison of so many objects found. */
void compare_report(const struct meeting *m, size_t compared, struct result *r);

#endif
