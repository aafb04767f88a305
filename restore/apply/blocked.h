/*
 * What must not be released at the end of a restore. A controller acts on what
 * it finds: where an object has lost what it knew, or something that it names,
 * owns or acts on was not restored, it would make that a second time, or delete
 * what it no longer finds a reason for.
 */
#ifndef RESTORE_APPLY_BLOCKED_H
#define RESTORE_APPLY_BLOCKED_H

#include "restore/run/run.h"

/* Fills run->blocked from the outcomes, which all nodes have by now. */
void blocked_find(struct run *r);

#endif
