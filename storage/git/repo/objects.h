/*
 * The objects of a repository, read by their ids: those in packs, with their
 * deltas applied, and loose ones, of the repository itself and of those that
 * it borrows from. Its reader serves one thread.
 *
 * Not through libgit2, whose 1.5 knows SHA-1 alone.
 */
#ifndef STORAGE_GIT_REPO_OBJECTS_H
#define STORAGE_GIT_REPO_OBJECTS_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/git/repo/git_id.h"
#include "storage/git/repo/object_links.h"

struct objects;
/* What cannot be read of the packs is left out: who needs it will say so. */
struct objects *objects_open(
    const char *git_dir, enum git_hash hash, struct err *err);
void objects_free(struct objects *o); /* takes NULL */

/* Replaces out. ERR_NOT_FOUND where it is missing; ERR_FORMAT where it is
 * damaged: what is given hashes to its id. */
int objects_read(struct objects *o, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct buf *out, struct err *err);
/* What it is and how long, without reading all of it. */
int objects_look(struct objects *o, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, uint64_t *size, struct err *err);

#endif
