#include "tests/support/sealed.h"

#include "storage/base/base64.h"
#include "storage/base/buf.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

void test_sealed_init(struct test_sealed *s)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	s->key = EVP_RSA_gen(2048);
	assert_non_null(s->key);
	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, s->key, NULL, NULL, 0, NULL, NULL),
	    1);
	long len = BIO_get_mem_data(bio, &text);
	s->pem = str_ndup(text, (size_t)len);
	BIO_free(bio);
}

void test_sealed_done(struct test_sealed *s)
{
	EVP_PKEY_free(s->key);
	free(s->pem);
}

char *test_sealed_value(const struct test_sealed *s, const char *label)
{
	uint8_t raw[2 + 256 + 4] = {1, 0};
	size_t len = 256;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(s->key, NULL);
	struct buf out = BUF_INIT;

	assert_true(EVP_PKEY_encrypt_init(ctx) > 0);
	assert_true(
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0);
	if (*label)
		assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx,
				OPENSSL_strdup(label), (int)strlen(label)) > 0);
	assert_true(EVP_PKEY_encrypt(ctx, raw + 2, &len,
			(const uint8_t *)"0123456789abcdef", 16) > 0);
	EVP_PKEY_CTX_free(ctx);
	base64_add(&out, raw, sizeof(raw), true);
	return buf_steal(&out);
}
