#include "storage/crypto/merkle.h"

#include "storage/base/cleanup.h"

#include <stdbool.h>

/* What keeps a leaf from passing for an inner node. */
enum { LEAF = 0, NODE = 1 };

void merkle_hashes_done(struct merkle_hashes *hashes)
{
	vec_done(hashes);
}

static struct merkle_hash hash_of(
    uint8_t kind, const void *a, size_t a_len, const void *b, size_t b_len)
{
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_SHA256);
	struct merkle_hash out = {.bytes = {0}};

	digest_add(d, &kind, 1);
	digest_add(d, a, a_len);
	digest_add(d, b, b_len);
	digest_finish(d, out.bytes);
	return out;
}

struct merkle_hash merkle_leaf(const void *data, size_t len)
{
	return hash_of(LEAF, data, len, "", 0);
}

/* The largest power of two that is smaller than n, which is at least 2. */
static size_t split(size_t n)
{
	size_t k = 1;

	while (k < n - k)
		k *= 2;
	return k;
}

/* At least one leaf. */
static struct merkle_hash subtree(const struct merkle_hash *leaves, size_t n)
{
	if (n == 1)
		return *leaves;
	size_t k = split(n);
	struct merkle_hash left = subtree(leaves, k);
	struct merkle_hash right = subtree(leaves + k, n - k);
	return hash_of(NODE, left.bytes, sizeof(left.bytes), right.bytes,
	    sizeof(right.bytes));
}

struct merkle_hash merkle_root(const struct merkle_hashes *leaves, size_t n)
{
	struct merkle_hash empty = {.bytes = {0}};

	if (n)
		return subtree(leaves->items, n);
	digest_of(DIGEST_SHA256, "", 0, empty.bytes);
	return empty;
}

/* SUBPROOF of the RFC. `known`: these are the first leaves of the whole tree,
 * whose root the other side has. */
static void prove(const struct merkle_hash *leaves, size_t n, size_t old,
    bool known, struct merkle_hashes *proof)
{
	if (old == n) {
		if (!known)
			*vec_add(proof) = subtree(leaves, n);
		return;
	}
	size_t k = split(n);
	if (old <= k) {
		prove(leaves, k, old, known, proof);
		*vec_add(proof) = subtree(leaves + k, n - k);
	} else {
		prove(leaves + k, n - k, old - k, false, proof);
		*vec_add(proof) = subtree(leaves, k);
	}
}

void merkle_consistency(
    const struct merkle_hashes *leaves, size_t old, struct merkle_hashes *proof)
{
	if (old)
		prove(leaves->items, leaves->len, old, true, proof);
}
