#include "storage/git/repo/git_id.h"

#include "tests/support/test.h"

#include <string.h>

static void ids_are_forty_digits(void **state)
{
	static const char text[] = "0123456789abcdefABCDEF0123456789abcdef01";
	uint8_t id[GIT_ID_LEN];
	char hex[GIT_ID_HEX];

	(void)state;
	assert_int_equal(git_id_parse(GIT_SHA1, text, id), 0);
	git_id_hex(GIT_SHA1, id, hex);
	assert_string_equal(hex, "0123456789abcdefabcdef0123456789abcdef01");
	assert_int_equal(git_id_parse(GIT_SHA1, "0123", id), -1);
	assert_int_equal(git_id_parse(GIT_SHA1,
			     "g123456789abcdefabcdef0123456789abcdef01", id),
	    -1);
	assert_int_equal(git_id_parse(GIT_SHA256, text, id), -1);
}

static void ids_of_sha256_are_sixty_four_digits(void **state)
{
	static const char text[] = "0123456789abcdef0123456789abcdef"
				   "0123456789abcdef0123456789abcdef";
	uint8_t id[GIT_ID_LEN];
	char hex[GIT_ID_HEX];
	enum git_hash hash;

	(void)state;
	assert_int_equal(git_id_parse(GIT_SHA256, text, id), 0);
	git_id_hex(GIT_SHA256, id, hex);
	assert_string_equal(hex, text);
	/* A shorter one has zeros behind it, so that ids compare as a whole. */
	assert_int_equal(git_id_parse(GIT_SHA1, text, id), 0);
	for (size_t i = git_id_len(GIT_SHA1); i < GIT_ID_LEN; i++)
		assert_int_equal(id[i], 0);
	assert_int_equal(git_id_hash_of("sha256", &hash), 0);
	assert_int_equal(hash, GIT_SHA256);
	assert_int_equal(git_id_hash_of("sha512", &hash), -1);
}

/* The id that git hash-object(1) gives an empty blob, and the same of
 * --object-format=sha256. */
static void the_header_is_hashed_with_its_nul(void **state)
{
	static const char *const empty[] = {
	    [GIT_SHA1] = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
	    [GIT_SHA256] = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749"
			   "120a303721813"};

	(void)state;
	for (enum git_hash h = GIT_SHA1; h <= GIT_SHA256; h++) {
		struct digest *d = digest_new(git_id_digest(h));
		uint8_t id[GIT_ID_LEN] = {0};
		char hex[GIT_ID_HEX];
		git_id_add_header(d, "blob", 0);
		digest_finish(d, id);
		digest_free(d);
		git_id_hex(h, id, hex);
		assert_string_equal(hex, empty[h]);
	}
}

static void bytes_of_a_file_leave_no_rest(void **state)
{
	uint8_t raw[GIT_ID_LEN], id[GIT_ID_LEN];
	enum git_hash hash = GIT_SHA256;

	(void)state;
	memset(raw, 7, sizeof(raw));
	memset(id, 9, sizeof(id));
	git_id_set(GIT_SHA1, raw, id);
	assert_int_equal(id[git_id_len(GIT_SHA1) - 1], 7);
	for (size_t i = git_id_len(GIT_SHA1); i < GIT_ID_LEN; i++)
		assert_int_equal(id[i], 0);
	git_id_set(GIT_SHA256, raw, id);
	assert_memory_equal(id, raw, GIT_ID_LEN);
	assert_int_equal(git_id_hash_of("sha1", &hash), 0);
	assert_int_equal(hash, GIT_SHA1);
	assert_int_equal(git_id_hash_of("SHA1", &hash), -1);
	assert_int_equal(git_id_hash_of("", &hash), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_are_forty_digits),
	    cmocka_unit_test(ids_of_sha256_are_sixty_four_digits),
	    cmocka_unit_test(the_header_is_hashed_with_its_nul),
	    cmocka_unit_test(bytes_of_a_file_leave_no_rest),
	};

	return cmocka_run_group_tests_name("git_id", tests, NULL, NULL);
}
