/*
 * What a mirror's remote has and the mirror has not: asked for, received,
 * checked, kept. Refs and HEAD are left for the caller to publish.
 */
#ifndef STORAGE_GIT_MIRROR_FETCH_H
#define STORAGE_GIT_MIRROR_FETCH_H

#include "storage/git/mirror/mirror.h"
#include "storage/git/mirror/store.h"

/* Fills the head, refs, odd refs and counts of the state. Everything that the
 * refs need is in the store afterwards. */
int mirror_fetch(struct mirror_store *store, const struct mirror_options *o,
    const struct git_access *access, struct mirror_state *state,
    struct err *err);

#endif
