/*
 * Directories of a repository that a search need not read again, since an
 * earlier one found nothing of interest in them: by the ids of their trees,
 * which stand for all that is in them. They are kept in a file; without it, all
 * are read.
 */
#ifndef AGENT_DISCOVER_QUIET_H
#define AGENT_DISCOVER_QUIET_H

#include "storage/git/repo/git_id.h"

#include <stdbool.h>

struct quiet {
	struct git_idvec known; /* from the file, sorted */
	struct git_idvec now;	/* found in this search */
};
#define QUIET_INIT                                                             \
	{                                                                      \
		.known = VEC_INIT, .now = VEC_INIT                             \
	}

/* Whatever is not read as it was written counts for nothing. */
void quiet_load(struct quiet *q, const char *path);
bool quiet_has(const struct quiet *q, const uint8_t id[GIT_ID_LEN]);
void quiet_add(struct quiet *q, const uint8_t id[GIT_ID_LEN]);
/* Best effort: without it, the next search reads all again. */
void quiet_save(struct quiet *q, const char *path);
void quiet_done(struct quiet *q);

#endif
