#include "storage/base/digest.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void of(enum digest_kind kind, const char *text, const char *expected)
{
	uint8_t out[DIGEST_MAX_LEN];
	char hex[2 * DIGEST_MAX_LEN + 1];

	digest_of(kind, text, strlen(text), out);
	digest_hex(out, strlen(expected) / 2, hex);
	assert_string_equal(hex, expected);
}

/* FIPS 180-4's examples of SHA-1 and SHA-256, RFC 1321 A.5 for MD5, RFC 7693
 * appendix A for BLAKE2b. */
static void digests_are_the_known_ones(void **state)
{
	(void)state;
	of(DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
	of(DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72");
	of(DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	of(DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	of(DIGEST_SHA256, "",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	of(DIGEST_SHA256,
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	of(DIGEST_BLAKE2B, "",
	    "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
	    "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
	of(DIGEST_BLAKE2B, "abc",
	    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

/* In pieces of any length it is the same, and it can be used again. */
static void a_running_digest_is_that_of_the_whole(void **state)
{
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_SHA256);
	uint8_t got[DIGEST_SHA256_LEN], whole[DIGEST_SHA256_LEN];
	char text[200], hex[DIGEST_SHA256_HEX];

	(void)state;
	memset(text, 'q', sizeof(text));
	digest_of(DIGEST_SHA256, text, sizeof(text), whole);
	for (size_t piece = 1; piece <= sizeof(text); piece++) {
		for (size_t at = 0; at < sizeof(text); at += piece) {
			size_t left = sizeof(text) - at;
			digest_add(d, text + at, left < piece ? left : piece);
		}
		digest_finish(d, got);
		assert_memory_equal(got, whole, sizeof(whole));
	}
	digest_sha256_hex(text, sizeof(text), hex);
	char expected[DIGEST_SHA256_HEX];
	digest_hex(whole, sizeof(whole), expected);
	assert_string_equal(hex, expected);
	digest_free(NULL);
}

/* RFC 4231, test cases 2 and 6: a key that is shorter, and one that is longer,
 * than a block. */
static void hmac_is_the_known_one(void **state)
{
	static const char long_text[] =
	    "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t out[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX], key[131];

	(void)state;
	digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	digest_hex(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	digest_hmac_sha256(key, sizeof(key), long_text, strlen(long_text), out);
	digest_hex(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void digits_and_comparison(void **state)
{
	static const uint8_t raw[] = {0x00, 0x0f, 0xf0, 0xff};
	char hex[9];

	(void)state;
	digest_hex(raw, sizeof(raw), hex);
	assert_string_equal(hex, "000ff0ff");
	digest_hex(raw, 0, hex);
	assert_string_equal(hex, "");
	assert_true(digest_equal("abcd", "abcd", 4));
	assert_false(digest_equal("abcd", "abce", 4));
	assert_false(digest_equal("abcd", "bbcd", 4));
	assert_true(digest_equal("abcd", "abce", 3));
	assert_true(digest_equal("a", "b", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digests_are_the_known_ones),
	    cmocka_unit_test(a_running_digest_is_that_of_the_whole),
	    cmocka_unit_test(hmac_is_the_known_one),
	    cmocka_unit_test(digits_and_comparison),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
