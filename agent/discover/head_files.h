/*
 * Files of a mirrored repository as its HEAD has them.
 */
#ifndef AGENT_DISCOVER_HEAD_FILES_H
#define AGENT_DISCOVER_HEAD_FILES_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"

#include <stdbool.h>

/* What is wanted of one, and what is done with it. */
struct head_files {
	const char *dir;  /* of the mirror */
	const char *name; /* of the repository, for errors */
	const struct cancel *cancel;
	void *ctx;
	/* By the name without its directories. */
	bool (*wants)(const char *name);
	/* `path` begins at the root. 0: the file is of no interest, as any of
	 * this content; 1: it is; -1 ends it. */
	int (*file)(void *ctx, const char *path, const char *name,
	    const struct buf *text, struct err *err);
	/* One over 1 MiB, which is not read. */
	void (*too_large)(void *ctx, const char *path);
	/* The directories in which an earlier run found nothing of interest, by
	 * the ids of their trees, GIT_ID_LEN bytes each, sorted: they are not
	 * read again. NULL: all are read. */
	const struct buf *quiet;
	/* Receives those in which nothing is of interest now, in no order and
	 * without what lies below a quiet one; or NULL. */
	struct buf *quiet_now;
};

/* Calls `file` for each. 0 also where HEAD names nothing yet. ERR_NOT_FOUND: no
 * mirror is there; ERR_LOCKED: another run has it in use. */
int head_files_read(const struct head_files *f, struct err *err);
/* Whether the mirror has an object of that id, in hexadecimal: 1, 0, or -1 with
 * ERR_NOT_FOUND where there is no mirror. */
int head_files_has(const char *dir, const char *id, struct err *err);

#endif
