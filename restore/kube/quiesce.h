/*
 * What would act on a half-restored platform is restored paused, and released
 * when all is there.
 */
#ifndef RESTORE_KUBE_QUIESCE_H
#define RESTORE_KUBE_QUIESCE_H

#include "restore/kube/target.h"

struct json_object;
struct rule_pause;

/* The rule by which the object is to be paused, or NULL. */
const struct rule_pause *quiesce_rule(const struct plan *p,
    const struct plan_kind *k, struct json_object *object);
void quiesce_pause(struct json_object *object, const struct rule_pause *rule);
/* Releases what the journal says is paused, in order. */
void quiesce_release(struct applier *a);

#endif
