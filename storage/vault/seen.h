/*
 * Which snapshots a machine wrote to a vault or saw there, of those that may
 * need the archives of others (notes.h). So a run knows of one that the store
 * does not show it: backup goes on from it, and prune keeps what it may need.
 *
 *     <state_dir>/seen/<SHA-256 of vault_describe>-<label>   empty
 *
 * And since when it looks at them, written as a label:
 *
 *     <state_dir>/watched/<SHA-256 of vault_describe>-<name>-<stamp>   empty
 *
 * Within this room alone.
 */
#ifndef STORAGE_VAULT_SEEN_H
#define STORAGE_VAULT_SEEN_H

#include "storage/base/str.h"
#include "storage/vault/vault.h"

enum { SEEN_REMEMBERED = 1000 }; /* of a name, in a vault: the newest */

/* Best effort: without a note the store is believed. The labels are of
 * `name`. */
void seen_note(
    const struct vault *v, const char *name, const struct strvec *labels);
int seen_forget(const struct vault *v, const char *label, struct err *err);
/* Appends those of that name, the oldest first. */
int seen_list(const struct vault *v, const char *name, struct strvec *labels,
    struct err *err);

/* Since when it looks at the snapshots of that name, in seconds: from `now` on
 * where it did not before, or where that lies in the future; best effort. 0
 * without a memory. */
int seen_since(const struct vault *v, const char *name, int64_t now,
    int64_t *since, struct err *err);

#endif
