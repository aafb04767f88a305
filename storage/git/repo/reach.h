/*
 * Walks every object that can be reached from the refs of a repository: to see
 * whether it is there, or to name what is to be sent. The check is slower than
 * holding all ids that objects name against all that are there, but exact: an
 * object that nothing reaches may well name one that is gone.
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

/* Adds all that is reachable from some objects and not `known`, behind which
 * nothing is looked for (NULL: nothing is). Of blobs only the name is needed.
 * ERR_NOT_FOUND where a commit, tree or tag is not there. */
int reach_collect(struct repo *repo, const struct git_idvec *from,
    bool (*known)(const void *ctx, const uint8_t *id), const void *ctx,
    struct object_links *found, const struct cancel *cancel, struct err *err);

#endif
