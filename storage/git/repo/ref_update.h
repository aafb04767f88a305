/*
 * Sets and deletes single refs in the files of a bare repository that others
 * use at the same time, under git's own locks (gitrepository-layout(5)): the
 * file "<name>.lock" is written and then renamed to "<name>".
 */
#ifndef STORAGE_GIT_REPO_REF_UPDATE_H
#define STORAGE_GIT_REPO_REF_UPDATE_H

#include "storage/base/err.h"
#include "storage/git/repo/git_id.h"

struct ref_update;
/* Reads once which refs there are: it serves one push. */
struct ref_update *ref_update_new(
    const char *dir, enum git_hash hash, struct err *err);
void ref_update_free(struct ref_update *u); /* takes NULL */

/* ERR_LOCKED if another process changes it; ERR_EXISTS if "a" is in the way of
 * "a/b". */
int ref_update_set(struct ref_update *u, const char *name,
    const uint8_t id[GIT_ID_LEN], struct err *err);
int ref_update_delete(struct ref_update *u, const char *name, struct err *err);

#endif
