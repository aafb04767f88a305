/*
 * Pushes every ref of a bare repository to a remote, and reports what became of
 * each. A ref that the host hides or protects does not stop the others.
 */
#ifndef STORAGE_GIT_PUSH_PUSH_H
#define STORAGE_GIT_PUSH_PUSH_H

#include "storage/base/err.h"
#include "storage/git/repo/refs.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>
#include <stdint.h>

struct push_options {
	const char *url;
	const char *dir; /* of the bare repository */
	const struct git_access *access;
	bool prune;	/* delete refs that the snapshot does not have */
	bool overwrite; /* overwrite a target that has such refs */
	bool dry_run;	/* compare only: what would become of each ref */
	/* Makes the repository, empty, where there is none; NULL: it can only
	 * be made over ssh, by git on the server. */
	int (*make)(void *ctx, struct err *err);
	void *make_ctx;
	/* Bytes of the pack sent so far; may be NULL. */
	void (*progress)(void *ctx, uint64_t sent_bytes);
	void *progress_ctx;
};

enum push_ref_kind {
	PUSH_REF_CREATED,
	PUSH_REF_UPDATED,
	PUSH_REF_UNCHANGED,
	PUSH_REF_DELETED,
	PUSH_REF_REFUSED, /* reason says why, in the server's words */
};

struct push_ref {
	char *name;
	enum push_ref_kind kind;
	char *reason;
};
VEC_DEFINE(push_refvec, struct push_ref);

struct push_result {
	struct push_refvec refs; /* sorted by name */
	bool created;		 /* the repository itself */
	bool unmakeable; /* in a dry run: it does not exist, and a push would
			    not make it, as over HTTP */
	/* HEAD of the snapshot, and of the target after the push (NULL: not
	 * known); a push over a protocol cannot set the target's. */
	char *head;
	char *target_head;
	bool head_set; /* if it could be set: a new target on disk */
	uint64_t sent_bytes;
};
#define PUSH_RESULT_INIT                                                       \
	{                                                                      \
		.created = false                                               \
	}
void push_result_done(struct push_result *r);

/* 0 also if refs were refused. ERR_EXISTS if the target has refs that the
 * snapshot does not have, or other history, and `overwrite` is not set;
 * ERR_NOT_FOUND if there is no target and it cannot be made. */
int push_all(
    const struct push_options *o, struct push_result *result, struct err *err);

#endif
