#include "storage/vault/shard_name.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define LABEL "prod-20260102T030405Z"

static void ours_are_known_to_the_last_letter(void **state)
{
	static const char *const ours[] = {
	    "prod.run-0123456789abcdef.json",
	    "prod.run-x.run-0123456789abcdef.json",
	    LABEL ".part-0-of-1.json",
	    LABEL ".part-9-of-10-0123abcd.tar.zst.age",
	    LABEL ".part-9-of-10-0123abcd.tar.gz",
	    LABEL ".part-9-of-10-0123abcd.contents",
	    LABEL ".part-9-of-10-0123abcd.contents.age",
	};
	static const char *const others[] = {
	    "prod.run-0123456789abcde.json",
	    "prod.run-0123456789abcdef0.json",
	    "prod.run-0123456789abcdef.jso",
	    ".run-0123456789abcdef.json",
	    "prod.run-0123456789abcdeF.json",
	    LABEL ".part-1-of-1.json",
	    LABEL ".part-01-of-2.json",
	    LABEL ".part-0-of-257.json",
	    LABEL ".part-0-of-1.json.minisig",
	    LABEL ".part-0-of-1.tar.zst.age",
	    LABEL ".part-0-of-1-0123abcd.json",
	    LABEL ".part-0-of-1-0123abc.tar.zst",
	    LABEL ".part-0-of-1-0123abcd0.tar.zst",
	    LABEL ".part-0-of-1-0123abcd.tar",
	    LABEL ".part--of-1.json",
	    "prod.part-0-of-1.json",
	    LABEL ".tar.zst.age",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!shard_name_owns(ours[i]))
			fail_msg("'%s' is ours", ours[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (shard_name_owns(others[i]))
			fail_msg("'%s' is not ours", others[i]);
}

static void a_run_is_found_by_its_id(void **state)
{
	autofree char *a = shard_name_run("prod", "any id, also a/b or ../..");
	autofree char *b = shard_name_run("prod", "another");

	(void)state;
	assert_string_not_equal(a, b);
	assert_true(shard_name_is_run("prod", a));
	assert_true(shard_name_is_run(NULL, a));
	assert_false(shard_name_is_run("pro", a));
	assert_false(shard_name_is_run("prod-eu", a));
}

static void a_lock_is_known_by_its_objects(void **state)
{
	autofree char *lock = shard_name_lock("prod", "id", "0123abcd");
	autofree char *object = str_printf("%s.lock-000001-00000001", lock);
	autofree char *found = shard_name_lock_of("prod", object);
	autofree char *other = shard_name_lock_of("prod-eu", object);
	autofree char *own =
	    shard_name_lock_of("prod", "prod.lock-000001-00000001");

	(void)state;
	assert_string_equal(found, lock);
	assert_null(other);
	assert_null(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ours_are_known_to_the_last_letter),
	    cmocka_unit_test(a_run_is_found_by_its_id),
	    cmocka_unit_test(a_lock_is_known_by_its_objects),
	};

	return cmocka_run_group_tests_name(
	    "vault/shard_name", tests, NULL, NULL);
}
