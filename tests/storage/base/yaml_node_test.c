#include "storage/base/yaml.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static struct yaml_node *load(const char *text)
{
	struct err err = ERR_INIT;
	struct yaml_node *n = yaml_load(text, strlen(text), "t.yaml", &err);

	if (!n)
		fail_msg("%s", err.message);
	return n;
}

static void integers_are_decimal_and_fit_in_64_bits(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
	    {"0", 0},
	    {"-0", 0},
	    {"7", 7},
	    {"9223372036854775807", INT64_MAX},
	    {"-9223372036854775808", INT64_MIN},
	};
	static const char *const bad[] = {"9223372036854775808",
	    "-9223372036854775809", "-", "--1", "1-", "+1", "1_000", "0x10",
	    "1.0", "1e3", "'1'", "\"1\"", "~", "true", "''", "[1]", "{a: 1}"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cleanup(yaml_node_freep) struct yaml_node *n =
		    load(good[i].text);
		int64_t value = 42;
		assert_int_equal(yaml_int(n, &value), 0);
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup(yaml_node_freep) struct yaml_node *n = load(bad[i]);
		int64_t value = 42;
		if (yaml_int(n, &value) == 0)
			fail_msg("%s is read as a number", bad[i]);
		assert_int_equal(value, 42);
	}
}

static void truth_has_three_spellings_and_no_quotes(void **state)
{
	static const char *const yes[] = {"true", "True", "TRUE"};
	static const char *const no[] = {"false", "False", "FALSE"};
	static const char *const neither[] = {"tRUE", "yes", "no", "on", "off",
	    "y", "1", "'true'", "\"false\"", "~", "[true]"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cleanup(yaml_node_freep) struct yaml_node *t = load(yes[i]);
		cleanup(yaml_node_freep) struct yaml_node *f = load(no[i]);
		bool is_true = false, is_false = true;
		assert_int_equal(yaml_bool(t, &is_true), 0);
		assert_int_equal(yaml_bool(f, &is_false), 0);
		assert_true(is_true);
		assert_false(is_false);
	}
	for (size_t i = 0; i < sizeof(neither) / sizeof(*neither); i++) {
		cleanup(yaml_node_freep) struct yaml_node *n = load(neither[i]);
		bool value;
		if (yaml_bool(n, &value) == 0)
			fail_msg("%s is read as a truth value", neither[i]);
	}
}

static void a_node_is_described_by_what_a_user_sees(void **state)
{
	static const char *const cases[][2] = {
	    {"a: 1", "a mapping"},
	    {"{}", "a mapping"},
	    {"[]", "a list"},
	    {"- x", "a list"},
	    {"x", "text"},
	    {"'7'", "text"},
	    {"''", "text"},
	    {"1.5", "text"},
	    {"'true'", "text"},
	    {"7", "a number"},
	    {"-7", "a number"},
	    {"True", "true or false"},
	    {"~", "nothing"},
	    {"null", "nothing"},
	    {"", "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(yaml_node_freep) struct yaml_node *n =
		    load(cases[i][0]);
		assert_string_equal(yaml_describe(n), cases[i][1]);
	}
	assert_string_equal(yaml_describe(NULL), "nothing");
}

/* Each of them takes any node, and none: a caller asks for a path at once. */
static void what_is_not_there_is_nothing(void **state)
{
	cleanup(yaml_node_freep) struct yaml_node *n =
	    load("a: {b: x, c: [1, 2]}\nd: ~\n");
	bool truth;
	int64_t number;

	(void)state;
	assert_string_equal(yaml_get_text(yaml_get(n, "a"), "b"), "x");
	assert_int_equal(yaml_len(yaml_get(yaml_get(n, "a"), "c")), 2);
	assert_int_equal(yaml_len(yaml_get(n, "a")), 2);
	assert_null(yaml_get(n, "b"));
	assert_null(yaml_get(n, "A"));
	assert_null(yaml_get(yaml_get(yaml_get(n, "a"), "b"), "x"));
	assert_null(yaml_get(yaml_get(yaml_get(n, "a"), "c"), "1"));
	assert_null(yaml_get_text(n, "a"));
	assert_null(yaml_get_text(n, "d"));
	assert_null(yaml_get_text(n, "e"));
	assert_int_equal(yaml_get(n, "d")->kind, YAML_NULL);
	assert_int_equal(yaml_len(yaml_get(n, "d")), 0);
	assert_null(yaml_get(NULL, "a"));
	assert_null(yaml_text(NULL));
	assert_int_equal(yaml_len(NULL), 0);
	assert_int_equal(yaml_bool(NULL, &truth), -1);
	assert_int_equal(yaml_int(NULL, &number), -1);
	yaml_node_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_are_decimal_and_fit_in_64_bits),
	    cmocka_unit_test(truth_has_three_spellings_and_no_quotes),
	    cmocka_unit_test(a_node_is_described_by_what_a_user_sees),
	    cmocka_unit_test(what_is_not_there_is_nothing),
	};

	return cmocka_run_group_tests_name("yaml_node", tests, NULL, NULL);
}
