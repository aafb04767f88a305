/*
 * What of a snapshot is meant by the words of a command line:
 *
 *     kubernetes | git | terraform
 *     kubernetes:[CLUSTER/]NAMESPACE/KIND/NAME     NAMESPACE is empty for what
 *                                                  no namespace holds
 *     kubernetes:CLUSTER/  kubernetes:NAMESPACE  kubernetes:CLUSTER/NAMESPACE
 *     git:REPOSITORY
 *     terraform:BUCKET  terraform:BUCKET/KEY  terraform:BUCKET/PREFIX/
 *
 * or of its entries by their paths in the archive: a pattern (* ? [...], of
 * which * takes slashes too), or a path, or a folder and all below it, or a
 * part of a name. In the parts of the first form * ? [...] are patterns, too.
 * KIND is as Deployment, deployments, or either with its group:
 * Deployment.apps.
 *
 * Pure.
 */
#ifndef RESTORE_THINGS_H
#define RESTORE_THINGS_H

#include "storage/archive/contents.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>

/* Whether a text is of the first form, or meant to be. */
bool things_is_named(const char *text);
/* ERR_USAGE where a text says nothing. */
int things_check(const char *text, struct err *err);
/* Whether the entry is meant by a text that was checked. */
bool things_match(const char *text, const struct contents_entry *e);
bool things_match_any(
    const struct strvec *texts, const struct contents_entry *e);
/* The text of the first form that means the thing that the entry is, or is part
 * of. The caller frees. */
char *things_name(const struct contents_entry *e);

#endif
