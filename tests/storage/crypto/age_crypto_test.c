#include "storage/crypto/age_crypto.h"

#include "storage/base/hex.h"
#include "tests/support/test.h"

#include <string.h>

static void is_hex(const uint8_t *data, size_t len, const char *expected)
{
	uint8_t raw[64];

	assert_int_equal(strlen(expected), 2 * len);
	assert_int_equal(hex_decode(expected, 2 * len, raw), 0);
	assert_memory_equal(data, raw, len);
}

/* RFC 7748, 6.1. */
static void x25519_agrees(void **state)
{
	static const uint8_t zero[32], one[32] = {1};
	uint8_t alice[32], bob[32], public[32], shared[32];

	(void)state;
	hex_decode("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992a"
		   "b177fba51db92c2a",
	    64, alice);
	age_x25519_public(alice, public);
	is_hex(public, 32,
	    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	hex_decode("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674d"
		   "adfc7e146f882b4f",
	    64, bob);
	assert_int_equal(age_x25519_shared(alice, bob, shared), 0);
	is_hex(shared, 32,
	    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	/* The points of order 1 and 4 would give a secret that all know. */
	assert_int_equal(age_x25519_shared(alice, zero, shared), -1);
	assert_int_equal(age_x25519_shared(alice, one, shared), -1);
}

/* RFC 5869, A.3: neither salt nor info; the first block of it. */
static void hkdf_is_the_known_one(void **state)
{
	uint8_t key[22], out[32];

	(void)state;
	memset(key, 0x0b, sizeof(key));
	age_hkdf(key, sizeof(key), "", 0, "", out);
	is_hex(out, 32,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

/* RFC 7914, 12: the first 32 bytes. */
static void scrypt_is_the_known_one(void **state)
{
	uint8_t out[32];

	(void)state;
	assert_int_equal(
	    age_scrypt("pleaseletmein", 13, "SodiumChloride", 14, 14, out), 0);
	is_hex(out, 32,
	    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

static void a_wrong_tag_gives_nothing(void **state)
{
	static const uint8_t key[32] = {7}, nonce[AGE_NONCE_LEN] = {1};
	static const uint8_t nothing[5];
	uint8_t sealed[5 + AGE_TAG_LEN], out[5];
	struct age_aead *to = age_aead_new(key, true);
	struct age_aead *from = age_aead_new(key, false);

	(void)state;
	age_aead_seal(to, nonce, "plain", 5, sealed);
	assert_int_equal(
	    age_aead_open(from, nonce, sealed, sizeof(sealed), out), 0);
	assert_memory_equal(out, "plain", 5);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x80;
		memset(out, 1, sizeof(out));
		assert_int_equal(
		    age_aead_open(from, nonce, sealed, sizeof(sealed), out),
		    -1);
		assert_memory_equal(out, nothing, sizeof(out));
		sealed[i] ^= 0x80;
	}
	/* Shorter than a tag. */
	assert_int_equal(
	    age_aead_open(from, nonce, sealed, AGE_TAG_LEN - 1, out), -1);
	assert_int_equal(age_aead_open(from, nonce, sealed, 0, out), -1);
	age_aead_free(to);
	age_aead_free(from);
	age_aead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(x25519_agrees),
	    cmocka_unit_test(hkdf_is_the_known_one),
	    cmocka_unit_test(scrypt_is_the_known_one),
	    cmocka_unit_test(a_wrong_tag_gives_nothing),
	};

	return cmocka_run_group_tests_name("age_crypto", tests, NULL, NULL);
}
