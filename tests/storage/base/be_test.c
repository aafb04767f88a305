#include "storage/base/be.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

static void reads_the_first_byte_as_the_highest(void **state)
{
	static const uint8_t bytes[] = {
	    0x00, 0x01, 0x02, 0x83, 0xff, 0xff, 0xff, 0xff};

	(void)state;
	assert_true(be_read24(bytes) == 0x000102);
	assert_true(be_read24(bytes + 3) == 0x83ffff);
	assert_true(be_read32(bytes) == 0x00010283);
	assert_true(be_read32(bytes + 1) == 0x010283ff);
	assert_true(be_read32(bytes + 4) == UINT32_MAX);
}

static void writes_what_it_reads(void **state)
{
	static const uint32_t numbers[] = {
	    0, 1, 0x7fffffff, 0x80000000, 0x01020304, UINT32_MAX};
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	buf_add_char(&out, 'x');
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		be_add32(&out, numbers[i]);
		assert_int_equal(out.len, 1 + 4 * (i + 1));
		assert_true(be_read32((const uint8_t *)out.data + 1 + 4 * i) ==
			    numbers[i]);
	}
	assert_memory_equal(out.data + 17, "\1\2\3\4", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_first_byte_as_the_highest),
	    cmocka_unit_test(writes_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
