#include "storage/base/keysort.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <stdlib.h>

static uint64_t next(uint64_t *random)
{
	*random = *random * 6364136223846793005U + 1442695040888963407U;
	return *random ^ *random >> 29;
}

/* Of keys below a limit, so that some are equal, and some bytes in all. */
static void sorts(size_t count, uint64_t limit)
{
	autofree struct keysort *keys =
	    mem_resize(NULL, count + 1, sizeof(*keys));
	autofree uint64_t *before =
	    mem_resize(NULL, count + 1, sizeof(*before));
	uint64_t random = count + limit;

	for (size_t i = 0; i < count; i++) {
		before[i] = next(&random) % limit;
		keys[i] =
		    (struct keysort){.key = before[i], .value = (uint32_t)i};
	}
	keysort(&keys, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(keys[i].key == before[keys[i].value]);
		if (!i)
			continue;
		assert_true(keys[i - 1].key <= keys[i].key);
		if (keys[i - 1].key == keys[i].key)
			assert_true(keys[i - 1].value < keys[i].value);
	}
}

static void none_and_one(void **state)
{
	(void)state;
	sorts(0, 1);
	sorts(1, 1000);
}

static void many_of_any_size(void **state)
{
	(void)state;
	for (size_t bits = 1; bits < 64; bits += 3)
		sorts(3000, 1ULL << bits);
	sorts(3000, UINT64_MAX);
}

static void all_the_same(void **state)
{
	(void)state;
	sorts(100, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_and_one),
	    cmocka_unit_test(many_of_any_size),
	    cmocka_unit_test(all_the_same),
	};

	return cmocka_run_group_tests_name("keysort", tests, NULL, NULL);
}
