#include "storage/git/wire/sideband.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	buf_add(ctx, data, len);
	return len == 4 && memcmp(data, "stop", 4) == 0
		   ? err_set(err, ERR_CANCELLED, "stopped")
		   : 0;
}

static void takes_the_streams_apart(void **state)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	cleanup(buf_done) struct buf messages = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(
	    sideband_read("\1PACK", 5, on_data, &data, &messages, &err), err);
	assert_ok(
	    sideband_read("\2Hello\n", 7, on_data, &data, &messages, &err),
	    err);
	assert_ok(sideband_read("\1", 1, on_data, &data, &messages, &err), err);
	assert_ok(
	    sideband_read("\1\0\2", 3, on_data, &data, &messages, &err), err);
	assert_int_equal(data.len, 6);
	assert_memory_equal(data.data, "PACK\0\2", 6);
	assert_string_equal(buf_str(&messages), "Hello\n");
	assert_ok(sideband_read("\2x", 2, on_data, &data, NULL, &err), err);
	assert_fails(
	    sideband_read("\1stop", 5, on_data, &data, &messages, &err), err,
	    ERR_CANCELLED);
}

static void refuses_what_is_no_band(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(
	    sideband_read("", 0, on_data, NULL, NULL, &err), err, ERR_FORMAT);
	assert_contains(err.message, "without a band");
	assert_fails(sideband_read("\0x", 2, on_data, NULL, NULL, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "band 0,");
	assert_fails(sideband_read("\4x", 2, on_data, NULL, NULL, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "band 4,");
	assert_fails(sideband_read("\xff", 1, on_data, NULL, NULL, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "band 255,");
}

static void a_fatal_error_brings_what_was_written_before(void **state)
{
	cleanup(buf_done) struct buf messages = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_add_str(&messages, "Counting objects: 1\rno space\n");
	assert_fails(
	    sideband_read("\3died\r\n", 7, on_data, NULL, &messages, &err), err,
	    ERR_NETWORK);
	assert_string_equal(
	    err.message, "the server gave up: died (it said: no space)");
	assert_fails(sideband_read("\3", 1, on_data, NULL, NULL, &err), err,
	    ERR_NETWORK);
	assert_string_equal(err.message, "the server gave up: ");
	static const char corrupt[] =
	    "\3aborting due to possible repository corruption on the remote";
	assert_fails(sideband_read(corrupt, sizeof(corrupt) - 1, on_data, NULL,
			 NULL, &err),
	    err, ERR_INTEGRITY);
}

static void shows(
    const char *messages, size_t len, size_t max, const char *text)
{
	cleanup(buf_done) struct buf from = BUF_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	buf_add(&from, messages, len);
	buf_add_str(&out, "before:");
	sideband_add_message(&from, max, &out);
	assert_string_equal(buf_str(&out) + strlen("before:"), text);
	assert_true(out.len - strlen("before:") <= max);
}

static void leaves_progress_out(void **state)
{
	static const char messages[] =
	    "Enumerating objects: 3\rCounting objects:  50% (1/2)\r"
	    "  \n\thook: a\r\nTotal 3 (delta 0)\nTotally wrong\n"
	    "Resolving deltas: 1\nlast";

	(void)state;
	shows(messages, sizeof(messages) - 1, 100,
	    "hook: a; Totally wrong; last");
	shows("", 0, 100, "");
	shows("\n\r\n", 3, 100, "");
}

/* The limit is of what is shown, where a byte may be four. */
static void shows_no_more_than_asked_for(void **state)
{
	(void)state;
	shows("abcdef\nghi\n", 11, 8, "abcdef");
	shows("abcdef\nghi\n", 11, 7, "abcde");
	shows("abcdef\nghi\n", 11, 10, "abcdef; gh");
	shows("abc\n", 4, 2, "");
	shows("abc\n", 4, 0, "");
	shows("\x1b[31m", 5, 9, "\\x1b[31");
	shows("\xfe\xfe\xfe\xfe\xfe\xfe", 6, 14, "\\xfe\\xfe\\xfe");
	/* No part of a character. */
	shows("a\xe2\x82\xac", 4, 6, "a\xe2\x82\xac");
	shows("a\xe2\x82\xac", 4, 5, "a");
	shows("a\xe2\x82\xac", 4, 4, "a");
}

static void keeps_the_latest_of_much(void **state)
{
	cleanup(buf_done) struct buf messages = BUF_INIT;
	struct err err = ERR_INIT;
	char line[1001];

	(void)state;
	memset(line, 'a', sizeof(line));
	line[0] = 2;
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 100; i++) {
		assert_ok(sideband_read(line, sizeof(line), on_data, NULL,
			      &messages, &err),
		    err);
		assert_true(messages.len <= 16 * 1024);
	}
	assert_ok(
	    sideband_read("\2end\n", 5, on_data, NULL, &messages, &err), err);
	assert_true(str_ends(buf_str(&messages), "a\nend\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_the_streams_apart),
	    cmocka_unit_test(refuses_what_is_no_band),
	    cmocka_unit_test(a_fatal_error_brings_what_was_written_before),
	    cmocka_unit_test(leaves_progress_out),
	    cmocka_unit_test(shows_no_more_than_asked_for),
	    cmocka_unit_test(keeps_the_latest_of_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
