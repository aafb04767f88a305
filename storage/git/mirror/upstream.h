/*
 * The source of a mirror: a server that speaks Git's protocol, or a repository
 * on disk, which others may write to and repack at the same time.
 */
#ifndef STORAGE_GIT_MIRROR_UPSTREAM_H
#define STORAGE_GIT_MIRROR_UPSTREAM_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/refs.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>

struct remote;
struct repo;

struct upstream {
	struct remote *remote; /* NULL for a file path */
	struct repo *repo;     /* NULL for a server */
	enum git_hash hash;
	char *head;		/* as mirror_state's */
	bool head_unknown;	/* as mirror_state's */
	struct git_refvec refs; /* sorted by name */
	struct strvec odd_refs; /* offered, but no ref may be called so */
};

/* Asks for its refs. ERR_FORMAT for a shallow clone. */
struct upstream *upstream_open(
    const char *url, const struct git_access *access, struct err *err);
void upstream_free(struct upstream *u); /* takes NULL */
void upstream_freep(struct upstream **u);

/* The ids that the caller has and wants, as refs name them. */
struct upstream_request {
	const struct packs *packs;
	const struct git_idvec *wants;
	const struct git_idvec *haves; /* for a server: it may know them */
};

/* Passes a pack of what is missing to on_data. ERR_NETWORK if the connection
 * broke, ERR_NOT_FOUND if a repository on disk was repacked meanwhile: another
 * attempt from the start may help. */
int upstream_fetch(struct upstream *u, const struct upstream_request *request,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel, struct err *err);

#endif
