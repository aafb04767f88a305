#include "storage/json/range.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static struct json_range range(const char *text)
{
	return (struct json_range){text, strlen(text)};
}

static void assert_range(struct json_range r, const char *text)
{
	assert_int_equal(r.len, strlen(text));
	assert_memory_equal(r.at, text, r.len);
}

static void resolves_escapes(void **state)
{
	static const struct {
		const char *from, *to;
	} table[] = {{"", ""}, {"plain", "plain"},
	    {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
	    {"a\\u0041z", "aAz"}, {"\\u007f\\u0080", "\x7f\xc2\x80"},
	    {"\\u07ff\\u0800", "\xdf\xbf\xe0\xa0\x80"},
	    {"\\uFFFF", "\xef\xbf\xbf"}, {"\\ud800\\udc00", "\xf0\x90\x80\x80"},
	    {"\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf"},
	    /* Halves of a pair that have no other half. */
	    {"\\ud800", "\xef\xbf\xbd"}, {"\\udc00", "\xef\xbf\xbd"},
	    {"\\ud800\\n", "\xef\xbf\xbd\n"},
	    {"\\ud800\\u0041", "\xef\xbf\xbd"
			       "A"},
	    {"\\ud800\\ud800\\udc00", "\xef\xbf\xbd\xf0\x90\x80\x80"},
	    {"\\ud800x\\udc00", "\xef\xbf\xbdx\xef\xbf\xbd"}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;

		json_range_decode(range(table[i].from), &out);
		assert_string_equal(buf_str(&out), table[i].to);
	}
}

static void finds_members_as_they_are_written(void **state)
{
	static const struct json_range none = {0};
	const struct json_range object =
	    range(" { \"a\" : 1.50 , \"b\":{\"a\":[ ]} ,\"t\":\"x\\n\", "
		  "\"\":null}");
	struct json_range value;

	(void)state;
	assert_true(json_range_get(object, "a", &value));
	assert_range(value, "1.50");
	assert_true(json_range_get(object, "b", &value));
	assert_range(value, "{\"a\":[ ]}");
	assert_true(json_range_get(object, "t", &value));
	assert_range(value, "\"x\\n\"");
	assert_true(json_range_get(object, "", &value));
	assert_range(value, "null");
	assert_false(json_range_get(object, "c", &value));
	/* Keys are compared as they are written. */
	assert_false(json_range_get(range("{\"\\u0061\":1}"), "a", &value));
	assert_false(json_range_get(range("[\"a\",1]"), "a", &value));
	assert_false(json_range_get(range("{}"), "a", &value));
	assert_false(json_range_get(none, "a", &value));
}

static void finds_texts(void **state)
{
	const struct json_range object =
	    range("{\"t\":\"x\\n\",\"e\":\"\",\"n\":1,\"o\":{\"t\":\"y\"}}");
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	buf_add_str(&out, "<");
	assert_true(json_range_get_text(object, "t", &out));
	assert_string_equal(buf_str(&out), "<x\n");
	assert_true(json_range_get_text(object, "e", &out));
	assert_false(json_range_get_text(object, "n", &out));
	assert_false(json_range_get_text(object, "o", &out));
	assert_false(json_range_get_text(object, "x", &out));
	assert_false(json_range_text(range(""), &out));
	assert_false(json_range_text(range("1"), &out));
	assert_false(json_range_text(range("null"), &out));
	assert_string_equal(buf_str(&out), "<x\n");
}

static void goes_through_an_array(void **state)
{
	static const char *const items[] = {
	    "1", "\"a,]\"", "[2,[3]]", "{\"b\":[]}", "null"};
	const struct json_range array =
	    range(" [ 1 ,\"a,]\", [2,[3]],{\"b\":[]}\n,null ] ");
	struct json_range value;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		assert_true(json_range_next(array, &at, &value));
		assert_range(value, items[i]);
	}
	assert_false(json_range_next(array, &at, &value));
	assert_false(json_range_next(array, &at, &value));
	static const char *const empty[] = {"[]", "[ ]", "{}", "1", ""};
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		at = 0;
		assert_false(json_range_next(range(empty[i]), &at, &value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(resolves_escapes),
	    cmocka_unit_test(finds_members_as_they_are_written),
	    cmocka_unit_test(finds_texts),
	    cmocka_unit_test(goes_through_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
