/*
 * The packs of a bare repository, by their indexes: which objects exist, and
 * whether the files match their checksums.
 */
#ifndef STORAGE_GIT_REPO_PACKS_H
#define STORAGE_GIT_REPO_PACKS_H

#include "storage/base/cancel.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"
#include "storage/git/repo/refs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An index that is mapped (gitformat-pack(5), version 2). */
struct pack {
	enum git_hash hash;
	char *path;	/* of the .pack file */
	uint64_t bytes; /* of that file */
	const uint8_t *idx;
	size_t idx_len;
	uint32_t count;
};
VEC_DEFINE(packvec, struct pack);

struct packs {
	enum git_hash hash;   /* of the repository; set before opening */
	struct packvec packs; /* by file name */
};
#define PACKS_INIT                                                             \
	{                                                                      \
		.hash = GIT_SHA1, .packs = VEC_INIT                            \
	}

/* Adds the packs in dir/objects/pack. ERR_FORMAT if an index is malformed, or
 * if a pack has no index. */
int packs_open(struct packs *p, const char *dir, struct err *err);
/* Adds the packs of directories to which others may write at the same time; one
 * that is not complete (yet, or any more) is left out. */
int packs_open_usable(
    struct packs *p, const struct strvec *object_dirs, struct err *err);
void packs_done(struct packs *p);

bool packs_has(const struct packs *p, const uint8_t id[GIT_ID_LEN]);
/* The number of an id in the index (stored in n, which may be NULL), if it is
 * there. */
bool pack_find(const struct pack *p, const uint8_t id[GIT_ID_LEN], uint32_t *n);
struct git_id pack_id(const struct pack *p, uint32_t i); /* in order */
uint64_t pack_offset(const struct pack *p, uint32_t i);	 /* of that id */

/* Whether that is the path of a .pack, and its .idx does not exist. */
bool pack_lacks_index(const char *path);

/* ERR_INTEGRITY if the checksum of an index is wrong. */
int pack_check_index(const struct pack *p, struct err *err);

/* What somebody knows of a .pack from before. */
struct pack_expected {
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of the whole file */
	/* A file of that digest had the right checksum; it need not be computed
	 * again. */
	bool proven;
};
struct packs_expected {
	/* Of the file of that name and length; false if nothing is known. */
	bool (*find)(void *ctx, const char *name, uint64_t bytes,
	    struct pack_expected *out);
	void *ctx;
};

/* Reads every file once: ERR_INTEGRITY if a checksum is wrong. With `expected`,
 * which may be NULL, the names of the .pack files that are what is expected go
 * into `same`. */
int packs_check(const struct packs *p, const struct packs_expected *expected,
    struct strvec *same, const struct cancel *cancel, struct err *err);

#endif
