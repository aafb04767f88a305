/*
 * Files of a mirrored repository as its HEAD, or another revision, has them.
 */
#ifndef AGENT_DISCOVER_REVISION_FILES_H
#define AGENT_DISCOVER_REVISION_FILES_H

#include "agent/discover/quiet.h"
#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/base/spool.h"
#include "storage/base/str.h"
#include "storage/git/repo/submodules.h"

#include <stdbool.h>

/* What is wanted of one, and what is done with it. */
struct revision_files {
	const char *dir;  /* of the mirror */
	const char *name; /* of the repository, for errors */
	bool locked;	  /* by the caller: no other run changes the mirror */
	const struct cancel *cancel;
	void *ctx;
	/* By the name without its directories. */
	bool (*wants)(const char *name);
	/* `path` begins at the root. 0: the file is of no interest, as any of
	 * this content; 1: it is; -1 ends it. */
	int (*file)(void *ctx, const char *path, const char *name,
	    const struct buf *text, struct err *err);
	/* Only what is shorter is read; 0: 1 MiB. */
	size_t max_bytes;
	/* Told of one that is not; NULL: it is of no interest. */
	void (*too_large)(void *ctx, const char *path);
	/* The directories that are passed over, and those that need not be
	 * read again; NULL: all are read. */
	struct quiet *quiet;
	/* Ids in hexadecimal, refs, names of branches or tags: the files that
	 * these have and HEAD has not, each content once; NULL: those of HEAD.
	 * `revision` is called before those of each. */
	const struct strvec *revisions;
	void (*revision)(void *ctx, const char *name);
};

/* Calls `file` for each. 0 also where HEAD, or a revision, names nothing.
 * ERR_NOT_FOUND: no mirror is there; ERR_LOCKED: another run has it in use. */
int revision_files_read(const struct revision_files *f, struct err *err);
/* Of revisions, as above, whether the mirror has them: there[i] of
 * revisions[i]. -1 with ERR_NOT_FOUND where there is no mirror. */
int revision_files_find(const char *dir, const struct strvec *revisions,
    bool *there, struct err *err);
/* The submodules that HEAD (NULL) or a revision has, with what is pinned of
 * them. 0 also where it names nothing; -1 as above. */
int revision_files_submodules(const char *dir, const char *revision,
    struct submodulevec *out, struct err *err);
/* Appends the first `bytes` of the id of each object in the mirror's packs,
 * then of the SHA-256 of the name of each of its refs, and counts these. -1 as
 * above, and then some may be appended. */
int revision_files_ids(const char *dir, size_t bytes, struct spool *out,
    uint64_t *ref_count, struct err *err);

#endif
