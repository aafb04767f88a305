/*
 * The directories of a repository's objects: its own and those of its
 * alternates (gitrepository-layout(5)). And loose objects, each of which is a
 * file (a zlib stream of "<type> <length>", NUL, content), as streams of any
 * length.
 */
#ifndef STORAGE_GIT_REPO_LOOSE_H
#define STORAGE_GIT_REPO_LOOSE_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/stream.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/refs.h"

#include <stdint.h>

/* Adds the object directory of a repository and of all that it borrows from. */
int loose_find_dirs(const char *git_dir, struct strvec *dirs, struct err *err);

/* The content of an object, which the caller frees; NULL and ERR_NOT_FOUND if
 * no directory has it. Its id is not checked. */
struct source *loose_open(const struct strvec *dirs, enum git_hash hash,
    const uint8_t id[GIT_ID_LEN], enum object_type *type, uint64_t *size,
    struct err *err);

/* The content of an object from the bytes of its file, whose name is for
 * errors. Owns `from`, also on failure. */
struct source *loose_unpack(struct source *from, const char *name,
    enum object_type *type, uint64_t *size, struct err *err);

#endif
