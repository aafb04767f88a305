#include "storage/crypto/sealing.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RSA_BYTES = 2048 };

struct sealing_key {
	EVP_PKEY *key;
};

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return -1;
}

struct sealing_key *sealing_key_parse(const struct secret *pem, struct err *err)
{
	EVP_PKEY *key = NULL;
	BIO *bio =
	    secret_len(pem) <= 65536
		? BIO_new_mem_buf(secret_reveal(pem), (int)secret_len(pem))
		: NULL;

	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
	    EVP_PKEY_get_size(key) > MAX_RSA_BYTES) {
		EVP_PKEY_free(key);
		err_set(err, ERR_FORMAT, "it is not a private RSA key in PEM");
		return NULL;
	}
	struct sealing_key *k = mem_zalloc(sizeof(*k));
	k->key = key;
	return k;
}

void sealing_key_free(struct sealing_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

void sealing_key_id(const struct sealing_key *k, char out[DIGEST_SHA256_HEX])
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(k->key, &der);

	/* Of a key that was read, it fails for want of memory alone. */
	if (len < 0)
		abort();
	digest_sha256_hex(der, (size_t)len, out);
	OPENSSL_free(der);
}

static bool set_up(EVP_PKEY_CTX *ctx, const char *label)
{
	size_t len = strlen(label);

	if (EVP_PKEY_decrypt_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) <= 0)
		return false;
	if (!len)
		return true;
	/* The context owns the label once it has taken it. */
	void *copy = OPENSSL_memdup(label, len);
	if (copy && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)len) > 0)
		return true;
	OPENSSL_free(copy);
	return false;
}

static bool opens(
    EVP_PKEY *key, const uint8_t *rsa, size_t len, const char *label)
{
	uint8_t session[MAX_RSA_BYTES];
	size_t got = sizeof(session);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = ctx && set_up(ctx, label) &&
		    EVP_PKEY_decrypt(ctx, session, &got, rsa, len) > 0;

	EVP_PKEY_CTX_free(ctx);
	mem_wipe(session, sizeof(session));
	ERR_clear_error();
	return good;
}

bool sealing_key_opens(const struct sealing_key *k, const char *sealed,
    size_t len, const char *label)
{
	cleanup(buf_done) struct buf raw = BUF_INIT;

	if (base64_decode(sealed, len, true, &raw) || raw.len < 2)
		return false;
	const uint8_t *bytes = (const uint8_t *)raw.data;
	size_t rsa = (size_t)bytes[0] << 8 | bytes[1];
	return rsa && rsa <= raw.len - 2 &&
	       rsa == (size_t)EVP_PKEY_get_size(k->key) &&
	       opens(k->key, bytes + 2, rsa, label);
}
