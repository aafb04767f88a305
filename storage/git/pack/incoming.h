/*
 * A pack on its way into a bare repository: written to a temporary file and
 * indexed at the same time. It gets its name only when all of it was checked.
 */
#ifndef STORAGE_GIT_PACK_INCOMING_H
#define STORAGE_GIT_PACK_INCOMING_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/pack/index_pack.h"
#include "storage/git/repo/lfs_pointer.h"

#include <stdint.h>

struct incoming_options {
	enum git_hash hash;
	const char *dir;       /* the bare repository; borrowed */
	struct lfs_scan *scan; /* receives every small blob; may be NULL */
	bool checked_before;   /* as in index_pack.h */
	bool durable;	       /* synced to disk before it gets its name */
	const struct cancel *cancel;
	void (*progress)(void *ctx, uint64_t bytes); /* may be NULL */
	void *progress_ctx;
};

struct incoming;
struct incoming *incoming_new(
    const struct incoming_options *o, struct err *err);
void incoming_free(struct incoming *in); /* removes what was not kept */
void incoming_freep(struct incoming **in);

/* The next bytes; ctx is a struct incoming. */
int incoming_add(void *ctx, const void *data, size_t len, struct err *err);
/* Everything has arrived: resolves deltas. Afterwards its objects can be read.
 * ERR_NOT_FOUND if it needs bases from elsewhere. */
int incoming_check(struct incoming *in, struct err *err);
const struct index_pack *incoming_index(const struct incoming *in);
uint64_t incoming_bytes(const struct incoming *in);
/* After the check: pack and index get their names. An empty pack is dropped.
 * What its objects name is to be read before. */
int incoming_keep(struct incoming *in, struct err *err);
/* The path of the pack; before it is kept, a temporary name. */
const char *incoming_path(const struct incoming *in);

/* Removes what a run that died left in a repository. */
int incoming_clean(const char *dir, struct err *err);

#endif
