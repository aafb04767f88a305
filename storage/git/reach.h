/*
 * Walks every object that can be reached from the refs of a bare repository
 * and sees whether it is there. Slower than holding all ids that objects name
 * against all that are there, but exact: an object that nothing reaches may
 * well name one that is gone.
 */
#ifndef STORAGE_GIT_REACH_H
#define STORAGE_GIT_REACH_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/refs.h"

/* ERR_INTEGRITY names the first object that is missing or broken and the ref
 * that needs it. */
int reach_check(const char *dir, const struct git_refvec *refs,
    const struct cancel *cancel, struct err *err);

#endif
