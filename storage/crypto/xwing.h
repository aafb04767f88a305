/*
 * X-Wing: a key encapsulation that stays safe as long as either ML-KEM-768 or
 * X25519 is (https://datatracker.ietf.org/doc/draft-connolly-cfrg-xwing-kem/).
 * HPKE has it as MLKEM768-X25519.
 *
 * ML-KEM-768 (FIPS 203) is that of OpenSSL, from 3.5 on; which OpenSSL is there
 * is known only when the program runs.
 */
#ifndef STORAGE_CRYPTO_XWING_H
#define STORAGE_CRYPTO_XWING_H

#include "storage/base/random.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	XWING_HPKE_ID = 0x647a,
	XWING_SEED_LEN = 32, /* a secret key is a seed of both others */
	XWING_PUBLIC_LEN = 1184 + 32,
	XWING_SHARE_LEN = 1088 + 32, /* what is sent to the other side */
	XWING_SHARED_LEN = 32
};

/* Whether the OpenSSL of this machine has ML-KEM-768. Where it has not, all of
 * the following fail. */
bool xwing_is_known(void);

/* The public key of a secret one. */
int xwing_public(
    const uint8_t seed[XWING_SEED_LEN], uint8_t public[XWING_PUBLIC_LEN]);
/* A new secret, and the share from which only the owner of the public key finds
 * it. -1 if it is not a public key: FIPS 203 refuses it, or its point is of low
 * order. */
int xwing_encapsulate(const uint8_t public[XWING_PUBLIC_LEN],
    const struct random *random, uint8_t share[XWING_SHARE_LEN],
    uint8_t shared[XWING_SHARED_LEN]);
/* That secret; a wrong one, without an error, where the share is for another
 * key. -1 if the point of the share is of low order. */
int xwing_decapsulate(const uint8_t seed[XWING_SEED_LEN],
    const uint8_t share[XWING_SHARE_LEN], uint8_t shared[XWING_SHARED_LEN]);

#endif
