/*
 * Copies of the records that decided what is known of a snapshot, in the
 * state_dir of the machine that read them. Whoever may delete in the vault may
 * delete the newest record, so that an older one counts again; a machine that
 * has read it keeps it in mind.
 *
 *     <state_dir>/records/<SHA-256 of
 * vault_describe>/<label>/<object>[.minisig]
 *
 * A copy counts by its signature, like the record, and no longer than its key
 * is trusted. Only the rest of this room uses it.
 */
#ifndef STORAGE_VAULT_RECORD_MEMORY_H
#define STORAGE_VAULT_RECORD_MEMORY_H

#include "storage/base/err.h"
#include "storage/vault/vault.h"

#include <stdbool.h>

/* The copies of that snapshot's records, as a vault for record_read, which the
 * caller frees. *out is NULL if there are none, unless they are to be made, and
 * if the vault has no memory (vault_set_memory). */
int record_memory_open(const struct vault *v, const char *label, bool create,
    struct vault **out, struct err *err);
/* Keeps these records and no others: what is not there is copied from `from`.
 */
int record_memory_keep(struct vault *memory, struct vault *from,
    const char *const *objects, size_t count, struct err *err);
/* The snapshot is gone. It is no error if there are no copies. */
int record_memory_forget(
    const struct vault *v, const char *label, struct err *err);

#endif
