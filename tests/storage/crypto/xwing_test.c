/* The published vectors of age's files hold it against others (age_test.c). */
#include "storage/crypto/xwing.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/crypto/age_bech32.h"
#include "tests/support/test.h"

#include <string.h>

/* Made by age-keygen -pq (1.3.2). */
#define KEY "tests/data/age-pq/key"

static const uint8_t seed[XWING_SEED_LEN] = {7}, other[XWING_SEED_LEN] = {8};

static void needs_ml_kem(void)
{
	if (!xwing_is_known())
		skip();
}

/* Else a key that is all zeros, say, would be taken for one. */
static void without_ml_kem_all_fails(void **state)
{
	uint8_t public[XWING_PUBLIC_LEN] = {0}, share[XWING_SHARE_LEN] = {0};
	uint8_t shared[XWING_SHARED_LEN];
	struct test_random random;

	(void)state;
	if (xwing_is_known())
		skip();
	test_random_init(&random, 1);
	assert_int_equal(xwing_public(seed, public), -1);
	assert_int_equal(
	    xwing_encapsulate(public, &random.random, share, shared), -1);
	assert_int_equal(xwing_decapsulate(seed, share, shared), -1);
}

static void both_sides_find_the_same_secret(void **state)
{
	uint8_t public[XWING_PUBLIC_LEN], share[XWING_SHARE_LEN];
	uint8_t sent[XWING_SHARED_LEN], found[XWING_SHARED_LEN];
	struct test_random random;

	(void)state;
	needs_ml_kem();
	test_random_init(&random, 1);
	assert_int_equal(xwing_public(seed, public), 0);
	assert_int_equal(
	    xwing_encapsulate(public, &random.random, share, sent), 0);
	assert_int_equal(xwing_decapsulate(seed, share, found), 0);
	assert_memory_equal(found, sent, sizeof sent);
	/* Nobody else does, nor anyone from another share. */
	assert_int_equal(xwing_decapsulate(other, share, found), 0);
	assert_memory_not_equal(found, sent, sizeof sent);
	const size_t parts[] = {0, XWING_SHARE_LEN - 32};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		share[parts[i]] ^= 1;
		assert_int_equal(xwing_decapsulate(seed, share, found), 0);
		assert_memory_not_equal(found, sent, sizeof sent);
		share[parts[i]] ^= 1;
	}
	/* Each exchange has one of its own. */
	assert_int_equal(
	    xwing_encapsulate(public, &random.random, share, found), 0);
	assert_memory_not_equal(found, sent, sizeof sent);
}

static void what_is_no_key_is_refused(void **state)
{
	uint8_t public[XWING_PUBLIC_LEN], share[XWING_SHARE_LEN];
	uint8_t shared[XWING_SHARED_LEN];
	struct test_random random;

	(void)state;
	needs_ml_kem();
	test_random_init(&random, 1);
	assert_int_equal(xwing_public(seed, public), 0);
	assert_int_equal(
	    xwing_encapsulate(public, &random.random, share, shared), 0);
	/* A point of low order. */
	memset(share + XWING_SHARE_LEN - 32, 0, 32);
	assert_int_equal(xwing_decapsulate(seed, share, shared), -1);
	memset(public + XWING_PUBLIC_LEN - 32, 0, 32);
	assert_int_equal(
	    xwing_encapsulate(public, &random.random, share, shared), -1);
	/* Coefficients over the modulus of ML-KEM (FIPS 203, 7.2). */
	assert_int_equal(xwing_public(seed, public), 0);
	memset(public, 0xff, 32);
	assert_int_equal(
	    xwing_encapsulate(public, &random.random, share, shared), -1);
}

static void a_public_key_is_the_one_that_age_finds(void **state)
{
	cleanup(buf_done) struct buf key = BUF_INIT, expected = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	uint8_t raw[XWING_SEED_LEN], public[XWING_PUBLIC_LEN];
	struct err err = ERR_INIT;

	(void)state;
	needs_ml_kem();
	assert_ok(file_read(KEY, 4096, &key, &err), err);
	assert_ok(file_read(KEY ".pub", 4096, &expected, &err), err);
	assert_int_equal(
	    age_bech32_decode(buf_str(&key), strcspn(buf_str(&key), "\n"),
		"AGE-SECRET-KEY-PQ-", raw, sizeof raw),
	    0);
	assert_int_equal(xwing_public(raw, public), 0);
	age_bech32_add(&text, "age1pq", public, sizeof public);
	assert_string_equal(buf_str(&text), buf_str(&expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_ml_kem_all_fails),
	    cmocka_unit_test(both_sides_find_the_same_secret),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(a_public_key_is_the_one_that_age_finds),
	};

	return cmocka_run_group_tests_name("xwing", tests, NULL, NULL);
}
