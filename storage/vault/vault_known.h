/*
 * What a machine remembers of the vaults that it has seen, in its state_dir: at
 * that place there was the vault of that id, on that file system. Another one
 * there, or none, is then no new vault but a mistake: a disk that is not
 * mounted, or the wrong one.
 *
 *     <state_dir>/vaults/<SHA-256 of the place>.json
 *                {"place": TEXT, "vault": ID, "file_system": TEXT or null}
 *
 * It is a memory and no authority: where it is lost, the vault's own mark does,
 * and who means the change removes the file that the error names.
 */
#ifndef STORAGE_VAULT_VAULT_KNOWN_H
#define STORAGE_VAULT_VAULT_KNOWN_H

#include "storage/base/err.h"
#include "storage/vault/vault.h"
#include "storage/vault/vault_marker.h"

#include <stdbool.h>

/* "directory '/x'": what a directory is remembered by before it is opened; the
 * same text as vault_describe returns. The caller frees. */
char *vault_known_directory(const char *path);

/* ERR_NOT_FOUND if another vault is remembered at that location than was found,
 * or the same on another file system; with `marker` NULL (none was found), if
 * any is remembered. 0 if nothing is remembered. */
int vault_known_check(const char *state_dir, const char *location,
    const char *file_system, const struct vault_marker *marker,
    struct err *err);
/* Whether that very vault is remembered there. */
bool vault_known_remembers(const char *state_dir, const char *location,
    const struct vault_marker *marker);
/* Remembers it; writes nothing if it is remembered already. */
int vault_known_remember(const char *state_dir, const struct vault *v,
    const struct vault_marker *marker, struct err *err);

#endif
