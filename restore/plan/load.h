/*
 * Objects out of the verified tree.
 */
#ifndef RESTORE_PLAN_LOAD_H
#define RESTORE_PLAN_LOAD_H

#include "restore/plan/plan.h"

struct json_object;

/* With the operator's transforms made; the caller frees. ERR_FORMAT where it is
 * no object with a kind and a name. */
struct json_object *load_object(
    const struct plan *p, const char *path, struct err *err);
/* And in the version of the target, with the values that it takes: that of a
 * PLAN_KUBE node. A line for each value that is another one then is added to
 * `notes`, which may be NULL. */
struct json_object *load_node(const struct plan *p, const struct plan_node *n,
    struct strvec *notes, struct err *err);
/* The same without the operator's transforms, and without a word. */
struct json_object *load_as_captured(
    const struct plan *p, const struct plan_node *n, struct err *err);
/* Whether an object has apiVersion, kind and a name; path is for the error. */
int load_check(
    const struct json_object *object, const char *path, struct err *err);

#endif
