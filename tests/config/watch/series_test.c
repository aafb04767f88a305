/* That the table keeps to what Prometheus asks of names
 * (https://prometheus.io/docs/practices/naming/). */
#include "config/watch/series.h"

#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void each_name_says_whose_and_of_what_unit_it_is(void **state)
{
	(void)state;
	for (const struct metrics_family *f = series_families; f->name; f++) {
		size_t len = strlen(f->name);
		bool total = str_ends(f->name, "_total");

		if (!str_starts(f->name, "backstay_") ||
		    strspn(f->name, "abcdefghijklmnopqrstuvwxyz_") != len)
			fail_msg("%s", f->name);
		if (total != (f->kind == METRICS_COUNTER))
			fail_msg("%s: only a counter ends in _total", f->name);
		if (f->kind == METRICS_GAUGE_MS &&
		    !str_ends(f->name, "_seconds"))
			fail_msg("%s is written in seconds", f->name);
	}
}

static void each_is_there_once_and_explained(void **state)
{
	(void)state;
	for (const struct metrics_family *f = series_families; f->name; f++) {
		if (!f->help || !str_ends(f->help, ".") ||
		    strpbrk(f->help, "\n\\"))
			fail_msg("%s: '%s'", f->name, f->help);
		for (const struct metrics_family *g = f + 1; g->name; g++)
			assert_string_not_equal(f->name, g->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_name_says_whose_and_of_what_unit_it_is),
	    cmocka_unit_test(each_is_there_once_and_explained),
	};

	return cmocka_run_group_tests_name("watch/series", tests, NULL, NULL);
}
