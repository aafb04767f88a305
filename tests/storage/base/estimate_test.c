#include "storage/base/estimate.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#define MIB (1024ULL * 1024)

static void what_is_left_goes_as_what_was_done(void **state)
{
	static const struct {
		uint64_t done, total;
		int64_t elapsed_ms, left_ms;
	} cases[] = {
	    {0, 100, 10000, -1}, /* nothing says how fast it goes */
	    {1, 100, 10000, 990000},
	    {50, 100, 10000, 10000},
	    {100, 100, 10000, 0},
	    {101, 100, 10000, -1}, /* so the total was wrong */
	    {50, 100, 0, 0},
	    /* Neither too much for 64 bits, nor a promise of centuries. */
	    {UINT64_MAX / 2, UINT64_MAX, 100000000, 100000000},
	    {1, UINT64_MAX, 100000000, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(estimate_left_ms(cases[i].done, cases[i].total,
				     cases[i].elapsed_ms),
		    cases[i].left_ms);
}

static void a_line_says_what_is_known(void **state)
{
	static const struct {
		struct estimate e;
		const char *text;
	} cases[] = {
	    {{.total = 120}, "0 of 120"},
	    {{.done = 30, .total = 120, .elapsed_ms = 999}, "30 of 120"},
	    {{.done = 30, .total = 120, .elapsed_ms = 2000}, "30 of 120, 15/s"},
	    {{.done = 30, .total = 120, .elapsed_ms = 20000},
		"30 of 120, 1.5/s, 1:00 left"},
	    {{.done = 119, .total = 120, .elapsed_ms = 20000},
		"119 of 120, 6.0/s"},
	    {{.done = 120, .total = 120, .elapsed_ms = 20000},
		"120 of 120, 6.0/s"},
	    {{.done = 1, .total = 120, .elapsed_ms = 40000},
		"1 of 120, 0.0/s, 1:19:20 left"},
	    /* What was there before it began says nothing of its pace. */
	    {{.done = 100, .before = 100, .total = 120, .elapsed_ms = 20000},
		"100 of 120, 0.0/s"},
	    {{.done = 110, .before = 100, .total = 120, .elapsed_ms = 10000},
		"110 of 120, 1.0/s, 0:10 left"},
	    {{.bytes = true, .done = 3 * MIB, .elapsed_ms = 6000},
		"3.0 MiB, 512.0 KiB/s"},
	    {{.bytes = true,
		 .done = 3 * MIB,
		 .total = 12 * MIB,
		 .elapsed_ms = 6000},
		"3.0 MiB of 12.0 MiB, 512.0 KiB/s, 0:18 left"},
	    {{.bytes = true, .done = 13 * MIB, .total = 12 * MIB},
		"13.0 MiB of 12.0 MiB"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;

		estimate_add(&out, &cases[i].e);
		assert_string_equal(buf_str(&out), cases[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_left_goes_as_what_was_done),
	    cmocka_unit_test(a_line_says_what_is_known),
	};

	return cmocka_run_group_tests_name("estimate", tests, NULL, NULL);
}
