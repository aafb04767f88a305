#include "storage/json/stretch.h"

#include "tests/support/test.h"

#include <string.h>

/* How many bytes the value takes if it comes in two pieces. */
static size_t collection(const char *text, size_t cut)
{
	struct json_stretch s = {0};
	size_t n = json_stretch_collection(&s, text, cut);

	if (cut && s.depth == 0)
		return n;
	return n + json_stretch_collection(&s, text + n, strlen(text) - n);
}

static void finds_the_end_of_a_collection(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} table[] = {{"{}", 2}, {"[] ", 2}, {"{\"a\":[1,{}]},", 12},
	    {"[\"]\"]]", 5}, {"{\"}\\\"}\":1}x", 10}, {"[\"\\\\\"]x", 6},
	    {"[\"\\\\\\\"]\"]x", 9}, {"[[[[]]]]]", 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		for (size_t cut = 0; cut <= strlen(table[i].text); cut++)
			assert_int_equal(
			    collection(table[i].text, cut), table[i].len);
}

static void one_that_is_not_over_takes_all(void **state)
{
	struct json_stretch s = {0};

	(void)state;
	assert_int_equal(json_stretch_collection(&s, "{\"a\":[", 6), 6);
	assert_int_equal(s.depth, 2);
	assert_false(s.in_string);
	assert_int_equal(json_stretch_collection(&s, "\"\\", 2), 2);
	assert_true(s.in_string);
	assert_true(s.escaped);
	assert_int_equal(json_stretch_collection(&s, "\"]\"]}}", 6), 5);
	assert_int_equal(s.depth, 0);
}

static void finds_the_end_of_a_string(void **state)
{
	static const char text[] = "a\\\\\\\"b\"c\"";

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct json_stretch s = {.in_string = true};
		size_t n = json_stretch_string(&s, text, cut);

		if (s.in_string)
			n +=
			    json_stretch_string(&s, text + n, strlen(text) - n);
		assert_int_equal(n, 7);
		assert_false(s.in_string);
		assert_false(s.escaped);
	}
	struct json_stretch none = {0};
	assert_int_equal(json_stretch_string(&none, "ab", 2), 0);
}

static void finds_the_end_of_a_scalar(void **state)
{
	static const char ends[] = ",]} \t\r\n";
	char text[] = "-1.5e+3?x";

	(void)state;
	for (const char *end = ends; *end; end++) {
		text[7] = *end;
		assert_int_equal(json_stretch_scalar(text, 9), 7);
	}
	assert_int_equal(json_stretch_scalar("true", 4), 4);
	assert_int_equal(json_stretch_scalar("true", 2), 2);
	assert_int_equal(json_stretch_scalar("", 0), 0);
	assert_int_equal(json_stretch_scalar("1\0002", 3), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_end_of_a_collection),
	    cmocka_unit_test(one_that_is_not_over_takes_all),
	    cmocka_unit_test(finds_the_end_of_a_string),
	    cmocka_unit_test(finds_the_end_of_a_scalar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
