/*
 * One Terraform state object back into S3, so that Terraform and OpenTofu
 * accept it at once: take its lock, compare, write, set the digest of the lock
 * table for the *target's* LockID, read back and compare, release the lock.
 *
 * Refused (FAILED) unless `overwrite`: what is there has a newer serial,
 * another lineage, or the same serial with other content. What is there and
 * equal is left (UNCHANGED), and its digest repaired; where its content type,
 * headers, metadata or tags differ it is written again. A lock that somebody
 * holds is reported with its holder, and left. Lock objects are never restored,
 * and `serial` is never edited.
 */
#ifndef RESTORE_TERRAFORM_STATE_H
#define RESTORE_TERRAFORM_STATE_H

#include "restore/run/outcome.h"
#include "storage/aws/dynamodb.h"
#include "storage/aws/s3.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/random.h"

#include <stdbool.h>

struct json_object;

enum state_apply_kms {
	STATE_APPLY_KMS_KEEP, /* the key that the object had */
	STATE_APPLY_KMS_DROP, /* whatever the target bucket does by default */
	STATE_APPLY_KMS_KEY,  /* kms_key_id, for all that had one */
};

/* One target; borrowed throughout. Serves many objects, from many threads. */
struct state_apply_options {
	struct s3 *s3;		 /* the target bucket */
	struct dynamodb *locks;	 /* its lock table, or NULL */
	const char *from_prefix; /* of the key, taken away ... */
	const char *to_prefix;	 /* ... and this put in its place */
	bool overwrite;
	bool dry_run;	   /* checks and reports what it would do; no lock */
	bool no_lock_file; /* the target's backend does not use .tflock */
	/* The target bucket's session has a customer's key (SSE-C): for each
	 * object, or only for those that had one. */
	bool customer_key;
	bool customer_key_kept;
	enum state_apply_kms kms;
	const char *kms_key_id;
	const char *who; /* names us in the lock; default "backstay" */
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
};

struct state_apply_object {
	const char *key;		 /* where it was; facts.key */
	const struct json_object *facts; /* as capture_state wrote them */
};

/* The key it will have in the target; the caller frees. */
char *state_apply_target_key(
    const struct state_apply_options *o, const char *key);

/* Whether the lock table is there; says so once, for all objects: where it is
 * not, ERR_NOT_FOUND, and the caller goes on with locks = NULL after a note. */
int state_apply_check_table(
    const struct state_apply_options *o, struct err *err);

/* `file` holds the verified bytes. 0 with the outcome set, also to FAILED;
 * -1 (and the outcome FAILED with the message) only where going on with other
 * objects is pointless: cancelled, or credentials refused. */
int state_apply(const struct state_apply_options *o, const char *file,
    const struct state_apply_object *object, struct outcome *outcome,
    struct err *err);

#endif
