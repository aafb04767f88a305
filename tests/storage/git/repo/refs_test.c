#include "storage/git/repo/refs.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* The names that git check-ref-format(1) takes and refuses. */
static void names_are_what_git_allows(void **state)
{
	static const char *const good[] = {"refs/heads/main",
	    "refs/pull/1/head", "refs/heads/odd%name#\xc3\xa9&+=$;",
	    "refs/heads/a.b", "refs/stash", "refs/heads/-", "refs/heads/a@b",
	    "refs/heads/locked.lockx"};
	static const char *const bad[] = {"", "HEAD", "refs", "refs/",
	    "refs/heads/", "refs//heads", "refs/heads/.a", "refs/heads/a..b",
	    "refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a.",
	    "refs/heads/a b", "refs/heads/a~1", "refs/heads/a^",
	    "refs/heads/:", "refs/heads/?", "refs/heads/*", "refs/heads/[",
	    "refs/heads/\\", "refs/heads/a@{1}", "refs/heads/\n",
	    "refs/heads/\x7f", "refs/../../etc/passwd", "refs/./x",
	    "/refs/heads/a"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!git_ref_name_valid(good[i]))
			fail_msg("'%s' is refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (git_ref_name_valid(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
}

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

static void sorted_refs_are_found_by_their_whole_name(void **state)
{
	static const char *const names[] = {
	    "refs/heads/b", "refs/heads/a/b", "refs/heads/a-b", "refs/heads/a"};
	cleanup(git_refvec_done) struct git_refvec v = VEC_INIT;

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		uint8_t id[GIT_ID_LEN] = {i};
		git_refvec_add(&v, names[i], id);
	}
	git_refvec_sort(&v);
	for (uint8_t i = 0; i < 4; i++)
		assert_int_equal(git_refvec_find(&v, names[i])->id[0], i);
	assert_null(git_refvec_find(&v, "refs/heads/a/"));
	assert_null(git_refvec_find(&v, "refs/heads"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_what_git_allows),
	    cmocka_unit_test(ids_are_forty_digits),
	    cmocka_unit_test(ids_of_sha256_are_sixty_four_digits),
	    cmocka_unit_test(sorted_refs_are_found_by_their_whole_name),
	};

	return cmocka_run_group_tests_name("refs", tests, NULL, NULL);
}
