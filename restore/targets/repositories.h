/*
 * The targets of repositories, and how they are pushed.
 */
#ifndef RESTORE_TARGETS_REPOSITORIES_H
#define RESTORE_TARGETS_REPOSITORIES_H

#include "restore/targets/targets.h"

/* The URL of a repository's target; "" if it has none. The caller frees. */
char *repositories_url(const struct targets *t, const struct plan_node *node);
/* As apply and check of struct apply_driver; the context is the targets. */
enum apply_result repositories_apply(
    void *targets, uint32_t node, struct outcome *outcome, struct err *err);
enum apply_result repositories_check(
    void *targets, uint32_t node, struct outcome *outcome, struct err *err);

#endif
