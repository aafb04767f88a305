#include "restore/phase.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define MIB (1024 * 1024)

static struct test_clock test_clock;

static void set_up(enum log_format format, bool terminal)
{
	const struct log_options o = {.level = LOG_LEVEL_INFO,
	    .format = format,
	    .progress = terminal,
	    .clock = &test_clock.clock};

	test_clock_init(&test_clock, 0);
	log_setup(&o);
}

/* A restore of a list of two archives, as its commands tell it. */
static void restores(void)
{
	const struct clock *clock = &test_clock.clock;
	struct phase p = {.kind = PHASE_NONE};

	phase_go_on(&p, clock, PHASE_VERIFY, "s-1", 0, 12 * MIB);
	test_clock.now_ms += 6000;
	phase_at(&p, 3 * MIB);
	phase_at(&p, 4 * MIB); /* too soon to be shown */
	phase_go_on(&p, clock, PHASE_UNPACK, "s-1", 0, 12 * MIB);
	phase_go_on(&p, clock, PHASE_VERIFY, "s-1", 4 * MIB, 12 * MIB);
	phase_at(&p, 12 * MIB);
	phase_begin(&p, clock, PHASE_PLAN, NULL, 0);
	phase_go_on(&p, clock, PHASE_RESTORE, NULL, 20, 120);
	test_clock.now_ms += 10000;
	phase_at(&p, 40);
	phase_at(&p, 120);
}

static void a_log_has_a_line_for_each_phase(void **state)
{
	(void)state;
	set_up(LOG_FORMAT_TEXT, false);
	autofree char *text = test_stderr_of(restores);
	assert_string_equal(text,
	    "1970-01-01T00:00:00Z info  verifying s-1: 12.0 MiB\n"
	    "1970-01-01T00:00:06Z info  unpacking s-1: 12.0 MiB\n"
	    "1970-01-01T00:00:06Z info  planning\n"
	    "1970-01-01T00:00:06Z info  restoring 120 steps, of which 20 are "
	    "done\n");
}

static void copies_what_is_left(void)
{
	struct phase p = {.kind = PHASE_NONE};

	phase_go_on(&p, &test_clock.clock, PHASE_COPY, "s-2", 5 * MIB, 8 * MIB);
}

static void what_was_done_before_is_told_in_its_unit(void **state)
{
	(void)state;
	set_up(LOG_FORMAT_TEXT, false);
	autofree char *text = test_stderr_of(copies_what_is_left);
	assert_string_equal(text,
	    "1970-01-01T00:00:00Z info  copying s-2: 8.0 MiB, of which 5.0 MiB "
	    "are done\n");
}

static void starts(void)
{
	struct phase p = {.kind = PHASE_NONE};

	phase_begin(&p, &test_clock.clock, PHASE_START, NULL, 1);
	phase_begin(&p, &test_clock.clock, PHASE_VERIFY, "s-1", 5);
	phase_forget(&p);
	phase_begin(&p, &test_clock.clock, PHASE_VERIFY, "s-2", 6);
}

static void its_facts_have_names(void **state)
{
	(void)state;
	set_up(LOG_FORMAT_JSON, true);
	autofree char *text = test_stderr_of(starts);
	assert_contains(text,
	    "\"event\":\"phase.started\",\"message\":\"starting 1 control "
	    "plane\",\"phase\":\"start\",\"items\":1}\n");
	assert_contains(text,
	    "\"message\":\"verifying s-1: 5 B\",\"phase\":\"verify\","
	    "\"snapshot\":\"s-1\",\"bytes\":5}\n");
	assert_contains(text, "\"snapshot\":\"s-2\",\"bytes\":6}\n");
}

#define CLEAR "\r\x1b[K"

static void a_terminal_has_one_line_that_is_renewed(void **state)
{
	(void)state;
	set_up(LOG_FORMAT_TEXT, true);
	autofree char *text = test_stderr_of(restores);
	assert_string_equal(text,
	    CLEAR "verifying: 0 B of 12.0 MiB" CLEAR
		  "verifying: 3.0 MiB of 12.0 MiB, 512.0 KiB/s, 0:18 left" CLEAR
		  "unpacking: 0 B of 12.0 MiB" CLEAR
		  "verifying: 4.0 MiB of 12.0 MiB" CLEAR
		  "verifying: 12.0 MiB of 12.0 MiB" CLEAR "planning" CLEAR
		  "restoring: 20 of 120" CLEAR
		  "restoring: 40 of 120, 2.0/s, 0:40 left" CLEAR
		  "restoring: 120 of 120, 10/s");
}

static void reads(void)
{
	struct phase p = {.kind = PHASE_NONE};
	struct err err = ERR_INIT;
	char data[4];

	phase_go_on(&p, &test_clock.clock, PHASE_UNPACK, NULL, 10, 16);
	struct source *s =
	    phase_source(&p, 10, source_from_memory("123456", 6));
	while (source_read(s, data, sizeof(data), &err) > 0)
		test_clock.now_ms += 100;
	source_free(s);
}

static void what_is_read_counts(void **state)
{
	(void)state;
	set_up(LOG_FORMAT_TEXT, true);
	autofree char *text = test_stderr_of(reads);
	assert_string_equal(text,
	    CLEAR "unpacking: 10 B of 16 B" CLEAR "unpacking: 16 B of 16 B");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_log_has_a_line_for_each_phase),
	    cmocka_unit_test(what_was_done_before_is_told_in_its_unit),
	    cmocka_unit_test(its_facts_have_names),
	    cmocka_unit_test(a_terminal_has_one_line_that_is_renewed),
	    cmocka_unit_test(what_is_read_counts),
	};

	return cmocka_run_group_tests_name("phase", tests, NULL, NULL);
}
