/*
 * Whether an account may do in a cluster what a restore of a snapshot does
 * there, asked by reviews (storage/kube/review.h). Nothing is written.
 */
#ifndef RESTORE_TARGETS_RIGHTS_H
#define RESTORE_TARGETS_RIGHTS_H

#include "storage/base/err.h"

struct json_object;
struct kube_client;

/* `cluster` as the manifest has it: each kind of which there are objects must
 * be listed, created and patched, in all namespaces or in those of the
 * snapshot. `*missing` becomes NULL where all of it is allowed, or the first
 * rights that are not and how many more there are ("create secrets in 'a',
 * patch ... and 7 more"); the caller's. -1 as kube_review. */
int rights_missing(struct kube_client *client,
    const struct json_object *cluster, char **missing, struct err *err);

#endif
