#include "config/retention/retention.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <time.h>

enum { HOUR = 3600 };

/* The second before a change, and the change itself. */
static void an_offset_holds_up_to_the_second_of_its_change(void **state)
{
	static const struct {
		const char *zone;
		int64_t change; /* seconds, in UTC */
		int32_t before, after;
	} cases[] = {
	    {"Europe/Berlin", 1774746000, HOUR, 2 * HOUR}, /* 2026-03-29 */
	    {"Europe/Berlin", 1792890000, 2 * HOUR, HOUR}, /* 2026-10-25 */
	    {"America/New_York", 1772953200, -5 * HOUR, -4 * HOUR},
	    /* Half an hour. */
	    {"Australia/Lord_Howe", 1775314800, 11 * HOUR, 10 * HOUR + 1800},
	    /* Over the line of the date, at the end of a day: 2011-12-30. */
	    {"Pacific/Apia", 1325239200, -10 * HOUR, 14 * HOUR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct retention_zone *z =
		    retention_zone_open(cases[i].zone, &err);
		int64_t at = cases[i].change;

		assert_non_null(z);
		if (retention_zone_offset(z, at - 1) != cases[i].before ||
		    retention_zone_offset(z, at) != cases[i].after)
			fail_msg("%s: %d, %d", cases[i].zone,
			    retention_zone_offset(z, at - 1),
			    retention_zone_offset(z, at));
		retention_zone_free(z);
	}
}

static void a_zone_without_changes_has_one_offset(void **state)
{
	struct err err = ERR_INIT;
	struct retention_zone *z = retention_zone_open("Asia/Tokyo", &err);

	(void)state;
	assert_non_null(z);
	assert_int_equal(retention_zone_offset(z, 0), 9 * HOUR);
	assert_int_equal(retention_zone_offset(z, 1774746000), 9 * HOUR);
	/* Before and after what it was asked for, the nearest holds. */
	assert_int_equal(retention_zone_offset(z, -1), 9 * HOUR);
	assert_int_equal(retention_zone_offset(z, 5000000000), 9 * HOUR);
	retention_zone_free(z);
}

/* The C library has one zone for the whole process. */
static void the_zone_of_the_process_stays(void **state)
{
	static const char *const zones[] = {"America/New_York", NULL};
	const time_t summer = 1781524800; /* 2026-06-15 12:00 UTC */

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		struct tm before, after;

		if (zones[i])
			setenv("TZ", zones[i], 1);
		else
			unsetenv("TZ");
		tzset();
		localtime_r(&summer, &before);
		retention_zone_free(retention_zone_open("Asia/Tokyo", &err));
		localtime_r(&summer, &after);
		assert_int_equal(before.tm_gmtoff, after.tm_gmtoff);
		if (zones[i])
			assert_string_equal(getenv("TZ"), zones[i]);
		else
			assert_null(getenv("TZ"));
	}
}

static void a_zone_that_is_unknown_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_null(retention_zone_open("Europe/Berlinn", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.message,
	    "there is no time zone 'Europe/Berlinn' on this machine (package "
	    "tzdata)");
	retention_zone_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_offset_holds_up_to_the_second_of_its_change),
	    cmocka_unit_test(a_zone_without_changes_has_one_offset),
	    cmocka_unit_test(the_zone_of_the_process_stays),
	    cmocka_unit_test(a_zone_that_is_unknown_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "prune/retention_zone", tests, NULL, NULL);
}
