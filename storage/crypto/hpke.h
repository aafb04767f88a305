/*
 * Hybrid Public Key Encryption (RFC 9180), so much of it as age needs: from the
 * secret that a KEM gives both sides, what the first message is sealed with.
 * Mode base, HKDF-SHA256, ChaCha20-Poly1305.
 */
#ifndef STORAGE_CRYPTO_HPKE_H
#define STORAGE_CRYPTO_HPKE_H

#include <stdint.h>

enum { HPKE_SHARED_LEN = 32, HPKE_KEY_LEN = 32, HPKE_NONCE_LEN = 12 };

/* The key schedule (section 5.1). kem_id as IANA has registered it; info binds
 * the key to what it is used for. */
void hpke_key_schedule(uint16_t kem_id, const uint8_t shared[HPKE_SHARED_LEN],
    const char *info, uint8_t key[HPKE_KEY_LEN], uint8_t nonce[HPKE_NONCE_LEN]);

#endif
