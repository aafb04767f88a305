/*
 * Digests, through OpenSSL: SHA-256 for everything of ours, HMAC-SHA256 for
 * signing requests, MD5 and SHA-1 only where a protocol demands them, and
 * BLAKE2b-512 for minisign.
 */
#ifndef STORAGE_BASE_DIGEST_H
#define STORAGE_BASE_DIGEST_H

#include "storage/base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum digest_kind { DIGEST_SHA256, DIGEST_SHA1, DIGEST_MD5, DIGEST_BLAKE2B };

enum {
	DIGEST_SHA256_LEN = 32,
	DIGEST_SHA1_LEN = 20,
	DIGEST_MD5_LEN = 16,
	DIGEST_BLAKE2B_LEN = 64,
	DIGEST_MAX_LEN = 64,
	DIGEST_SHA256_HEX = 65, /* with its NUL */
};

struct digest; /* a running digest */

struct digest *digest_new(enum digest_kind kind);
void digest_free(struct digest *d); /* takes NULL */
void digest_freep(struct digest **d);
void digest_add(struct digest *d, const void *data, size_t len);
/* Writes the result (the kind's length) and makes d ready for another digest.
 */
void digest_finish(struct digest *d, uint8_t *out);

/* In one go. */
void digest_of(
    enum digest_kind kind, const void *data, size_t len, uint8_t *out);
void digest_sha256_hex(
    const void *data, size_t len, char out[DIGEST_SHA256_HEX]);
void digest_hex(const uint8_t *raw, size_t len, char *out); /* 2*len+1 */
void digest_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, uint8_t out[DIGEST_SHA256_LEN]);

/* Compares in constant time, so that the time does not show where the
 * difference is. */
int digest_equal(const void *a, const void *b, size_t len);

#endif
