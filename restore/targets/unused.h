/*
 * Targets of the configuration that match nothing in the snapshot.
 */
#ifndef RESTORE_TARGETS_UNUSED_H
#define RESTORE_TARGETS_UNUSED_H

#include "restore/targets/targets.h"

/* Appends a text for each: what it was meant for is restored elsewhere. */
void unused_texts(const struct targets *t, const struct manifest *m,
    const struct plan_options *o, struct strvec *texts);
/* The first member of a list that a kind of source has in the manifest,
 * "clusters", "buckets" or "repositories", which is what is wanted; borrowed,
 * or NULL. */
typedef bool unused_part_fn(const struct json_object *part, const char *wanted);
const struct json_object *unused_part(const struct manifest *m,
    const char *list, unused_part_fn *is, const char *wanted);

#endif
