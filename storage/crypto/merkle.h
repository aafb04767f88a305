/*
 * The Merkle tree of a log (RFC 6962, section 2.1): one hash stands for all
 * leaves in their order, and a short proof shows that what was appended left
 * those before as they were. SHA-256. Pure.
 */
#ifndef STORAGE_CRYPTO_MERKLE_H
#define STORAGE_CRYPTO_MERKLE_H

#include "storage/base/digest.h"
#include "storage/base/vec.h"

#include <stddef.h>
#include <stdint.h>

struct merkle_hash {
	uint8_t bytes[DIGEST_SHA256_LEN];
};
VEC_DEFINE(merkle_hashes, struct merkle_hash);
void merkle_hashes_done(struct merkle_hashes *hashes);

/* What of a leaf's data is in the tree. */
struct merkle_hash merkle_leaf(const void *data, size_t len);
/* Of the first n leaves; there may be none. */
struct merkle_hash merkle_root(const struct merkle_hashes *leaves, size_t n);
/* Appends the consistency proof from the first `old` leaves to all of them
 * (section 2.1.2). It is empty where old is 0 or all; old <= leaves->len. */
void merkle_consistency(const struct merkle_hashes *leaves, size_t old,
    struct merkle_hashes *proof);

#endif
