/*
 * What dead runs left in a vault: unfinished uploads and temporary files, and
 * archives and signatures of snapshots that never came to be. Only the rest of
 * this room uses it.
 */
#ifndef STORAGE_VAULT_TIDY_H
#define STORAGE_VAULT_TIDY_H

#include "storage/vault/snapshot.h"

/* Removes it for one name. The caller holds the lock of that name, so that
 * none of it can be in the making, and has just listed its snapshots. How many
 * objects, or -1. */
int tidy_vault(struct vault *v, const char *name, const struct snapshots *list,
    struct err *err);

#endif
