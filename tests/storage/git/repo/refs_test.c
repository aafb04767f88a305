#include "storage/git/repo/refs.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
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

static void sorted_refs_are_found_by_their_whole_name(void **state)
{
	static const char *const names[] = {
	    "refs/heads/b", "refs/heads/a/b", "refs/heads/a-b", "refs/heads/a"};
	cleanup(git_refvec_done) struct git_refvec v = VEC_INIT;
	struct git_ref r;

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		uint8_t id[GIT_ID_LEN] = {i};
		git_refvec_add(&v, names[i], id);
	}
	git_refvec_sort(&v);
	for (uint8_t i = 0; i < 4; i++)
		assert_int_equal(git_refvec_find(&v, names[i], &r)->id[0], i);
	assert_null(git_refvec_find(&v, "refs/heads/a/", &r));
	assert_null(git_refvec_find(&v, "refs/heads", &r));
}

/* More than a list has room for at first, in any order, and a long one. */
static void many_names_stay_what_they_were(void **state)
{
	enum { MANY = 20000, LONG = 300000 };
	cleanup(git_refvec_done) struct git_refvec v = VEC_INIT;
	const uint8_t id[GIT_ID_LEN] = {7};
	struct git_ref found;
	autofree char *tail = mem_alloc(LONG + 1);

	(void)state;
	memset(tail, 'x', LONG);
	tail[LONG] = '\0';
	autofree char *longest = str_printf("refs/heads/%s", tail);
	git_refvec_add(&v, longest, id);
	for (int i = 0; i < MANY; i++) {
		autofree char *name =
		    str_printf("refs/changes/%05d", i * 7919 % MANY);
		git_refvec_add(&v, name, id);
	}
	git_refvec_sort(&v);
	GIT_REFVEC_EACH (&v, r) {
		autofree char *name =
		    r->at == MANY ? str_dup(longest)
				  : str_printf("refs/changes/%05zu", r->at);
		assert_string_equal(r->name, name);
		assert_memory_equal(r->id, id, GIT_ID_LEN);
	}
	assert_int_equal(v.len, MANY + 1);
	assert_int_equal(git_refvec_find(&v, longest, &found)->at, MANY);
	assert_null(git_refvec_get(&v, MANY + 1, &found));
}

/* Those of SHA-1 and of SHA-256, also where the latter ends in zeros. */
static void ids_are_whole_however_long(void **state)
{
	static const size_t lens[] = {20, 32, 21, 1, 32, 20};
	cleanup(git_refvec_done) struct git_refvec v = VEC_INIT;

	(void)state;
	for (uint8_t i = 0; i < 6; i++) {
		const char name[] = {'r', (char)('a' + i), '\0'};
		uint8_t id[GIT_ID_LEN] = {0};
		memset(id, i + 1, lens[i]);
		git_refvec_add(&v, name, id);
	}
	/* The other length than before. */
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t id[GIT_ID_LEN] = {0};
		memset(id, i + 1, lens[1 - i]);
		git_refvec_set_id(&v, i, id);
	}
	GIT_REFVEC_EACH (&v, r) {
		uint8_t id[GIT_ID_LEN] = {0};
		size_t i = r->at;
		memset(id, (int)i + 1, lens[i < 2 ? 1 - i : i]);
		assert_memory_equal(r->id, id, GIT_ID_LEN);
		assert_int_equal(r->name[1], 'a' + (int)i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_what_git_allows),
	    cmocka_unit_test(sorted_refs_are_found_by_their_whole_name),
	    cmocka_unit_test(many_names_stay_what_they_were),
	    cmocka_unit_test(ids_are_whole_however_long),
	};

	return cmocka_run_group_tests_name("refs", tests, NULL, NULL);
}
