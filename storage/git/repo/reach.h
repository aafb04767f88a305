/*
 * Walks every object that can be reached from the refs of a repository: to
 * check that it exists, or to list what is to be sent. The check is slower than
 * comparing all ids that objects name with all that exist, but exact: an object
 * that nothing reaches may well name one that is missing.
 */
#ifndef STORAGE_GIT_REPO_REACH_H
#define STORAGE_GIT_REPO_REACH_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/refs.h"
#include "storage/git/repo/repo.h"

/* ERR_INTEGRITY names the first object that is missing or broken and the ref
 * that needs it. */
int reach_check(const char *dir, enum git_hash hash,
    const struct git_refvec *refs, const struct cancel *cancel,
    struct err *err);

/* Adds all that is reachable from some objects and is not in `known`. What lies
 * behind a known object is not searched (NULL: none is known). Of blobs only
 * the name is needed. ERR_NOT_FOUND if a commit, tree or tag does not exist. */
int reach_collect(struct repo *repo, const struct git_idvec *from,
    bool (*known)(const void *ctx, const uint8_t *id), const void *ctx,
    struct object_links *found, const struct cancel *cancel, struct err *err);

#endif
