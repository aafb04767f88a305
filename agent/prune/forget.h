/*
 * Forgetting one snapshot: what retention would have said is not asked. Pure.
 */
#ifndef AGENT_PRUNE_FORGET_H
#define AGENT_PRUNE_FORGET_H

#include "agent/prune/retention.h"

/* Decides for all items: that one goes, the others stay. ERR_NOT_FOUND where
 * there is none of that label. ERR_USAGE where it may not go: it is on hold, it
 * is the last good one, another needs its archive or may need it, or nothing
 * can be proved of it. */
int forget_plan(struct retention_item *items, size_t count, const char *label,
    struct err *err);

#endif
