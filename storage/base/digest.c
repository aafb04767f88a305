#include "storage/base/digest.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

/* These fail only for want of memory or of the algorithm itself. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

/* Each algorithm is fetched once. By name, OpenSSL would fetch it for each
 * digest, which for a short text takes longer than the digest itself. */
static EVP_MD *fetched[DIGEST_BLAKE2B + 1];

static void fetch_all(void)
{
	static const char *const names[] = {
	    [DIGEST_SHA256] = "SHA2-256",
	    [DIGEST_SHA1] = "SHA1",
	    [DIGEST_MD5] = "MD5",
	    [DIGEST_BLAKE2B] = "BLAKE2B-512",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		fetched[i] = EVP_MD_fetch(NULL, names[i], NULL);
}

static const EVP_MD *md_of(enum digest_kind kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch_all);
	/* An algorithm may be forbidden (MD5, under FIPS). Only a caller who
	 * needs that one fails. */
	must(fetched[kind] != NULL);
	return fetched[kind];
}

struct digest *digest_new(enum digest_kind kind)
{
	struct digest *d = mem_new(struct digest);

	d->md = md_of(kind);
	d->ctx = EVP_MD_CTX_new();
	must(d->ctx != NULL);
	must(EVP_DigestInit_ex(d->ctx, d->md, NULL));
	return d;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void digest_freep(struct digest **d)
{
	digest_free(*d);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	must(EVP_DigestUpdate(d->ctx, data, len));
}

void digest_finish(struct digest *d, uint8_t *out)
{
	must(EVP_DigestFinal_ex(d->ctx, out, NULL));
	must(EVP_DigestInit_ex(d->ctx, d->md, NULL));
}

void digest_of(
    enum digest_kind kind, const void *data, size_t len, uint8_t *out)
{
	must(EVP_Digest(data, len, out, NULL, md_of(kind), NULL));
}

void digest_hex(const uint8_t *raw, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[raw[i] >> 4];
		*out++ = digits[raw[i] & 15];
	}
	*out = '\0';
}

void digest_sha256_hex(
    const void *data, size_t len, char out[DIGEST_SHA256_HEX])
{
	uint8_t raw[DIGEST_SHA256_LEN];

	digest_of(DIGEST_SHA256, data, len, raw);
	digest_hex(raw, sizeof(raw), out);
}

void digest_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, uint8_t out[DIGEST_SHA256_LEN])
{
	must(HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) !=
	     NULL);
}

int digest_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
