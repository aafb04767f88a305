/*
 * What a machine knows of archives that no snapshot needs, in its state_dir: of
 * that label the vault has no signature and no manifest, because a run here had
 * not written them yet, or had removed them already. A run that dies then
 * leaves the archive, and the next one removes it. That a store does not show a
 * manifest says less: it may be out of sight.
 *
 *     <state_dir>/remains/<SHA-256 of vault_describe>-<label>   empty
 *
 * A vault without a memory (vault_set_memory) knows of none. Only the rest of
 * this room uses it.
 */
#ifndef STORAGE_VAULT_REMAINS_H
#define STORAGE_VAULT_REMAINS_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/vault/vault.h"

#include <stdbool.h>

int remains_note(const struct vault *v, const char *label, struct err *err);
bool remains_known(const struct vault *v, const char *label);
/* To be called before a signature of that label is written, which must not
 * happen if this fails. It is not an error if nothing is known. */
int remains_forget(const struct vault *v, const char *label, struct err *err);

/* The labels of which it knows, appended. */
int remains_list(const struct vault *v, struct strvec *labels, struct err *err);

#endif
