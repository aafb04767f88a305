#include "config/schema/unit.h"

#include "storage/base/cleanup.h"
#include "storage/base/closest.h"
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

static void durations_need_their_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"0", 0}, {"500ms", 500}, {"30s", 30000}, {"5m", 300000},
	    {"2h", 7200000}, {"7 d", 604800000}, {"1w", 604800000},
	    {"9223372036854775807ms", INT64_MAX}};
	static const char *const bad[] = {"", "5", "s", "5x", "5 ms ", "-5s",
	    "1.5h", "5S", "9223372036854775808ms", "9223372036854775807w"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(unit_parse_duration(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(unit_parse_duration(bad[i], &ms), -1);
}

static void sizes_need_their_unit(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(unit_parse_bytes("512B", &bytes), 0);
	assert_int_equal(bytes, 512);
	assert_int_equal(unit_parse_bytes("2GiB", &bytes), 0);
	assert_int_equal(bytes, 2ULL << 30);
	assert_int_equal(unit_parse_bytes("2GB", &bytes), -1);
	assert_int_equal(unit_parse_bytes("64", &bytes), -1);
	assert_int_equal(unit_parse_bytes("8388608TiB", &bytes), -1);
}

static void shares_need_their_sign(void **state)
{
	static const char *const bad[] = {
	    "", "10", "%", "-1%", "1.5%", "10%%", "ten%"};
	int64_t percent;

	(void)state;
	assert_int_equal(unit_parse_percent("10%", &percent), 0);
	assert_int_equal(percent, 10);
	assert_int_equal(unit_parse_percent("0", &percent), 0);
	assert_int_equal(percent, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(unit_parse_percent(bad[i], &percent), -1);
}

static void what_is_written_reads_back(void **state)
{
	static const int64_t durations[] = {
	    0, 1, 1500, 60000, 90000, 7200000, 86400000, 604800000, INT64_MAX};
	static const uint64_t sizes[] = {
	    0, 1, 1024, 1025, 64ULL << 20, 3ULL << 40};

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		int64_t ms = -1;
		unit_add_duration(&text, durations[i]);
		assert_int_equal(unit_parse_duration(buf_str(&text), &ms), 0);
		assert_int_equal(ms, durations[i]);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		uint64_t bytes = 7;
		unit_add_bytes(&text, sizes[i]);
		assert_int_equal(unit_parse_bytes(buf_str(&text), &bytes), 0);
		assert_int_equal(bytes, sizes[i]);
	}
	cleanup(buf_done) struct buf text = BUF_INIT;
	unit_add_duration(&text, 7200000);
	assert_string_equal(buf_str(&text), "2h");
}

static void a_slip_of_the_finger_is_understood(void **state)
{
	static const char *const words[] = {
	    "compression", "encryption", "git", "kubernetes", NULL};

	(void)state;
	assert_string_equal(closest_word("compresion", words), "compression");
	assert_string_equal(closest_word("encrpytion", words), "encryption");
	assert_string_equal(closest_word("gti", words), "git");
	assert_null(closest_word("terraform", words));
	assert_null(closest_word("", (const char *const[]){NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations_need_their_unit),
	    cmocka_unit_test(sizes_need_their_unit),
	    cmocka_unit_test(shares_need_their_sign),
	    cmocka_unit_test(what_is_written_reads_back),
	    cmocka_unit_test(a_slip_of_the_finger_is_understood),
	};

	return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
