/*
 * What the files of state_apply share and nobody else sees.
 */
#ifndef RESTORE_TERRAFORM_APPLYING_H
#define RESTORE_TERRAFORM_APPLYING_H

#include "restore/terraform/state.h"
#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/terraform/state.h"

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

/* What is known of some bytes: ours, or those in the bucket. */
struct state_bytes {
	bool there;
	uint64_t size;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char md5[2 * DIGEST_MD5_LEN + 1]; /* hex */
	struct state_facts state;
};
int state_bytes_of_file(
    const char *file, struct state_bytes *b, struct err *err);
/* there = false where there is no such object. meta may be NULL. */
int state_bytes_of_object(struct s3 *s3, const char *key, struct state_bytes *b,
    struct s3_meta *meta, struct err *err);
bool state_bytes_equal(
    const struct state_bytes *a, const struct state_bytes *b);

/* ---- one object under way ---- */

struct state_applying {
	const struct state_apply_options *o;
	const struct state_apply_object *object;
	const char *file;
	char *key; /* in the target */
	struct state_bytes ours;
	struct state_bytes theirs;
	struct s3_meta their_meta;
	struct outcome *outcome;
};

/* The headers, metadata and tags that the object gets in the target. */
void state_describe(const struct state_applying *a, struct s3_meta *m,
    struct s3_pair_vec *tags);
/* `*what` names what differs in the existing object, or is NULL. */
int state_description_differs(const struct state_applying *a,
    const struct s3_meta *theirs, const char **what, struct err *err);

/* Writes the object and its digest, reads both back, and sets the outcome. */
int state_write(struct state_applying *a, struct err *err);
/* Whether the lock table has another digest than that of our bytes. */
int state_digest_differs(
    const struct state_applying *a, bool *differs, struct err *err);
/* Writes the digest alone, if it differs. */
int state_write_digest(
    const struct state_applying *a, bool *changed, struct err *err);

#endif
