#include "storage/base/hex.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void digits_are_written_and_read(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT;
	uint8_t raw[3];

	(void)state;
	hex_add(&b, "\x00\xff\x1a", 3);
	assert_string_equal(buf_str(&b), "00ff1a");
	assert_int_equal(hex_decode("00fFa0", 6, raw), 0);
	assert_memory_equal(raw, "\x00\xff\xa0", 3);
	assert_int_equal(hex_decode("", 0, raw), 0);
}

static void what_is_no_digit_is_refused(void **state)
{
	static const char *const bad[] = {
	    "0", "0g", "g0", "0x", " 0", "-1", "000", "0:", "0/", "0@", "0`"};
	uint8_t raw[3];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(hex_decode(bad[i], strlen(bad[i]), raw), -1);
	assert_int_equal(hex_value('f'), 15);
	assert_int_equal(hex_value('F'), 15);
	assert_int_equal(hex_value('\0'), -1);
}

static void a_digest_is_known_to_the_last_digit(void **state)
{
	(void)state;
	assert_true(hex_is_lower("09af", 4));
	assert_true(hex_is_lower("", 0));
	assert_false(hex_is_lower("09af", 3));
	assert_false(hex_is_lower("09af", 5));
	assert_false(hex_is_lower("09aF", 4));
	assert_false(hex_is_lower("09ag", 4));
	assert_false(hex_is_lower(NULL, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digits_are_written_and_read),
	    cmocka_unit_test(what_is_no_digit_is_refused),
	    cmocka_unit_test(a_digest_is_known_to_the_last_digit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
