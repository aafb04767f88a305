/*
 * Fetches what a mirror's remote has and the mirror lacks: requested, received,
 * checked, and kept. The caller publishes refs and HEAD.
 */
#ifndef STORAGE_GIT_MIRROR_FETCH_H
#define STORAGE_GIT_MIRROR_FETCH_H

#include "storage/git/mirror/mirror.h"
#include "storage/git/mirror/store.h"

/* Fills the head, refs, odd refs and counts of the state. Afterwards the store
 * has everything that the refs need. */
int mirror_fetch(struct mirror_store *store, const struct mirror_options *o,
    const struct git_access *access, struct mirror_state *state,
    struct err *err);

#endif
