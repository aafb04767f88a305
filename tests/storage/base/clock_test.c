#include "storage/base/clock.h"

#include "tests/support/test.h"

static const struct {
	int64_t seconds;
	const char *rfc3339, *stamp, *http;
} times[] = {
    {0, "1970-01-01T00:00:00Z", "19700101T000000Z",
	"Thu, 01 Jan 1970 00:00:00 GMT"},
    {951782400, "2000-02-29T00:00:00Z", "20000229T000000Z",
	"Tue, 29 Feb 2000 00:00:00 GMT"},
    {4102444799, "2099-12-31T23:59:59Z", "20991231T235959Z",
	"Thu, 31 Dec 2099 23:59:59 GMT"},
};

static void writes_and_reads_each_form(void **state)
{
	char text[CLOCK_TEXT_MAX];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		clock_rfc3339(times[i].seconds, text);
		assert_string_equal(text, times[i].rfc3339);
		assert_int_equal(clock_parse_rfc3339(text, &back), 0);
		assert_true(back == times[i].seconds);
		clock_stamp(times[i].seconds, text);
		assert_string_equal(text, times[i].stamp);
		assert_int_equal(clock_parse_stamp(text, &back), 0);
		assert_true(back == times[i].seconds);
		assert_int_equal(
		    clock_parse_http_date(times[i].http, &back), 0);
		assert_true(back == times[i].seconds);
	}
}

static void reads_offsets_and_fractions(void **state)
{
	int64_t t;

	(void)state;
	assert_int_equal(
	    clock_parse_rfc3339("1970-01-01T02:00:00.123456+02:00", &t), 0);
	assert_true(t == 0);
	assert_int_equal(
	    clock_parse_rfc3339("1969-12-31t23:30:00-00:30", &t), 0);
	assert_true(t == 0);
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const bad[] = {"", "2025-02-30T00:00:00Z",
	    "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z",
	    "2025-13-01T00:00:00Z", "2025-01-01T00:00:00",
	    "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00Zx",
	    "2025-1-01T00:00:00Z", "2025-01-00T00:00:00Z"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(clock_parse_rfc3339(bad[i], &t), -1);
	assert_int_equal(clock_parse_stamp("20250229T000000Z", &t), -1);
	assert_int_equal(clock_parse_stamp("20250101T000000", &t), -1);
	assert_int_equal(
	    clock_parse_http_date("Thu, 01 Foo 1970 00:00:00 GMT", &t), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_and_reads_each_form),
	    cmocka_unit_test(reads_offsets_and_fractions),
	    cmocka_unit_test(refuses_what_is_no_time),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
