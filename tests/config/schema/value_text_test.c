/* Texts: what is taken from the environment, where paths begin, and that no
 * secret stands in the configuration. */
#include "config/schema/value_text.h"

#include "storage/base/cleanup.h"
#include "tests/support/values.h"

#include <stdlib.h>
#include <string.h>

static const struct field text = {.key = "k", .kind = FIELD_TEXT};
static const struct field path = {.key = "k", .kind = FIELD_PATH};

static int set_up(void **state)
{
	(void)state;
	return setenv("VALUE_A", "one", 1) || setenv("VALUE_1_b", "${x}", 1) ||
	       setenv("VALUE_EMPTY", "", 1) || setenv("VALUE_BAD", "\xff", 1) ||
	       unsetenv("VALUE_NONE");
}

static void assert_text(
    const struct field *f, const char *yaml, const char *expected)
{
	union config_value v;
	struct err err = ERR_INIT;

	assert_ok(config_value_read(f, yaml, &v, &err), err);
	assert_string_equal(v.text, expected);
	value_done(f, &v);
}

static void variables_are_taken_from_the_environment(void **state)
{
	(void)state;
	assert_text(&text, "plain", "plain");
	assert_text(&text, "'a ${VALUE_A} b'", "a one b");
	assert_text(&text, "${VALUE_A}${VALUE_A}", "oneone");
	assert_text(&text, "x${VALUE_EMPTY}y", "xy");
	/* What they hold is not looked at again. */
	assert_text(&text, "${VALUE_1_b}", "${x}");
	assert_text(&text, "$${VALUE_A}", "${VALUE_A}");
	assert_text(&text, "$$${VALUE_A}", "$${VALUE_A}");
	assert_text(&text, "'$VALUE_A $'", "$VALUE_A $");
	/* A number is a text here. */
	assert_text(&text, "17", "17");
}

static void what_is_no_variable_is_refused(void **state)
{
	(void)state;
	assert_value_refused(&text, "${VALUE_NONE}",
	    "the environment variable VALUE_NONE is not set");
	assert_value_refused(
	    &text, "'${VALUE_A'", "has a '${' that is not a ${NAME}");
	assert_value_refused(&text, "'${}'", "that is not a ${NAME}");
	assert_value_refused(&text, "'${1A}'", "that is not a ${NAME}");
	assert_value_refused(&text, "'${A B}'", "that is not a ${NAME}");
	assert_value_refused(&text, "'${A-x}'", "write $${ for the characters");
	assert_value_refused(
	    &text, "${VALUE_EMPTY}", "is empty; it takes text");
	assert_value_refused(&text, "''", "is empty; it takes text");
	assert_value_refused(&text, "${VALUE_BAD}",
	    "is not UTF-8 once its variables are put in");
	assert_value_refused(&text, "{a: b}", "it takes text");
}

/* The folder of the file, and not where the program was started. */
static void a_path_begins_at_the_file(void **state)
{
	(void)state;
	assert_text(&path, "x", "/etc/b/x");
	assert_text(&path, "../x", "/etc/b/../x");
	assert_text(&path, "/x", "/x");
	assert_text(&path, "${VALUE_A}/x", "/etc/b/one/x");
}

static void lists_and_mappings_hold_texts(void **state)
{
	const struct field texts = {.key = "k", .kind = FIELD_TEXTS};
	const struct field paths = {.key = "k", .kind = FIELD_PATHS};
	const struct field pairs = {.key = "k", .kind = FIELD_PAIRS};

	(void)state;
	assert_value_written(
	    &texts, "[a, '${VALUE_A}']", "\n  - \"a\"\n  - \"one\"\n");
	assert_value_written(
	    &paths, "[a, /b]", "\n  - \"/etc/b/a\"\n  - \"/b\"\n");
	assert_value_written(
	    &pairs, "{'${a}': '${VALUE_A}'}", "\n  \"${a}\": \"one\"\n");
	assert_value_refused(&texts, "a", "it takes a list of texts");
	assert_value_refused(&texts, "[a, [b]]", "k[1]: is a list");
	assert_value_refused(&texts, "[a, '']", "k[1]: is empty");
	assert_value_refused(&pairs, "[a]", "is a list");
	assert_value_refused(&pairs, "{a: [b]}", "k.a: is a list");
}

/* ---- secrets ------------------------------------------------------------- */

static void a_secret_is_named_and_not_written_down(void **state)
{
	const struct field f = {.key = "k", .kind = FIELD_SECRET};
	static const char *const inside[] = {"s3cret", "''", "x${A}", "${A}x",
	    "'${}'", "$${A}", "'${A B}'", "${1}"};

	(void)state;
	assert_value_written(&f, "${VALUE_NONE}", " ${VALUE_NONE}\n");
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
		union config_value v;
		struct err err = ERR_INIT;

		assert_int_equal(
		    config_value_read(&f, inside[i], &v, &err), -1);
		assert_contains(err.message,
		    "a secret does not stand in the configuration itself; use "
		    "'k_file' with a path, or ${NAME}");
		/* Least of all in what is shown of the mistake. */
		assert_null(strstr(err.message, "s3cret"));
		value_done(&f, &v);
	}
	assert_value_refused(&f, "[x]", "is a list");
}

static int read_secret(const char *key, struct secret_ref *at, struct err *err)
{
	const struct field f = {.key = "k", .kind = FIELD_SECRET};
	const struct schema_location root = {.file = "/etc/b/c.yaml"};
	const struct schema_location where = {.up = &root, .key = key};
	autofree char *yaml = str_printf(
	    "%s: %s\n", key, str_ends(key, "_file") ? "pw" : "${PW}");
	cleanup(yaml_node_freep) struct yaml_node *y =
	    yaml_load(yaml, strlen(yaml), root.file, err);

	return value_read_secret(&f, yaml_get(y, key), &where, at, err);
}

static void a_secret_is_in_a_file_or_a_variable(void **state)
{
	const struct field f = {.key = "k", .kind = FIELD_SECRET};
	struct secret_ref at = {.file = NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(read_secret("k_file", &at, &err), err);
	assert_string_equal(at.file, "/etc/b/pw");
	assert_null(at.variable);
	assert_string_equal(at.location, "/etc/b/c.yaml:1:9: k_file");
	assert_fails(read_secret("k", &at, &err), err, ERR_USAGE);
	assert_contains(
	    err.message, "'k' and 'k_file' exclude each other; leave one out");
	value_done(&f, &at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(variables_are_taken_from_the_environment),
	    cmocka_unit_test(what_is_no_variable_is_refused),
	    cmocka_unit_test(a_path_begins_at_the_file),
	    cmocka_unit_test(lists_and_mappings_hold_texts),
	    cmocka_unit_test(a_secret_is_named_and_not_written_down),
	    cmocka_unit_test(a_secret_is_in_a_file_or_a_variable),
	};

	return cmocka_run_group_tests_name(
	    "schema/value_text", tests, set_up, NULL);
}
