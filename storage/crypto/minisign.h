/*
 * Signatures in the format of minisign (https://jedisct1.github.io/minisign/):
 * Ed25519 over the BLAKE2b-512 of the content, and a trusted comment under a
 * global signature. Keys of either tool work in the other. The legacy
 * algorithm that signs the content itself is refused.
 */
#ifndef STORAGE_CRYPTO_MINISIGN_H
#define STORAGE_CRYPTO_MINISIGN_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MINISIGN_KEY_ID_LEN = 8,
	MINISIGN_KEY_ID_TEXT = 17,  /* with its NUL */
	MINISIGN_MAX_BYTES = 16384, /* of any file of the format */
	MINISIGN_RAW_LEN = 64	    /* of a signature without the format */
};

struct minisign_public {
	uint8_t id[MINISIGN_KEY_ID_LEN];
	uint8_t key[32];
};
VEC_DEFINE(minisign_publics, struct minisign_public);

/* The text of a .pub file, or its base64 line alone. */
int minisign_public_parse(const char *text, size_t len, const char *name,
    struct minisign_public *out, struct err *err);
int minisign_public_read(
    const char *path, struct minisign_public *out, struct err *err);
/* The key id as minisign prints it. */
void minisign_key_id(
    const struct minisign_public *key, char out[MINISIGN_KEY_ID_TEXT]);
/* Whether one of the keys has the id of that one. */
bool minisign_has_key(
    const struct minisign_publics *keys, const struct minisign_public *key);

struct minisign_key; /* a secret key, wiped on release */

/* The text of a secret key file. `password` opens an encrypted one, and may
 * be NULL for one that is not. ERR_DENIED where the password is wrong or
 * missing. */
struct minisign_key *minisign_key_parse(const struct secret *text,
    const struct secret *password, const char *name, struct err *err);
struct minisign_key *minisign_key_read(
    const char *path, const struct secret *password, struct err *err);
void minisign_key_free(struct minisign_key *k); /* takes NULL */
void minisign_key_freep(struct minisign_key **k);
const struct minisign_public *minisign_key_public(const struct minisign_key *k);

/* 32 bytes that only holders of the secret key can make, for a purpose of their
 * own: HKDF-SHA256 (RFC 5869) of the seed, with the text as info. */
struct secret *minisign_key_derive(
    const struct minisign_key *k, const char *purpose);

/* Appends the text of a .minisig file. The comment is one line. */
int minisign_sign(const struct minisign_key *k, const void *data, size_t len,
    const char *trusted_comment, struct buf *signature, struct err *err);

/* Checks data against the text of a .minisig file. ERR_INTEGRITY if none of the
 * keys signed it or it has changed, ERR_FORMAT if it is not a signature. The
 * trusted comment, if it is asked for, is freed by the caller. */
int minisign_verify(const struct minisign_publics *keys, const void *data,
    size_t len, const char *signature, size_t signature_len,
    char **trusted_comment, struct err *err);

/* Ed25519 (RFC 8032) over the data itself, for formats of others. What is
 * signed so must not pass for what minisign_sign signs, which are 64 bytes, or
 * 64 bytes and a comment. */
void minisign_raw_sign(const struct minisign_key *k, const void *data,
    size_t len, uint8_t out[MINISIGN_RAW_LEN]);
bool minisign_raw_holds(const struct minisign_public *public, const void *data,
    size_t len, const uint8_t signature[MINISIGN_RAW_LEN]);

/* A new pair without password: the texts of both files. */
struct secret *minisign_keygen(
    const struct random *random, struct buf *public_text);

#endif
