/*
 * Scratch: the private directory of a process, `<parent>/scratch-<pid>-XXXXXX`,
 * locked (flock) while it is in use. So the next start can tell one that a dead
 * run left behind from one in use, and removes it.
 */
#ifndef STORAGE_BASE_SCRATCH_H
#define STORAGE_BASE_SCRATCH_H

#include "storage/base/err.h"

struct scratch {
	char *path;
	int lock_fd;
};
#define SCRATCH_INIT                                                           \
	{                                                                      \
		.path = NULL, .lock_fd = -1                                    \
	}
int scratch_make(struct scratch *s, const char *parent, struct err *err);
void scratch_done(struct scratch *s); /* removes the tree */
/* Removes what dead runs left in parent; their number, or -1. */
int scratch_clean(const char *parent, struct err *err);

#endif
