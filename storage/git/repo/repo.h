/*
 * A repository on disk, with SHA-1 or SHA-256: its configuration as far as it
 * decides how to read it (through libgit2, which is used only here), its
 * objects by id, and its refs. A handle serves one thread.
 */
#ifndef STORAGE_GIT_REPO_REPO_H
#define STORAGE_GIT_REPO_REPO_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/refs.h"

#include <stdbool.h>

struct repo;
/* Opens a bare repository, or that of a working tree; its refs are not read.
 * ERR_NOT_FOUND if there is none, ERR_FORMAT if its format is not supported. */
struct repo *repo_open(const char *dir, struct err *err);
/* The same for a bare one that may not have a HEAD yet. */
struct repo *repo_open_unborn(
    const char *dir, enum git_hash hash, struct err *err);
void repo_free(struct repo *r); /* takes NULL */
void repo_freep(struct repo **r);
/* Where its refs and objects lie. */
const char *repo_dir(const struct repo *r);
/* The directory of its HEAD: another one for a linked working tree. */
const char *repo_own_dir(const struct repo *r);

bool repo_is_bare(const struct repo *r);
enum git_hash repo_hash(const struct repo *r);
/* Whether its refs are in a reftable: reftable.h reads them; they cannot be
 * set. */
bool repo_has_reftable(const struct repo *r);

/* Sets one ref, whatever it was before. */
int repo_set_ref(struct repo *r, const char *name, const uint8_t id[GIT_ID_LEN],
    struct err *err);
int repo_delete_ref(struct repo *r, const char *name, struct err *err);

/* Replaces out. Checks that the content hashes to its id. ERR_NOT_FOUND. */
int repo_read(struct repo *r, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct buf *out, struct err *err);
/* The type of an object, without reading all of it. ERR_NOT_FOUND. */
int repo_type(struct repo *r, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct err *err);

/* Replaces out by a blob of less than max bytes: 1; 0 if it is of another type
 * or larger. */
int repo_read_small_blob(struct repo *r, const uint8_t id[GIT_ID_LEN],
    size_t max, struct buf *out, struct err *err);

/* Follows tags to what they name. */
int repo_peel(struct repo *r, const uint8_t id[GIT_ID_LEN],
    uint8_t out[GIT_ID_LEN], enum object_type *type, struct err *err);

/* The `config` of a bare repository, as we write it: always the same. */
const char *repo_config_text(enum git_hash hash);
/* Whether a repository has such a config. ERR_FORMAT if it has another. */
int repo_config_hash(const char *dir, enum git_hash *hash, struct err *err);

/* Makes a new bare repository; what exists already is kept. */
int repo_init_bare(const char *dir, enum git_hash hash, struct err *err);

#endif
