/*
 * Whether a sealing key opens a value. That it opens what OpenSSL's own command
 * sealed is in tests/e2e/closure.bats.
 */
#include "storage/crypto/sealing.h"

#include "storage/base/cleanup.h"
#include "tests/support/sealed.h"
#include "tests/support/test.h"

#include <stdlib.h>

static bool opens(
    const struct sealing_key *k, const char *text, const char *label)
{
	return sealing_key_opens(k, text, strlen(text), label);
}

static struct sealing_key *parse(const struct test_sealed *s)
{
	cleanup(secret_freep) struct secret *pem =
	    secret_new(s->pem, strlen(s->pem));
	struct err err = ERR_INIT;
	struct sealing_key *k = sealing_key_parse(pem, &err);

	assert_non_null(k);
	return k;
}

static void a_key_opens_what_was_sealed_to_it(void **state)
{
	struct test_sealed ours, other;

	(void)state;
	test_sealed_init(&ours);
	test_sealed_init(&other);
	autofree char *strict = test_sealed_value(&ours, "n/a");
	autofree char *wide = test_sealed_value(&ours, "");
	struct sealing_key *k = parse(&ours), *o = parse(&other);
	assert_true(opens(k, strict, "n/a"));
	assert_true(opens(k, wide, ""));
	assert_false(opens(k, strict, "n/b"));
	assert_false(opens(k, strict, ""));
	assert_false(opens(k, wide, "n"));
	assert_false(opens(o, strict, "n/a"));
	sealing_key_free(k);
	sealing_key_free(o);
	test_sealed_done(&ours);
	test_sealed_done(&other);
}

static void what_is_no_sealed_value_is_not_opened(void **state)
{
	static const char *const odd[] = {
	    "", "!", "AA==", "AAA=", "AQA=", "AQAA", "//8A", "AAEA"};
	struct test_sealed ours;

	(void)state;
	test_sealed_init(&ours);
	struct sealing_key *k = parse(&ours);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		assert_false(opens(k, odd[i], "n/a"));
	sealing_key_free(k);
	sealing_key_free(NULL);
	test_sealed_done(&ours);
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
