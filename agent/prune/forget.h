/*
 * Forgetting one snapshot: what retention would have said is not asked. Pure.
 */
#ifndef AGENT_PRUNE_FORGET_H
#define AGENT_PRUNE_FORGET_H

#include "config/retention/retention.h"

/* Decides for all items: that one goes, the others stay. 1, with the error set,
 * where there is none of that label: a status of its own, since other errors
 * have the code ERR_NOT_FOUND as well. Where another needs its archive, that
 * stays. -1 with ERR_USAGE where it may not go: it is on hold, it is the last
 * good one, one that is out of sight may need it, another needs its archive,
 * which cannot stay alone, or nothing can be proved of it. */
int forget_plan(struct retention_item *items, size_t count, const char *label,
    int64_t now, struct err *err);

#endif
