/*
 * Who manages which fields of a live object: writes of managedFields alone.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
#ifndef RESTORE_KUBE_MANAGERS_H
#define RESTORE_KUBE_MANAGERS_H

#include "restore/kube/target.h"
#include "storage/base/err.h"

struct json_object;

/* The managedFields that an object is to have; the caller frees. NULL: those
 * that it has. */
typedef struct json_object *managers_fn(
    void *ctx, const struct json_object *live);

/* Writes what `make` says of `seen`, and where its controller has changed the
 * object since, of what it is by then. `*version` becomes the resourceVersion
 * (the caller frees; may be NULL). Nothing is sent where nothing is to change.
 */
int managers_write(struct applier *a, uint16_t cluster, const char *path,
    const struct json_object *seen, managers_fn *make, void *ctx,
    char **version, struct err *err);

#endif
