/*
 * A source that lost an object refuses all that is asked of it at once. By
 * halves it is found out what it still gives: only what needs the lost object
 * stays behind.
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
/* NULL where it is not lost. */
const struct salvage_lost *salvage_find(
    const struct salvage_lostvec *v, const uint8_t id[GIT_ID_LEN]);

/* All of the ids, but for those that land in `lost`. `get` gets some of them,
 * all or none: ERR_INTEGRITY, ERR_NOT_FOUND and ERR_FORMAT say that one of them
 * cannot be had, any other error ends the search. `first` is why all of them at
 * once cannot be had. */
int salvage_by_halves(const struct git_idvec *ids, const struct err *first,
    int (*get)(void *ctx, const struct git_idvec *some, struct err *err),
    void *ctx, struct salvage_lostvec *lost, struct err *err);

#endif
