/*
 * Where the parts of a repository lie on disk, found as git finds them:
 * bare, with a working tree, behind a "gitdir:" file, or as a linked working
 * tree, which has a HEAD of its own and shares all else
 * (gitrepository-layout(5), git-worktree(1)).
 */
#ifndef STORAGE_GIT_REPO_LAYOUT_H
#define STORAGE_GIT_REPO_LAYOUT_H

#include "storage/base/err.h"

#include <stdbool.h>

struct layout {
	char *own;    /* HEAD */
	char *common; /* objects, refs, config; differs from `own` only for a
			 linked one */
	bool below;   /* as .git in a working tree */
};
#define LAYOUT_INIT                                                            \
	{                                                                      \
		.own = NULL                                                    \
	}
void layout_done(struct layout *l);

/* ERR_NOT_FOUND if there is no repository at that path. */
int layout_find(const char *path, struct layout *l, struct err *err);

#endif
