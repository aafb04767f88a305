/*
 * What a target has of one kind.
 */
#ifndef RESTORE_PLAN_LIST_H
#define RESTORE_PLAN_LIST_H

#include "storage/base/clock.h"
#include "storage/kube/client.h"

struct json_object;

/* Calls fn for each item of a collection. A list that has to begin anew shows
 * an item twice. metadata_only: of each no more than its metadata, where the
 * server can do so. The clock may be NULL. */
typedef void list_fn(void *ctx, struct json_object *item);
int list_all(struct kube_client *c, const char *path, bool metadata_only,
    const struct clock *clock, list_fn *fn, void *ctx, struct err *err);

#endif
