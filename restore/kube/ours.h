/*
 * Whether an existing object was made by this restore: by an earlier run of it,
 * or by a request whose answer was lost.
 */
#ifndef RESTORE_KUBE_OURS_H
#define RESTORE_KUBE_OURS_H

#include "restore/kube/task.h"

/* Whether an earlier run created the live object with that UID, and was killed
 * before it recorded that, or could create it only in part. */
bool ours_by_journal(const struct task *t, const char *uid);
/* The same, decided from the live object as well. */
bool ours_by_object(
    const struct task *t, const char *uid, const struct json_object *live);

/* Whether the live object has that pause by our hand: the place is set, and
 * owned by us. */
bool ours_is_pause(
    const struct json_object *live, const struct rule_pause *rule);

/* Whether a run that was ended has made the live object, and not come to the
 * status that it is to have; and nobody has acted on it since: our pause still
 * stands, or it has no status at all. */
bool ours_lacks_status(
    const struct json_object *live, const struct prepared *wanted);

#endif
