/*
 * What accompanies the write of an object: its pause is put into the journal
 * before, its status and its UID after.
 */
#ifndef RESTORE_KUBE_WRITE_H
#define RESTORE_KUBE_WRITE_H

#include "restore/kube/task.h"

struct json_object;

/* Sets the pause in the object, if a rule requires it, and records it in the
 * journal first. */
int write_pause(struct task *t, struct err *err);
/* Whether the journal records the pause of a node, so that it is released. */
bool write_keeps_pauses(const struct applier *a, uint32_t node);
/* The object is not there, or was left alone: nothing of it is to be released.
 */
void write_no_pause(struct task *t);
/* A pause that a run of this program left on a live object, and of which our
 * journal says nothing: it is recorded as if we had made it, so that it is
 * released, and the object is wanted with it until then. */
int write_adopt_pauses(struct applier *a, uint32_t node,
    const struct json_object *live, struct prepared *wanted, struct err *err);
/* Writes the status that is to be restored; PARTIAL and -1 where it is refused.
 * `now`, the object as it is then, or NULL where there is none to restore; the
 * caller frees. */
int write_status(struct task *t, struct json_object **now);
/* It is there by our hand, as `made` says, which may be NULL: CREATED (of
 * the dry run of a copy ACCEPTED), or PARTIAL where that has not all of it,
 * though it is the server's `answer` to what was sent. Its status follows, and
 * each field belongs to its manager. */
void write_created(struct task *t, const struct json_object *made, bool answer);
/* Records the UID that it has in the target now; NULL: it was deleted, or its
 * UID is not known. */
void write_uid(struct task *t, const char *uid);

#endif
