/*
 * A push under way: what it would change in the target, and which objects the
 * target lacks. Both kinds of target, a server (remote.h) and a repository on
 * disk (file.h), use it. Within this room alone.
 */
#ifndef STORAGE_GIT_PUSH_COMPARE_H
#define STORAGE_GIT_PUSH_COMPARE_H

#include "storage/git/push/push.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/repo.h"
#include "storage/git/wire/location.h"

struct push_change {
	const char *name; /* borrowed */
	bool existed;
	bool deletes;
	uint8_t old_id[GIT_ID_LEN]; /* zeros: not there */
	uint8_t new_id[GIT_ID_LEN]; /* zeros: deleted */
	bool done;
	bool with_all; /* refused together with everything that was sent with it
			*/
	char *reason;  /* why it was refused; owned */
};
VEC_DEFINE(push_changevec, struct push_change);

struct push {
	const struct push_options *o;
	struct git_access access;
	struct location where;
	struct push_result *result;
	enum git_hash hash;	       /* of both sides */
	struct git_refvec refs;	       /* ours */
	struct git_refvec target;      /* the target's, before */
	struct packs packs;	       /* ours */
	struct push_changevec changes; /* deletions first */
};

/* Objects of one hash cannot be converted to the other, so a target with
 * another hash is refused. */
int push_compare_hash(
    const struct push *p, enum git_hash target, struct err *err);
/* Compares the two sides: fills in the changes, and refuses what needs
 * `overwrite`. */
int push_compare(struct push *p, struct err *err);
/* Passes a pack of what the changes [first, end) need to on_data. */
int push_compare_pack(struct push *p, size_t first, size_t end,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err);

#endif
