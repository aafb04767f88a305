/*
 * What a target has of one kind.
 */
#ifndef RESTORE_PLAN_LIST_H
#define RESTORE_PLAN_LIST_H

#include "storage/base/clock.h"
#include "storage/kube/client.h"

#include <stdbool.h>

struct json_object;

/* Calls fn for each item of a collection. A list that has to begin anew shows
 * an item twice. The clock may be NULL. -1 as kube_list. */
typedef void list_fn(void *ctx, struct json_object *item);
int list_all(struct kube_client *c, const char *path, const struct clock *clock,
    list_fn *fn, void *ctx, struct err *err);

/* The same, of a list that may be long: the server is asked for no more than
 * metadata, where it can do so, and no tree is made of an item. */
struct list_item {
	const char *name;
	const char *namespace; /* NULL: in none */
	const char *uid;       /* or NULL */
	bool terminates;       /* it is being deleted */
};
typedef void list_item_fn(void *ctx, const struct list_item *item);
int list_metadata(struct kube_client *c, const char *path,
    const struct clock *clock, list_item_fn *fn, void *ctx, struct err *err);

#endif
