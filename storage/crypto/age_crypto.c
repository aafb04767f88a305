#include "storage/crypto/age_crypto.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* These fail only if there is no memory or no such algorithm. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

void age_x25519_public(const uint8_t secret[32], uint8_t out[32])
{
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
	size_t len = 32;

	must(key != NULL);
	must(EVP_PKEY_get_raw_public_key(key, out, &len));
	EVP_PKEY_free(key);
}

int age_x25519_shared(
    const uint8_t secret[32], const uint8_t share[32], uint8_t out[32])
{
	static const uint8_t zero[32];
	EVP_PKEY *own =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
	EVP_PKEY *other =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, share, 32);
	size_t len = 32;

	must(own != NULL && other != NULL);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	must(ctx != NULL);
	must(EVP_PKEY_derive_init(ctx));
	must(EVP_PKEY_derive_set_peer(ctx, other));
	int ok = EVP_PKEY_derive(ctx, out, &len) == 1 && len == 32 &&
		 !digest_equal(out, zero, 32);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	EVP_PKEY_free(own);
	return ok ? 0 : -1;
}

/* u = (1 + y) / (1 - y), modulo 2^255 - 19. */
static int map_point(BIGNUM *y, const BIGNUM *p, BN_CTX *ctx, uint8_t out[32])
{
	BIGNUM *above = BN_CTX_get(ctx), *below = BN_CTX_get(ctx);
	BIGNUM *u = BN_CTX_get(ctx);

	must(u != NULL);
	if (BN_cmp(y, p) >= 0)
		return -1;
	must(BN_mod_add(above, BN_value_one(), y, p, ctx));
	must(BN_mod_sub(below, BN_value_one(), y, p, ctx));
	if (BN_is_zero(below) || !BN_mod_inverse(below, below, p, ctx))
		return -1;
	must(BN_mod_mul(u, above, below, p, ctx));
	return BN_bn2lebinpad(u, out, 32) == 32 ? 0 : -1;
}

int age_x25519_of_ed25519(const uint8_t public[32], uint8_t out[32])
{
	static const char prime[] = "7fffffffffffffffffffffffffffffff"
				    "ffffffffffffffffffffffffffffffed";
	uint8_t raw[32];
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = NULL;

	memcpy(raw, public, sizeof raw);
	raw[31] &= 0x7f; /* the sign of x */
	BIGNUM *y = BN_lebin2bn(raw, sizeof raw, NULL);
	must(ctx != NULL && y != NULL && BN_hex2bn(&p, prime) > 0);
	BN_CTX_start(ctx);
	int result = map_point(y, p, ctx, out);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	BN_free(y);
	BN_free(p);
	return result;
}

void age_x25519_of_ed25519_secret(const uint8_t seed[32], uint8_t out[32])
{
	uint8_t digest[64];

	must(EVP_Digest(seed, 32, digest, NULL, EVP_sha512(), NULL));
	memcpy(out, digest, 32);
	mem_wipe(digest, sizeof digest);
}

void age_hkdf(const void *key, size_t key_len, const void *salt,
    size_t salt_len, const char *info, uint8_t out[32])
{
	static const uint8_t no_salt[DIGEST_SHA256_LEN];
	uint8_t prk[DIGEST_SHA256_LEN];
	uint8_t block[128];
	size_t n = strlen(info);

	must(n < sizeof block);
	memcpy(block, info, n);
	block[n] = 1;
	digest_hmac_sha256(salt_len ? salt : no_salt,
	    salt_len ? salt_len : sizeof no_salt, key, key_len, prk);
	digest_hmac_sha256(prk, sizeof prk, block, n + 1, out);
	mem_wipe(prk, sizeof prk);
}

int age_scrypt(const void *passphrase, size_t len, const void *salt,
    size_t salt_len, int log_n, uint8_t out[32])
{
	uint64_t n = UINT64_C(1) << log_n;
	/* OpenSSL refuses more than 32 MiB unless a limit is set. */
	uint64_t max_memory = n * 8 * 128 + (UINT64_C(1) << 20);

	return EVP_PBE_scrypt(passphrase, len, salt, salt_len, n, 8, 1,
		   max_memory, out, 32) == 1
		   ? 0
		   : -1;
}

struct age_aead {
	EVP_CIPHER_CTX *ctx;
};

struct age_aead *age_aead_new(const uint8_t key[32], bool seal)
{
	struct age_aead *a = mem_new(struct age_aead);

	a->ctx = EVP_CIPHER_CTX_new();
	must(a->ctx != NULL);
	must(EVP_CipherInit_ex(
	    a->ctx, EVP_chacha20_poly1305(), NULL, key, NULL, seal));
	return a;
}

void age_aead_free(struct age_aead *a)
{
	if (!a)
		return;
	EVP_CIPHER_CTX_free(a->ctx);
	free(a);
}

void age_aead_seal(struct age_aead *a, const uint8_t nonce[AGE_NONCE_LEN],
    const void *data, size_t len, uint8_t *out)
{
	int n = 0;

	must(EVP_CipherInit_ex(a->ctx, NULL, NULL, NULL, nonce, 1));
	if (len)
		must(EVP_CipherUpdate(a->ctx, out, &n, data, (int)len));
	must(EVP_CipherFinal_ex(a->ctx, out + n, &n));
	must(EVP_CIPHER_CTX_ctrl(
	    a->ctx, EVP_CTRL_AEAD_GET_TAG, AGE_TAG_LEN, out + len));
}

int age_aead_open(struct age_aead *a, const uint8_t nonce[AGE_NONCE_LEN],
    const void *data, size_t len, uint8_t *out)
{
	uint8_t tag[AGE_TAG_LEN];
	uint8_t none[1];
	int n = 0;

	if (len < AGE_TAG_LEN)
		return -1;
	len -= AGE_TAG_LEN;
	memcpy(tag, (const uint8_t *)data + len, AGE_TAG_LEN);
	must(EVP_CipherInit_ex(a->ctx, NULL, NULL, NULL, nonce, 0));
	must(EVP_CIPHER_CTX_ctrl(
	    a->ctx, EVP_CTRL_AEAD_SET_TAG, AGE_TAG_LEN, tag));
	if (len)
		must(EVP_CipherUpdate(a->ctx, out, &n, data, (int)len));
	if (EVP_CipherFinal_ex(a->ctx, none, &n) == 1)
		return 0;
	mem_wipe(out, len);
	return -1;
}
