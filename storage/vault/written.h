/*
 * Which snapshots a machine wrote to a vault and has not removed there, of
 * those that may need the archives of others (notes.h). So prune knows of one
 * that the store does not show it, and keeps what it may need.
 *
 *     <state_dir>/written/<SHA-256 of vault_describe>-<label>   empty
 *
 * Within this room alone.
 */
#ifndef STORAGE_VAULT_WRITTEN_H
#define STORAGE_VAULT_WRITTEN_H

#include "storage/base/str.h"
#include "storage/vault/vault.h"

enum { WRITTEN_REMEMBERED = 1000 }; /* of a name, in a vault: the newest */

/* Best effort: without a note the store is believed. `label` is of `name`. */
void written_note(const struct vault *v, const char *name, const char *label);
int written_forget(const struct vault *v, const char *label, struct err *err);
/* Appends those of that name, the oldest first. */
int written_list(const struct vault *v, const char *name, struct strvec *labels,
    struct err *err);

#endif
