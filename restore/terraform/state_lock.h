/*
 * The locks of a state, as Terraform and OpenTofu take them (opentofu
 * internal/backend/remote-state/s3/client.go): first <key>.tflock, written if
 * it does not exist, then the item in the lock table, written if it does not
 * exist.
 */
#ifndef RESTORE_TERRAFORM_STATE_LOCK_H
#define RESTORE_TERRAFORM_STATE_LOCK_H

#include "restore/terraform/state.h"
#include "storage/base/buf.h"

/* The two locks of one state: the object beside it and the table's item. */
struct state_lock {
	const struct state_apply_options *o;
	char *object_key; /* <key>.tflock */
	char *lock_id;	  /* <bucket>/<key> */
	char *id;	  /* ours, as `terraform force-unlock` takes it */
	struct buf info;  /* JSON, what both locks hold */
	bool has_object;
	bool has_item;
};

/* ERR_LOCKED with the holder where somebody has it; a check without taking it,
 * which fails as taking it would. */
int state_lock_check(const struct state_apply_options *o, const char *key,
    struct outcome *outcome, struct err *err);
/* ERR_LOCKED with the holder where somebody has it. What was taken by then is
 * released. Notes in the outcome what could not be locked and need not be. */
int state_lock_acquire(struct state_lock *l,
    const struct state_apply_options *o, const char *key,
    struct outcome *outcome, struct err *err);
/* If a lock cannot be released, a note says what to do. */
void state_lock_release(struct state_lock *l, struct outcome *outcome);
void state_lock_done(struct state_lock *l);

#endif
