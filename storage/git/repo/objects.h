/*
 * Reads the objects of a repository by their ids: packed ones, with their
 * deltas applied, and loose ones, of the repository itself and of those that it
 * borrows from. A reader serves one thread.
 *
 * Not through libgit2, whose version 1.5 knows only SHA-1.
 */
#ifndef STORAGE_GIT_REPO_OBJECTS_H
#define STORAGE_GIT_REPO_OBJECTS_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/git/repo/git_id.h"
#include "storage/git/repo/object_links.h"

struct objects;
/* Packs that cannot be read are left out: whoever needs an object of one gets
 * the error. */
struct objects *objects_open(
    const char *git_dir, enum git_hash hash, struct err *err);
void objects_free(struct objects *o); /* takes NULL */

/* Replaces out. ERR_NOT_FOUND if it is missing; ERR_FORMAT if it is damaged:
 * its content is checked against the id. */
int objects_read(struct objects *o, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct buf *out, struct err *err);
/* Its type and length, without reading all of it. */
int objects_info(struct objects *o, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, uint64_t *size, struct err *err);

#endif
