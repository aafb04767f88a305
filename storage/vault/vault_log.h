/*
 * The log of a vault, for a witness to sign (storage/witness/witness.h): each
 * snapshot that was committed there, in their order. Prune takes nothing out of
 * it, so that each log begins with the one before it. Beside the snapshot that
 * came last, both with the newest label:
 *
 *     <label>.witness-log   a line for each snapshot, "LABEL SHA256" of its
 *                           manifest; an empty line; the checkpoint of these
 *                           leaves, a note that the key of the snapshots signed
 *     <label>.witnessed     that note, with the witness's signature
 *
 * A leaf is such a line without its end (RFC 6962). The log's origin ends in
 * the vault's id: of two vaults each has its own.
 */
#ifndef STORAGE_VAULT_VAULT_LOG_H
#define STORAGE_VAULT_VAULT_LOG_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/crypto/merkle.h"
#include "storage/crypto/minisign.h"
#include "storage/crypto/note.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one log: at an hour each, more than 60 years. */
enum { VAULT_LOG_MAX_BYTES = 64 << 20 };

struct vault_log_leaf {
	char *label;
	char sha256[DIGEST_SHA256_HEX]; /* of the manifest */
};
struct vault_log {
	VEC_DEFINE(, struct vault_log_leaf) leaves; /* oldest first */
	char *object; /* where it was read; NULL: nowhere */
};
void vault_log_done(struct vault_log *log);
void vault_log_add(
    struct vault_log *log, const char *label, const char *sha256);
/* Appends what its tree is made of. */
void vault_log_hashes(const struct vault_log *log, struct merkle_hashes *out);
/* Appends its checkpoint, signed. */
void vault_log_checkpoint(const struct vault_log *log, const char *origin,
    const struct minisign_key *key, struct buf *out);
/* Appends what the object holds. */
void vault_log_write(const struct vault_log *log, const char *origin,
    const struct minisign_key *key, struct buf *out);
/* The reverse, of snapshots of that name. ERR_INTEGRITY unless one of the keys
 * signed it for that origin; ERR_FORMAT. The caller releases `out` in any
 * case. */
int vault_log_open(const char *text, size_t len, const char *name,
    const char *origin, const struct minisign_publics *keys,
    struct vault_log *out, struct err *err);

bool vault_log_begins_with(
    const struct vault_log *all, const struct vault_log *start);

/* A checkpoint of it that a witness co-signed. */
struct vault_cosigned {
	uint64_t size; /* of how many leaves */
	struct merkle_hash root;
	int64_t time; /* seconds, by the witness's clock */
	char *object; /* where it was read; NULL: elsewhere */
};
void vault_cosigned_done(struct vault_cosigned *w);
/* ERR_INTEGRITY unless that witness signed it, of that log; ERR_FORMAT. */
int vault_cosigned_open(const struct buf *note, const char *origin,
    const struct note_key *witness, struct vault_cosigned *out,
    struct err *err);

struct vault_log_place {
	struct vault *vault;
	const char *name; /* whose snapshots */
	const char *origin;
	/* Labels that are asked for by name, since a list may leave them out:
	 * the newest. NULL: none. */
	const struct strvec *labels;
};
/* The newest in the vault that holds. Objects that do not, which anybody may
 * have put there, are passed over. ERR_NOT_FOUND: there is none. */
int vault_log_read(const struct vault_log_place *p,
    const struct minisign_publics *keys, struct vault_log *out,
    struct err *err);
int vault_cosigned_read(const struct vault_log_place *p,
    const struct note_key *witness, struct vault_cosigned *out,
    struct err *err);

/* Writes it, and removes `before` (may be NULL), the object that it takes the
 * place of. */
int vault_log_put(struct vault *v, const char *label, const struct buf *text,
    const char *before, struct err *err);
int vault_cosigned_put(struct vault *v, const char *label,
    const struct buf *note, const char *before, struct err *err);

/* Where whoever writes them may not delete, one is left for each snapshot.
 * These remove the older ones that hold and say nothing which the newest that
 * holds does not; of many, some hundred a call. What does not hold, or is kept
 * by the store, stays. How many were removed; -1. */
int vault_log_tidy(const struct vault_log_place *p,
    const struct minisign_publics *keys, struct err *err);
int vault_cosigned_tidy(const struct vault_log_place *p,
    const struct note_key *witness, struct err *err);

#endif
