/*
 * A source that lost an object refuses any request that needs it. Asking for
 * one half and then the other finds out what it can still give; only what needs
 * the lost object is left out.
 */
#ifndef STORAGE_GIT_MIRROR_SALVAGE_H
#define STORAGE_GIT_MIRROR_SALVAGE_H

#include "storage/base/err.h"
#include "storage/base/vec.h"
#include "storage/git/repo/refs.h"

struct salvage_lost {
	struct git_id id;
	char *reason;
};
VEC_DEFINE(salvage_lostvec, struct salvage_lost);
void salvage_lostvec_done(struct salvage_lostvec *v);
/* NULL if it is not lost. */
const struct salvage_lost *salvage_find(
    const struct salvage_lostvec *v, const uint8_t id[GIT_ID_LEN]);

/* Gets all of the ids, except those that end up in `lost`. `get` gets some of
 * them, all or none: ERR_INTEGRITY, ERR_NOT_FOUND and ERR_FORMAT mean that one
 * of them cannot be had; any other error ends the search. `first` is the error
 * of the request for all of them. */
int salvage_by_halves(const struct git_idvec *ids, const struct err *first,
    int (*get)(void *ctx, const struct git_idvec *some, struct err *err),
    void *ctx, struct salvage_lostvec *lost, struct err *err);

#endif
