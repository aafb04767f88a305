/*
 * The primitives of age v1, through OpenSSL.
 */
#ifndef STORAGE_CRYPTO_AGE_CRYPTO_H
#define STORAGE_CRYPTO_AGE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AGE_KEY_LEN = 32, AGE_TAG_LEN = 16, AGE_NONCE_LEN = 12 };

/* The public key of a secret one. */
void age_x25519_public(const uint8_t secret[32], uint8_t out[32]);
/* -1 if the other share is of low order. */
int age_x25519_shared(
    const uint8_t secret[32], const uint8_t share[32], uint8_t out[32]);

/* The point of the other curve (RFC 7748, 4.1) that a public key of Ed25519 is;
 * -1 where it has none. */
int age_x25519_of_ed25519(const uint8_t public[32], uint8_t out[32]);
/* The same of a secret one, from its seed. */
void age_x25519_of_ed25519_secret(const uint8_t seed[32], uint8_t out[32]);

/* HKDF-SHA256 (RFC 5869) for one block of output. */
void age_hkdf(const void *key, size_t key_len, const void *salt,
    size_t salt_len, const char *info, uint8_t out[32]);
/* N = 2^log_n, r = 8, p = 1. -1 if there is too little memory. */
int age_scrypt(const void *passphrase, size_t len, const void *salt,
    size_t salt_len, int log_n, uint8_t out[32]);

/* ChaCha20-Poly1305 (RFC 8439) under one key. */
struct age_aead;
struct age_aead *age_aead_new(const uint8_t key[32], bool seal);
void age_aead_free(struct age_aead *a); /* takes NULL */
/* out holds len bytes and the tag; may not overlap. */
void age_aead_seal(struct age_aead *a, const uint8_t nonce[AGE_NONCE_LEN],
    const void *data, size_t len, uint8_t *out);
/* len includes the tag; out has room for len - AGE_TAG_LEN. -1 if the tag is
 * wrong; out is then wiped. */
int age_aead_open(struct age_aead *a, const uint8_t nonce[AGE_NONCE_LEN],
    const void *data, size_t len, uint8_t *out);

#endif
