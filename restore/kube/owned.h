/*
 * Fields of which we are the manager, or which are of their old manager by our
 * hand. A create makes the fields of an object ours by another name than an
 * apply does (`operation` of managedFields): an apply that followed would be in
 * conflict with ourselves, and would leave what is no longer wanted.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
#ifndef RESTORE_KUBE_OWNED_H
#define RESTORE_KUBE_OWNED_H

#include "restore/kube/task.h"

struct json_object;
struct kube_answer;

/* Whether an entry of an object that was made anew since the snapshot is one
 * that it had then, and nobody wrote by it since: by a restore, or by who would
 * have made the same. */
bool owned_is_as_made(const struct json_object *live,
    const struct json_object *entry, const struct prepared *wanted);
/* Whether we own a field of `live` that is not wanted. */
bool owned_exceeds(
    const struct json_object *live, const struct prepared *wanted);
/* Turns the fields that our create owns into fields that our apply owns.
 * `*version` becomes the new resourceVersion; the caller frees it. */
int owned_adopt(struct task *t, const struct json_object *live, char **version,
    struct err *err);
/* Makes the fields that are ours those of the managers that they had. Nothing
 * is sent where they have them, or where none were captured. */
int owned_give_back(
    struct task *t, const struct json_object *live, struct err *err);
/* Whether a refused apply conflicts only with what is ours, as it does in a dry
 * run, which changes no owner of fields. */
bool owned_conflicts(const struct task *t, const struct json_object *live,
    const struct kube_answer *answer);

#endif
