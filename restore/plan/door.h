/*
 * Checks every entry of an archive. `verify` and every plan use the same
 * checks, so that a plan never writes what `verify` refuses. An entry must
 * match its path in the archive and its facts.
 *
 * All return -1 with ERR_INTEGRITY, or ERR_CANCELLED, naming the entry.
 */
#ifndef RESTORE_PLAN_DOOR_H
#define RESTORE_PLAN_DOOR_H

#include "storage/archive/contents.h"
#include "storage/archive/tree.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/mirror/verify.h"

#include <stdbool.h>

/* The Kubernetes object of an entry, the caller's: it reads as JSON, and its
 * name, namespace, group and kind are those of its path and facts. NULL where
 * it is refused. */
struct json_object *door_object(
    const struct tree *tree, const struct contents_entry *e, struct err *err);
/* The same, mostly with empty metadata.managedFields, which are read here but
 * not made a tree of. */
struct json_object *door_object_to_plan(
    const struct tree *tree, const struct contents_entry *e, struct err *err);

/* An object that was Terraform state at capture must still read as state, with
 * its serial; `*state` says whether it was. Any other object passes. Nothing
 * else is checked: a restore writes the bytes unchanged. */
int door_state(const struct tree *tree, const struct contents_entry *e,
    bool *state, struct err *err);

/* An entry below git/<name>.git: a file that belongs into a mirror; an LFS
 * object must match the digest in its name. `*repository`: git/<name>.git, the
 * caller's. */
int door_git_file(
    const struct contents_entry *e, char **repository, struct err *err);

/* A repository as a whole: every object that a ref needs is in it, and nothing
 * in it points elsewhere. */
int door_repository(const struct tree *tree, const char *repository,
    const struct cancel *cancel, struct verify_counts *counts, struct err *err);

#endif
