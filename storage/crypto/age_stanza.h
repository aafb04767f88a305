/*
 * The stanzas of an age v1 header that wrap a file key: X25519, post-quantum,
 * SSH and scrypt (https://c2sp.org/age). Only age.c uses it.
 */
#ifndef STORAGE_CRYPTO_AGE_STANZA_H
#define STORAGE_CRYPTO_AGE_STANZA_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/crypto/age_header.h"
#include "storage/crypto/age_ssh.h"
#include "storage/crypto/age_stream.h"

#include <stdint.h>

enum {
	AGE_SCRYPT_LOG_N = 18,
	AGE_SCRYPT_LOG_N_MAX = 22 /* 4 GiB; what the age program takes, too */
};

/* Appends a stanza to a header. ERR_FORMAT where it is not a recipient. */
int age_stanza_add_x25519(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err);
int age_stanza_add_hybrid(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err);
int age_stanza_add_ssh(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err);
int age_stanza_add_scrypt(struct buf *header, const struct secret *passphrase,
    int log_n, const uint8_t file_key[AGE_FILE_KEY_LEN],
    const struct random *random, struct err *err);

enum age_unwrapped { AGE_NO_MATCH, AGE_UNWRAPPED, AGE_UNWRAP_FAILED };

/* Whether the identity opens the stanza. A stanza that is broken fails with
 * ERR_FORMAT. */
enum age_unwrapped age_stanza_open_x25519(const struct age_stanza *s,
    const uint8_t secret_key[32], uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err);
enum age_unwrapped age_stanza_open_hybrid(const struct age_stanza *s,
    const uint8_t seed[32], uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err);
enum age_unwrapped age_stanza_open_ssh(const struct age_stanza *s,
    const uint8_t secret_key[32], const struct age_ssh_key *key,
    uint8_t file_key[AGE_FILE_KEY_LEN], struct err *err);
enum age_unwrapped age_stanza_open_scrypt(const struct age_stanza *s,
    const struct secret *passphrase, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err);

#endif
