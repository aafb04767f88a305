#include "agent/terraform/cache.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

static void one_run_at_a_time_has_the_cache(void **state)
{
	autofree char *dir = test_dir_make();
	struct terraform_cache one, other;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(terraform_cache_open(&one, dir, "t", 1 << 20, &err), err);
	assert_fails(terraform_cache_open(&other, dir, "t", 1 << 20, &err), err,
	    ERR_LOCKED);
	assert_null(other.dir);
	terraform_cache_done(&one);
	assert_ok(terraform_cache_open(&other, dir, "t", 1 << 20, &err), err);
	terraform_cache_done(&other);
	test_dir_remove(steal(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_run_at_a_time_has_the_cache),
	};

	return cmocka_run_group_tests_name("state cache", tests, NULL, NULL);
}
