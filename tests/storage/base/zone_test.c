#include "storage/base/zone.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void write_file(const char *dir, const char *name, const char *text)
{
	autofree char *path = str_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A folder of zones of the test's own, since a machine may have none. */
static void knows_a_zone_by_its_file(void **state)
{
	static const char *const unknown[] = {"", "/", ".", "..", "Europe",
	    "Europe/", "Europe/Nowhere", "zone.tab", "Short", "Empty", "../Out",
	    "Europe/../Europe/Zurich", "/Europe/Zurich", "Europe//Zurich",
	    "europe/zurich", "utc"};
	char *dir = test_dir_make();
	autofree char *zones = str_printf("%s/zones", dir);
	autofree char *europe = str_printf("%s/zones/Europe", dir);

	(void)state;
	assert_int_equal(mkdir(zones, 0700), 0);
	assert_int_equal(mkdir(europe, 0700), 0);
	write_file(europe, "Zurich", "TZif2 and its rules");
	write_file(dir, "Out", "TZif2");
	write_file(zones, "zone.tab", "# no zone\n");
	write_file(zones, "Short", "TZi");
	write_file(zones, "Empty", "");
	assert_int_equal(setenv("TZDIR", zones, 1), 0);
	assert_true(zone_is_known("Europe/Zurich"));
	assert_true(zone_is_known("UTC"));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		if (zone_is_known(unknown[i]))
			fail_msg("'%s' is known", unknown[i]);
	assert_int_equal(unsetenv("TZDIR"), 0);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_a_zone_by_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
