#include "storage/crypto/hpke.h"

#include "storage/base/hex.h"
#include "tests/support/test.h"

#include <string.h>

enum { DHKEM_X25519 = 0x0020 };

/* RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * ChaCha20-Poly1305, mode base. */
static const char shared_hex[] = "0bbe78490412b4bbea4812666f791693"
				 "2b828bba79942424abb65244930d69a7";
static const char key_hex[] = "ad2744de8e17f4ebba575b3f5f5a8fa1"
			      "f69c2a07f6e7500bc60ca6e3e3ec1c91";
static const char nonce_hex[] = "5c4d98150661b848853b547f";

static void the_key_schedule_is_that_of_the_rfc(void **state)
{
	uint8_t shared[HPKE_SHARED_LEN], key[HPKE_KEY_LEN];
	uint8_t nonce[HPKE_NONCE_LEN], expected[HPKE_KEY_LEN];

	(void)state;
	assert_int_equal(hex_decode(shared_hex, strlen(shared_hex), shared), 0);
	hpke_key_schedule(
	    DHKEM_X25519, shared, "Ode on a Grecian Urn", key, nonce);
	assert_int_equal(hex_decode(key_hex, strlen(key_hex), expected), 0);
	assert_memory_equal(key, expected, sizeof key);
	assert_int_equal(hex_decode(nonce_hex, strlen(nonce_hex), expected), 0);
	assert_memory_equal(nonce, expected, sizeof nonce);
}

static void a_key_is_for_one_kem_one_use_and_one_secret(void **state)
{
	const uint8_t shared[HPKE_SHARED_LEN] = {1},
		      other[HPKE_SHARED_LEN] = {2};
	uint8_t first[HPKE_KEY_LEN], key[HPKE_KEY_LEN], nonce[HPKE_NONCE_LEN];

	(void)state;
	hpke_key_schedule(DHKEM_X25519, shared, "a use", first, nonce);
	hpke_key_schedule(DHKEM_X25519, shared, "a use", key, nonce);
	assert_memory_equal(key, first, sizeof key);
	hpke_key_schedule(DHKEM_X25519 + 1, shared, "a use", key, nonce);
	assert_memory_not_equal(key, first, sizeof key);
	hpke_key_schedule(DHKEM_X25519, shared, "another", key, nonce);
	assert_memory_not_equal(key, first, sizeof key);
	hpke_key_schedule(DHKEM_X25519, other, "a use", key, nonce);
	assert_memory_not_equal(key, first, sizeof key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_key_schedule_is_that_of_the_rfc),
	    cmocka_unit_test(a_key_is_for_one_kem_one_use_and_one_secret),
	};

	return cmocka_run_group_tests_name("hpke", tests, NULL, NULL);
}
