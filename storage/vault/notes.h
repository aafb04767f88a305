/*
 * Labels that a machine remembers of a vault in its state_dir, as empty files:
 *
 *     <state_dir>/<kind>/<SHA-256 of vault_describe>-<label>
 *
 * A vault without a memory (vault_set_memory) remembers none. Within this room
 * alone.
 */
#ifndef STORAGE_VAULT_NOTES_H
#define STORAGE_VAULT_NOTES_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/vault/vault.h"

#include <stdbool.h>

/* Durable once it returns 0. */
int notes_add(const struct vault *v, const char *kind, const char *label,
    struct err *err);
bool notes_has(const struct vault *v, const char *kind, const char *label);
/* It is not an error if there is none. */
int notes_drop(const struct vault *v, const char *kind, const char *label,
    struct err *err);
/* Appends all labels, sorted. */
int notes_list(const struct vault *v, const char *kind, struct strvec *labels,
    struct err *err);

#endif
