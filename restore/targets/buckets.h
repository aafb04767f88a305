/*
 * The buckets that states go to.
 */
#ifndef RESTORE_TARGETS_BUCKETS_H
#define RESTORE_TARGETS_BUCKETS_H

#include "restore/targets/targets.h"

/* Connects the buckets of the configuration, without a request. */
void buckets_add(struct targets *t);
/* The one that a state goes to, or NULL. */
struct target_bucket *buckets_find(
    const struct targets *t, const struct plan_node *node);
/* The bucket and the key that a state goes to; NULL if it has no target, or its
 * bucket cannot be used. The caller frees. */
char *buckets_destination(
    const struct targets *t, const struct plan_node *node);
/* As apply and check of struct apply_driver; the context is the targets. */
enum apply_result buckets_apply(
    void *targets, uint32_t node, struct outcome *outcome, struct err *err);
enum apply_result buckets_check(
    void *targets, uint32_t node, struct outcome *outcome, struct err *err);

#endif
