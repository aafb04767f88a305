/*
 * What a push would find at its target, without pushing.
 */
#ifndef STORAGE_GIT_PUSH_PUSH_TARGET_H
#define STORAGE_GIT_PUSH_PUSH_TARGET_H

#include "storage/base/err.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>

struct push_target {
	bool missing;	 /* there is no repository */
	bool unmakeable; /* and a push would not make it, as over HTTP */
};

/* Connects as a push does, for writing. -1 where a push would get no further,
 * as with credentials that may only read. */
int push_target_find(const char *url, const struct git_access *access,
    struct push_target *out, struct err *err);

#endif
