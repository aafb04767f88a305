/*
 * What goes with the write of an object: its pause in the journal before, its
 * status and its UID after.
 */
#ifndef RESTORE_KUBE_WRITE_H
#define RESTORE_KUBE_WRITE_H

#include "restore/kube/task.h"

struct kube_answer;

/* Sets the pause in the object, where a rule wants it, and writes it to the
 * journal first. */
int write_pause(struct task *t, struct err *err);
/* Writes the status that is to be restored; PARTIAL and -1 where it is
 * refused. */
int write_status(struct task *t);
/* It is there by our hand: CREATED, or PARTIAL where the server's answer, which
 * may be NULL, does not have all of it. `uid` may be NULL: not known. */
void write_created(
    struct task *t, const char *uid, const struct kube_answer *answer);
/* The UID that it has in the target now; NULL: it is gone, or has one that is
 * not known. */
void write_uid(struct task *t, const char *uid);

#endif
