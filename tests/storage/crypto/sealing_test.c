/*
 * Whether a sealing key opens a value. That it opens what OpenSSL's own command
 * sealed is in tests/e2e/closure.bats.
 */
#include "storage/crypto/sealing.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static EVP_PKEY *make_key(struct secret **pem)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_non_null(key);
	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	long len = BIO_get_mem_data(bio, &text);
	*pem = secret_new(text, (size_t)len);
	BIO_free(bio);
	return key;
}

/* A value as the controller has it, its session key under that label. */
static char *seal(EVP_PKEY *key, const char *label)
{
	uint8_t raw[2 + 256 + 4] = {1, 0};
	size_t len = 256;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
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

static bool opens(
    const struct sealing_key *k, const char *text, const char *label)
{
	return sealing_key_opens(k, text, strlen(text), label);
}

static void a_key_opens_what_was_sealed_to_it(void **state)
{
	cleanup(secret_freep) struct secret *pem = NULL, *other_pem = NULL;
	struct err err = ERR_INIT;
	EVP_PKEY *key = make_key(&pem), *other = make_key(&other_pem);
	autofree char *strict = seal(key, "n/a"), *wide = seal(key, "");
	struct sealing_key *k = sealing_key_parse(pem, &err);
	struct sealing_key *o = sealing_key_parse(other_pem, &err);

	(void)state;
	assert_non_null(k);
	assert_true(opens(k, strict, "n/a"));
	assert_true(opens(k, wide, ""));
	assert_false(opens(k, strict, "n/b"));
	assert_false(opens(k, strict, ""));
	assert_false(opens(k, wide, "n"));
	assert_false(opens(o, strict, "n/a"));
	sealing_key_free(k);
	sealing_key_free(o);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void what_is_no_sealed_value_is_not_opened(void **state)
{
	static const char *const odd[] = {
	    "", "!", "AA==", "AAA=", "AQA=", "AQAA", "//8A", "AAEA"};
	cleanup(secret_freep) struct secret *pem = NULL;
	struct err err = ERR_INIT;
	EVP_PKEY *key = make_key(&pem);
	struct sealing_key *k = sealing_key_parse(pem, &err);

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		assert_false(opens(k, odd[i], "n/a"));
	sealing_key_free(k);
	sealing_key_free(NULL);
	EVP_PKEY_free(key);
}

static void what_is_no_key_is_refused_and_not_shown(void **state)
{
	static const char *const odd[] = {"", "words",
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct err err = ERR_INIT;
		cleanup(secret_freep) struct secret *pem =
		    secret_new(odd[i], strlen(odd[i]));
		assert_null(sealing_key_parse(pem, &err));
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(
		    err.message, "it is not a private RSA key in PEM");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_opens_what_was_sealed_to_it),
	    cmocka_unit_test(what_is_no_sealed_value_is_not_opened),
	    cmocka_unit_test(what_is_no_key_is_refused_and_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
