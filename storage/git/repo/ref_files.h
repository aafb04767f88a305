/*
 * The files of a bare repository that contain its refs: HEAD, packed-refs and
 * loose ones (gitrepository-layout(5)). Reads whatever git may have left there,
 * and writes packed-refs alone.
 */
#ifndef STORAGE_GIT_REPO_REF_FILES_H
#define STORAGE_GIT_REPO_REF_FILES_H

#include "storage/base/err.h"
#include "storage/git/repo/refs.h"

/* HEAD: what it names, or an id in hex; the caller frees. */
int ref_files_read_head(
    const char *dir, enum git_hash hash, char **head, struct err *err);
/* The same as a server reports it: followed through symbolic refs, which are in
 * `common`, to the last name. */
int ref_files_resolve_head(const char *dir, const char *common,
    enum git_hash hash, char **head, struct err *err);
/* All refs, sorted; it is not an error if there are none. */
int ref_files_read(const char *dir, enum git_hash hash, struct git_refvec *refs,
    struct err *err);

/* One ref by its name, without the memory of all: 1 with its id, or 0 if there
 * is none of that name. It is not followed if it is symbolic. */
int ref_files_find(const char *dir, enum git_hash hash, const char *name,
    uint8_t id[GIT_ID_LEN], struct err *err);

/* Writes packed-refs from sorted refs, and HEAD as read_head returns it. Each
 * file appears whole or not at all, and is not written if it has that content
 * already. */
int ref_files_write(const char *dir, enum git_hash hash,
    const struct git_refvec *refs, struct err *err);
int ref_files_write_head(const char *dir, const char *head, struct err *err);

#endif
