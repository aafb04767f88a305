#include "storage/base/random.h"

#include "tests/support/test.h"

#include <string.h>

struct script {
	const uint64_t *values;
	size_t given;
};

static void give(void *ctx, void *out, size_t len)
{
	struct script *s = ctx;

	assert_int_equal(len, sizeof(*s->values));
	memcpy(out, &s->values[s->given++], len);
}

/* 2^64 is no multiple of 3: the values that would make 0 more likely than the
 * rest are drawn again. */
static void small_results_are_not_more_likely(void **state)
{
	const uint64_t values[] = {UINT64_MAX, UINT64_MAX - 1, 0, 5};
	struct script s = {.values = values};
	const struct random r = {.fill = give, .ctx = &s};

	(void)state;
	assert_int_equal(random_below(&r, 3), 2);
	assert_int_equal(s.given, 2);
	assert_int_equal(random_below(&r, 3), 0);
	assert_int_equal(random_below(&r, 3), 2);
	assert_int_equal(s.given, 4);
}

static void a_bound_is_never_reached(void **state)
{
	struct test_random r;
	bool seen[10] = {false};

	(void)state;
	test_random_init(&r, 1);
	for (int i = 0; i < 1000; i++) {
		uint64_t value = random_below(&r.random, 10);
		assert_true(value < 10);
		seen[value] = true;
		assert_int_equal(random_below(&r.random, 1), 0);
	}
	for (size_t i = 0; i < 10; i++)
		assert_true(seen[i]);
}

/* That all of it is filled: bytes that stay 0 in 64 draws were never written
 * (by chance: once in 2^512). */
static void the_system_fills_every_byte(void **state)
{
	unsigned char out[300], seen[300] = {0};

	(void)state;
	for (int i = 0; i < 64; i++) {
		memset(out, 0, sizeof(out));
		random_fill(random_system(), out, sizeof(out));
		for (size_t k = 0; k < sizeof(out); k++)
			seen[k] |= out[k];
	}
	for (size_t k = 0; k < sizeof(out); k++)
		assert_true(seen[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(small_results_are_not_more_likely),
	    cmocka_unit_test(a_bound_is_never_reached),
	    cmocka_unit_test(the_system_fills_every_byte),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
