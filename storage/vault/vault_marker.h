/*
 * The mark that makes a directory or a bucket a vault: a small signed object,
 * written once, by command. Where it is missing nothing is written: an empty
 * mount point, a mistyped prefix and a restored disk all look like a vault in
 * which there is nothing yet.
 *
 *     backstay-vault.json           {"format": 1, "vault": ID, "created": TIME,
 *                                   "by": HOST}; ID is 32 hex digits
 *     backstay-vault.json.minisig   signed under the trusted comment
 *                                   "vault:backstay-vault.json"
 *
 * The id tells two vaults apart, and one vault under two names. Reading a vault
 * needs no mark: on the worst day there may be only the snapshots.
 */
#ifndef STORAGE_VAULT_VAULT_MARKER_H
#define STORAGE_VAULT_VAULT_MARKER_H

#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VAULT_MARKER_OBJECT "backstay-vault.json"

enum { VAULT_MARKER_ID = 33 }; /* with its NUL */

struct vault_marker {
	char id[VAULT_MARKER_ID];
	int64_t created; /* seconds, by the clock of who made it */
};

/* Whether an object of that name is the mark, or its signature. */
bool vault_marker_owns(const char *object);

/* ERR_FORMAT. */
int vault_marker_parse(
    const char *text, size_t len, struct vault_marker *out, struct err *err);

/* keys NULL: whoever wrote it (`signing: none`). ERR_NOT_FOUND if the vault has
 * none; ERR_INTEGRITY if none of the keys signed it. */
int vault_marker_read(struct vault *v, const struct minisign_publics *keys,
    struct vault_marker *out, struct err *err);

struct vault_marker_new {
	const struct minisign_key *key; /* NULL: unsigned */
	const struct random *random;
	int64_t now;	/* seconds */
	const char *by; /* the machine's name, for people */
	const char *id; /* NULL: a new one */
};
/* ERR_EXISTS if there is one. */
int vault_marker_write(struct vault *v, const struct vault_marker_new *o,
    struct vault_marker *out, struct err *err);

/* Signs the existing mark anew, with the same id, whoever signed it before. */
int vault_marker_resign(struct vault *v, const struct vault_marker_new *o,
    struct vault_marker *out, struct err *err);

#endif
