/*
 * The clusters of a snapshot, as its manifest has them (the summary in
 * agent/kube/capture.h), of all captures in one row.
 */
#ifndef RESTORE_PLAN_CLUSTERS_H
#define RESTORE_PLAN_CLUSTERS_H

#include "storage/archive/manifest.h"

/* The i-th that has a name; NULL: there are no more. Borrowed. */
const struct json_object *clusters_at(const struct manifest *m, size_t i);
/* The one of that name, or NULL. Borrowed. */
const struct json_object *clusters_named(
    const struct manifest *m, const char *name);

#endif
