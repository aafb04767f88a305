#include "storage/base/log.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_clock test_clock;

static void set_up(enum log_level level, enum log_format format, bool journal)
{
	const struct log_options o = {.level = level,
	    .format = format,
	    .progress = true,
	    .journal = journal,
	    .run = "c0ffee",
	    .clock = &test_clock.clock};

	log_setup(&o);
}

static void text_events(void)
{
	set_up(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
	log_progress("half");
	log_info("one\nline %d", 1);
	log_debug("not shown");
	log_progress("%s", "");
}

/* What is not a terminal is taken to have 80 columns. */
static void long_progress(void)
{
	set_up(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
	log_progress("%078d\xc3\xbc\xc3\xbc", 0);
}

static void json_events(void)
{
	set_up(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, false);
	log_progress("not in JSON");
	log_warn("a \"quoted\"\n\x01 thing");
}

static void one_event_is_one_line(void **state)
{
	(void)state;
	test_clock_init(&test_clock, 0);
	autofree char *text = test_stderr_of(text_events);
	assert_string_equal(text,
	    "\r\x1b[Khalf"
	    "\r\x1b[K1970-01-01T00:00:00Z info  one\\x0aline 1\nhalf"
	    "\r\x1b[K");
	autofree char *cut = test_stderr_of(long_progress);
	assert_int_equal(strlen(cut), strlen("\r\x1b[K") + 78 + 2);
	autofree char *lines = test_stderr_of(json_events);
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(lines, strlen(lines), &err);
	assert_non_null(j);
	assert_string_equal(json_get_str(j, "level"), "warn");
	assert_string_equal(
	    json_get_str(j, "message"), "a \"quoted\"\n\x01 thing");
}

static void named_events(void)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;

	set_up(LOG_LEVEL_INFO, LOG_FORMAT_JSON, true);
	json_text_str(&facts, "source", "git");
	json_text_int(&facts, "items", 3);
	log_named(LOG_LEVEL_INFO, "source.done", &facts, "git: %d items", 3);
}

static void a_named_event_has_its_facts(void **state)
{
	(void)state;
	autofree char *text = test_stderr_of(named_events);
	assert_string_equal(text,
	    "<6>{\"time\":\"1970-01-01T00:00:00Z\",\"level\":\"info\","
	    "\"run\":\"c0ffee\",\"event\":\"source.done\","
	    "\"message\":\"git: 3 items\",\"source\":\"git\",\"items\":3}\n");
}

static void priorities_of_levels(void)
{
	set_up(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, true);
	log_error("a");
	log_warn("b");
	log_info("c");
	log_debug("d");
}

static void the_journal_is_told_priorities(void **state)
{
	(void)state;
	autofree char *text = test_stderr_of(priorities_of_levels);
	assert_string_equal(text, "<3>1970-01-01T00:00:00Z error a\n"
				  "<4>1970-01-01T00:00:00Z warn  b\n"
				  "<6>1970-01-01T00:00:00Z info  c\n"
				  "<7>1970-01-01T00:00:00Z debug d\n");
}

static void only_warnings_shown(void)
{
	set_up(LOG_LEVEL_WARN, LOG_FORMAT_TEXT, false);
	for (int i = 0; i < 1000; i++)
		log_info("line %d", i);
	log_debug("a detail");
}

/* The tail has what was not shown, in whole lines, the last ones. */
static void the_tail_is_the_last_lines(void **state)
{
	cleanup(buf_done) struct buf tail = BUF_INIT, all = BUF_INIT;

	(void)state;
	autofree char *text = test_stderr_of(only_warnings_shown);
	assert_string_equal(text, "");
	log_tail(&tail, 80);
	assert_string_equal(buf_str(&tail),
	    "1970-01-01T00:00:00Z info  line 998\n"
	    "1970-01-01T00:00:00Z info  line 999\n");
	log_tail(&all, 1 << 20);
	assert_true(all.len > 9900 && all.len <= 10000);
	assert_true(str_starts(buf_str(&all), "1970-"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_event_is_one_line),
	    cmocka_unit_test(a_named_event_has_its_facts),
	    cmocka_unit_test(the_journal_is_told_priorities),
	    cmocka_unit_test(the_tail_is_the_last_lines),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
