#include "storage/json/scan.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static bool is_json(const char *text, size_t len)
{
	struct json_scan s;

	json_scan_init(&s, text, len);
	return json_scan_value(&s) && json_scan_end(&s);
}

/* RFC 8259, and UTF-8 as RFC 3629 has it. */
static void only_json_is_walked_over(void **state)
{
	static const char *const good[] = {"{}", "[]", " [ 1 , -0.5e+10 ] ",
	    "\"\"", "\"\\u00e9\\n\\\"\"", "null", "true", "false", "0",
	    "{\"a\":{\"b\":[{},[]]},\"c\":\"d\"}", "\"\xc3\xa9\"",
	    "\"\xf4\x8f\xbf\xbf\""};
	static const char *const bad[] = {"", " ", "{", "]", "[1,]", "{\"a\"}",
	    "{a:1}", "{\"a\":1,}", "01", "1.", ".5", "+1", "1e", "nul", "True",
	    "\"a", "\"\\x\"", "\"\\u12\"", "\"\n\"", "'a'", "1 2", "[1}",
	    "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "NaN",
	    "\"\xf4\x90\x80\x80\"", "// a\n1"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!is_json(good[i], strlen(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (is_json(bad[i], strlen(bad[i])))
			fail_msg("walked over: %s", bad[i]);
}

/* What lies behind the length is not looked at. */
static void the_length_ends_it(void **state)
{
	static const char text[] = "{\"a\":[1,\"b\"]}";
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_false(is_json(text, i));
	assert_true(is_json(text, len));
}

static void depth_is_capped(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	for (size_t depth = JSON_SCAN_MAX_DEPTH - 1;
	     depth <= JSON_SCAN_MAX_DEPTH + 1; depth++) {
		buf_clear(&text);
		for (size_t i = 0; i < depth; i++)
			buf_add_char(&text, '[');
		for (size_t i = 0; i < depth; i++)
			buf_add_char(&text, ']');
		assert_int_equal(
		    is_json(text.data, text.len), depth <= JSON_SCAN_MAX_DEPTH);
	}
}

static void members_come_in_their_order(void **state)
{
	static const char text[] = "{ \"a\" : 1, \"b\\\"\":[{}], \"\":null } ";
	static const char *const keys[] = {"a", "b\\\"", ""};
	struct json_scan s;
	struct json_range key;
	bool first = true;
	size_t count = 0;

	(void)state;
	json_scan_init(&s, text, strlen(text));
	assert_true(json_scan_open(&s));
	while (json_scan_member(&s, &first, &key)) {
		assert_true(count < 3);
		assert_int_equal(key.len, strlen(keys[count]));
		assert_memory_equal(key.at, keys[count], key.len);
		assert_true(json_scan_value(&s));
		count++;
	}
	assert_null(s.wrong);
	assert_int_equal(count, 3);
	assert_true(json_scan_end(&s));
	assert_true(json_range_is((struct json_range){"ab", 2}, "ab"));
	assert_false(json_range_is((struct json_range){"ab", 2}, "a"));
	assert_false(json_range_is((struct json_range){"ab", 2}, "abc"));
}

struct seen {
	size_t count;
	char text[64];
};

static void on_watched(void *ctx, size_t which, struct json_range value)
{
	struct seen *seen = ctx;
	size_t at = strlen(seen->text);

	seen->count++;
	snprintf(seen->text + at, sizeof(seen->text) - at, "%zu=%.*s ", which,
	    (int)value.len, value.at);
}

/* At any depth, but strings alone. */
static void watched_members_are_told(void **state)
{
	static const char text[] = "{\"uid\":\"u1\",\"x\":[{\"name\":\"n\","
				   "\"uid\":7}],\"y\":{\"uid\":\"u2\"}}";
	static const char *const watched[] = {"uid", "name", NULL};
	struct seen seen = {.count = 0};
	struct json_scan s;

	(void)state;
	json_scan_init(&s, text, strlen(text));
	s.watched = watched;
	s.on_watched = on_watched;
	s.ctx = &seen;
	assert_true(json_scan_value(&s));
	assert_string_equal(seen.text, "0=u1 1=n 0=u2 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_json_is_walked_over),
	    cmocka_unit_test(the_length_ends_it),
	    cmocka_unit_test(depth_is_capped),
	    cmocka_unit_test(members_come_in_their_order),
	    cmocka_unit_test(watched_members_are_told),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
