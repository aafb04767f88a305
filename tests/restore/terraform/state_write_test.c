/* What a backup takes from a bucket, a restore can write to one. */
#include "restore/terraform/state_write.h"

#include "storage/archive/limits.h"
#include "storage/aws/s3_parts.h"
#include "tests/support/test.h"

static void each_size_that_is_captured_fits_an_upload(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < LIMITS_STATE_BYTES; n *= 2)
		assert_true(s3_parts_hold(n, STATE_WRITE_MEMORY_BYTES) >= n);
	assert_true(s3_parts_hold(LIMITS_STATE_BYTES,
			STATE_WRITE_MEMORY_BYTES) >= LIMITS_STATE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_size_that_is_captured_fits_an_upload),
	};

	return cmocka_run_group_tests_name(
	    "terraform/state_write", tests, NULL, NULL);
}
