/*
 * A vault in a directory: a temporary name, fsync, a rename that does not
 * replace, fsync of the directory.
 */
#ifndef STORAGE_VAULT_VAULT_DIR_H
#define STORAGE_VAULT_VAULT_DIR_H

#include "storage/vault/vault.h"

#include <stdbool.h>

/* Makes the directory (0700) if `create` is set and it does not exist. */
struct vault *vault_dir_open(const char *path, bool create, struct err *err);

#endif
