/*
 * One repository of a snapshot back onto a server: all refs, with what became
 * of each, and LFS objects where the snapshot has them.
 */
#ifndef RESTORE_APPLY_GIT_H
#define RESTORE_APPLY_GIT_H

#include "restore/run/outcome.h"
#include "storage/git/host/host.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>

struct git_apply_options {
	const char *url; /* of the target */
	/* The API of its host, which sets the default branch; NULL: none is
	 * known. no_host then says why. */
	const struct host *host;
	const char *no_host;
	bool create; /* a repository that is missing is made, private */
	/* With scratch, clock, random and cancel set. */
	struct git_access access;
	bool prune; /* delete refs of the target that the snapshot has not */
	bool overwrite; /* overwrite a target that holds such refs */
	bool dry_run;
	/* A dry run for a resume: PENDING where it is not as it is to be. */
	bool check;
	void (*progress)(void *ctx, uint64_t sent_bytes); /* may be NULL */
	void *progress_ctx;
};

/* bare_dir is the verified tree's git/<name>.git. A note for each ref that was
 * refused, and one for a HEAD that the host's API could not set, with what to
 * do by hand. 0
 * with the outcome set, also to FAILED; -1 (and the outcome FAILED with the
 * message) only where going on is pointless: cancelled. */
int git_apply(const struct git_apply_options *o, const char *bare_dir,
    struct outcome *outcome, struct err *err);

#endif
