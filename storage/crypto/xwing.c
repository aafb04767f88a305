#include "storage/crypto/xwing.h"

#include "storage/base/mem.h"
#include "storage/crypto/age_crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#define ML_KEM "ML-KEM-768"
/* Parameters of OpenSSL 3.5; the headers of 3.0 do not name them. */
#define PARAM_SEED "seed"
#define PARAM_RANDOM "ikme"

enum {
	ML_KEM_SEED_LEN = 64,
	ML_KEM_PUBLIC_LEN = 1184,
	ML_KEM_SHARE_LEN = 1088,
	X25519_LEN = 32,
	RANDOM_LEN = 32 /* of one encapsulation */
};

/* The secret keys that a seed stands for. */
struct expanded {
	uint8_t ml_kem[ML_KEM_SEED_LEN];
	uint8_t x25519[X25519_LEN];
};

/* They fail only if there is no memory. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

bool xwing_is_known(void)
{
	EVP_KEM *kem = EVP_KEM_fetch(NULL, ML_KEM, NULL);

	EVP_KEM_free(kem);
	ERR_clear_error();
	return kem != NULL;
}

static void expand(const uint8_t seed[XWING_SEED_LEN], struct expanded *out)
{
	uint8_t raw[ML_KEM_SEED_LEN + X25519_LEN];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_shake256(), NULL));
	must(EVP_DigestUpdate(ctx, seed, XWING_SEED_LEN));
	must(EVP_DigestFinalXOF(ctx, raw, sizeof raw));
	EVP_MD_CTX_free(ctx);
	memcpy(out->ml_kem, raw, sizeof out->ml_kem);
	memcpy(out->x25519, raw + sizeof out->ml_kem, sizeof out->x25519);
	mem_wipe(raw, sizeof raw);
}

/* A key of ML-KEM-768 from its seed or from its public part, which the
 * parameter names; NULL if it is none. */
static EVP_PKEY *ml_kem_key(const char *name, const uint8_t *data, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, ML_KEM, NULL);
	EVP_PKEY *key = NULL;
	/* OpenSSL only reads it. */
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(
				   name, (void *)(uintptr_t)data, len),
	    OSSL_PARAM_construct_end()};
	int what =
	    strcmp(name, PARAM_SEED) ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, what, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return key;
}

/* What both sides know, of both kinds: the shares are part of it, so that it is
 * of this exchange alone. */
static void combine(const uint8_t ml_kem[32], const uint8_t x25519[32],
    const uint8_t share[X25519_LEN], const uint8_t public[X25519_LEN],
    uint8_t shared[XWING_SHARED_LEN])
{
	static const uint8_t label[6] = {'\\', '.', '/', '/', '^', '\\'};
	uint8_t all[4 * 32 + sizeof label];

	memcpy(all, ml_kem, 32);
	memcpy(all + 32, x25519, 32);
	memcpy(all + 64, share, 32);
	memcpy(all + 96, public, 32);
	memcpy(all + 128, label, sizeof label);
	must(EVP_Digest(all, sizeof all, shared, NULL, EVP_sha3_256(), NULL));
	mem_wipe(all, sizeof all);
}

int xwing_public(
    const uint8_t seed[XWING_SEED_LEN], uint8_t public[XWING_PUBLIC_LEN])
{
	struct expanded secret;
	size_t len = 0;

	expand(seed, &secret);
	EVP_PKEY *key =
	    ml_kem_key(PARAM_SEED, secret.ml_kem, sizeof secret.ml_kem);
	int ok = key &&
		 EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
		     public, ML_KEM_PUBLIC_LEN, &len) == 1 &&
		 len == ML_KEM_PUBLIC_LEN;
	EVP_PKEY_free(key);
	ERR_clear_error();
	age_x25519_public(secret.x25519, public + ML_KEM_PUBLIC_LEN);
	mem_wipe(&secret, sizeof secret);
	return ok ? 0 : -1;
}

static int ml_kem_encapsulate(const uint8_t public[ML_KEM_PUBLIC_LEN],
    const struct random *random, uint8_t share[ML_KEM_SHARE_LEN],
    uint8_t shared[32])
{
	uint8_t once[RANDOM_LEN];
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(PARAM_RANDOM, once, sizeof once),
	    OSSL_PARAM_construct_end()};
	size_t share_len = ML_KEM_SHARE_LEN, shared_len = 32;
	EVP_PKEY *key =
	    ml_kem_key(OSSL_PKEY_PARAM_PUB_KEY, public, ML_KEM_PUBLIC_LEN);
	EVP_PKEY_CTX *ctx =
	    key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;

	random_fill(random, once, sizeof once);
	int ok = ctx && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
		 EVP_PKEY_encapsulate(
		     ctx, share, &share_len, shared, &shared_len) == 1 &&
		 share_len == ML_KEM_SHARE_LEN && shared_len == 32;
	mem_wipe(once, sizeof once);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok ? 0 : -1;
}

int xwing_encapsulate(const uint8_t public[XWING_PUBLIC_LEN],
    const struct random *random, uint8_t share[XWING_SHARE_LEN],
    uint8_t shared[XWING_SHARED_LEN])
{
	const uint8_t *point = public + ML_KEM_PUBLIC_LEN;
	uint8_t of_ml_kem[32], of_x25519[32], ephemeral[X25519_LEN];

	random_fill(random, ephemeral, sizeof ephemeral);
	age_x25519_public(ephemeral, share + ML_KEM_SHARE_LEN);
	int failed = ml_kem_encapsulate(public, random, share, of_ml_kem) ||
		     age_x25519_shared(ephemeral, point, of_x25519);
	if (!failed)
		combine(of_ml_kem, of_x25519, share + ML_KEM_SHARE_LEN, point,
		    shared);
	mem_wipe(of_ml_kem, sizeof of_ml_kem);
	mem_wipe(of_x25519, sizeof of_x25519);
	mem_wipe(ephemeral, sizeof ephemeral);
	return failed ? -1 : 0;
}

static int ml_kem_decapsulate(const uint8_t seed[ML_KEM_SEED_LEN],
    const uint8_t share[ML_KEM_SHARE_LEN], uint8_t shared[32])
{
	size_t len = 32;
	EVP_PKEY *key = ml_kem_key(PARAM_SEED, seed, ML_KEM_SEED_LEN);
	EVP_PKEY_CTX *ctx =
	    key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	int ok = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
		 EVP_PKEY_decapsulate(
		     ctx, shared, &len, share, ML_KEM_SHARE_LEN) == 1 &&
		 len == 32;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok ? 0 : -1;
}

int xwing_decapsulate(const uint8_t seed[XWING_SEED_LEN],
    const uint8_t share[XWING_SHARE_LEN], uint8_t shared[XWING_SHARED_LEN])
{
	const uint8_t *point = share + ML_KEM_SHARE_LEN;
	uint8_t of_ml_kem[32], of_x25519[32], public[X25519_LEN];
	struct expanded secret;

	expand(seed, &secret);
	age_x25519_public(secret.x25519, public);
	int failed = ml_kem_decapsulate(secret.ml_kem, share, of_ml_kem) ||
		     age_x25519_shared(secret.x25519, point, of_x25519);
	if (!failed)
		combine(of_ml_kem, of_x25519, point, public, shared);
	mem_wipe(&secret, sizeof secret);
	mem_wipe(of_ml_kem, sizeof of_ml_kem);
	mem_wipe(of_x25519, sizeof of_x25519);
	return failed ? -1 : 0;
}
