#include "tests/support/test.h"

#include "storage/aws/s3_parts.h"

#define MIB ((uint64_t)1024 * 1024)

static void parts_grow_with_the_stream_and_never_over_the_memory(void **state)
{
	const size_t memories[] = {MIB, 24 * MIB, 64 * MIB, 512 * MIB};

	(void)state;
	assert_int_equal(s3_part_bytes(1, 0, 64 * MIB), 8 * MIB);
	assert_int_equal(s3_part_bytes(1000, 0, 64 * MIB), 8 * MIB);
	assert_int_equal(s3_part_bytes(1001, 0, 64 * MIB), 16 * MIB);
	assert_int_equal(s3_part_bytes(3001, 0, 64 * MIB), 64 * MIB);
	assert_int_equal(s3_part_bytes(10000, 0, 64 * MIB), 64 * MIB);
	for (size_t i = 0; i < 4; i++) {
		size_t before = 0;
		for (int n = 1; n <= S3_MAX_PARTS; n++) {
			size_t size = s3_part_bytes(n, 0, memories[i]);
			assert_true(size >= before && size >= 5 * MIB);
			assert_true(size <= memories[i] || size == 5 * MIB);
			before = size;
		}
	}
}

static void what_parts_hold(void **state)
{
	(void)state;
	/* 8 * 1000 + 16 * 1000 + 32 * 1000 + 64 * 7000 MiB */
	assert_int_equal(s3_parts_hold(0, 64 * MIB), 504000 * MIB);
	/* 5 TiB, S3's largest object, where memory allows. */
	assert_true(s3_parts_hold(5 * MIB * MIB, 1024 * MIB) >= 5 * MIB * MIB);
	assert_true(s3_parts_hold(5 * MIB * MIB, 64 * MIB) < 5 * MIB * MIB);
	/* What is known to fit does. */
	for (uint64_t n = 1; n < 600000; n = n * 2 + 1)
		assert_true(s3_parts_hold(n * MIB, 64 * MIB) >= n * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		parts_grow_with_the_stream_and_never_over_the_memory),
	    cmocka_unit_test(what_parts_hold),
	};

	return cmocka_run_group_tests_name("s3 parts", tests, NULL, NULL);
}
