/*
 * Which names of revisions are ids of commits: what runs is kept by its id
 * alone.
 */
#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#define SHA1 "0123456789abcdef0123456789abcdef01234567"

static void ids_have_the_digits_of_one_of_both_hashes(void **state)
{
	static const char *const no[] = {"", "main", SHA1 "8", SHA1 SHA1,
	    "0123456789ABCDEF0123456789abcdef01234567", "1.2.3"};

	(void)state;
	assert_true(closure_is_id(SHA1));
	assert_true(closure_is_id(SHA1 "89abcdef01234567"
				       "89abcdef"));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(closure_is_id(no[i]));
}

static void what_runs_is_kept_by_its_id(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	assert_false(closure_revision(c, "https://h/a", "1.2.3", "me"));
	assert_false(closure_revision(c, "https://h/a", NULL, "me"));
	assert_false(closure_revision(c, NULL, SHA1, "me"));
	assert_int_equal(c->revisions.len, 0);
	assert_true(closure_revision(c, "https://h/a", SHA1, "me"));
	assert_false(closure_named(c, "https://h/a", "main", "me")->runs);
	assert_int_equal(c->revisions.len, 2);
	assert_true(c->revisions.items[0].runs);
	assert_false(c->revisions.items[0].pins);
	assert_string_equal(c->revisions.items[0].name, SHA1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_have_the_digits_of_one_of_both_hashes),
	    cmocka_unit_test(what_runs_is_kept_by_its_id),
	};

	return cmocka_run_group_tests_name(
	    "closure_revision", tests, NULL, NULL);
}
