/* Each kind of value: what is taken, what is refused in which words, and that
 * what is written reads back. */
#include "config/schema/value.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/values.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------- */

static void a_number_is_whole_and_in_its_range(void **state)
{
	const struct field f = {
	    .key = "k", .kind = FIELD_INT, .min = 1, .max = 64};
	const struct field any = {.key = "k", .kind = FIELD_INT};

	(void)state;
	assert_value_written(&f, "1", " 1\n");
	assert_value_written(&f, "64", " 64\n");
	assert_value_refused(
	    &f, "0", "is out of range; it takes a whole number from 1 to 64");
	assert_value_refused(&f, "65", "is out of range");
	assert_value_refused(&f, "-1", "is out of range");
	assert_value_refused(&f, "1.5", "it takes a whole number");
	assert_value_refused(&f, "'1'", "it takes a whole number");
	assert_value_written(&any, "2147483647", " 2147483647\n");
	assert_value_refused(&any, "2147483648", "is out of range");
	assert_value_written(&any, "0", " 0\n");
	assert_value_refused(&any, "-1", "is out of range");
}

static void units_are_part_of_a_value(void **state)
{
	const struct field duration = {
	    .key = "k", .kind = FIELD_DURATION, .min = 1000, .max = 60000};
	const struct field bytes = {.key = "k", .kind = FIELD_BYTES};
	const struct field percent = {
	    .key = "k", .kind = FIELD_PERCENT, .min = 1, .max = 100};

	(void)state;
	assert_value_written(&duration, "1s", " 1s\n");
	assert_value_written(&duration, "60s", " 1m\n");
	assert_value_refused(&duration, "999ms", "is out of range");
	assert_value_refused(&duration, "61s", "is out of range");
	assert_value_refused(&duration, "60", "it takes ");
	assert_value_refused(&duration, "[1s]", "is a list");
	assert_value_written(&bytes, "64KiB", " 64KiB\n");
	assert_value_written(&bytes, "0", " 0B\n");
	assert_value_refused(&bytes, "64KB", "it takes ");
	assert_value_written(&percent, "100%", " 100%\n");
	assert_value_refused(&percent, "101%",
	    "is out of range; it takes a share such as 10%, "
	    "from 1% to 100%");
	assert_value_refused(&percent, "10", "it takes a share such as 10%");
}

/* ---- words --------------------------------------------------------------- */

static void a_word_is_one_of_its_values(void **state)
{
	static const char *const words[] = {"none", "some", NULL};
	const struct field f = {.key = "k", .kind = FIELD_WORD, .words = words};
	const struct field truth = {.key = "k", .kind = FIELD_BOOL};

	(void)state;
	assert_value_written(&f, "some", " some\n");
	assert_value_written(&f, "'none'", " none\n");
	assert_value_refused(&f, "Some",
	    "is not one of its values; it takes one of: none, some");
	assert_value_refused(&f, "[some]", "is not one of its values");
	assert_value_written(&truth, "true", " true\n");
	assert_value_written(&truth, "false", " false\n");
	assert_value_refused(&truth, "yes", "it takes true or false");
	assert_value_refused(&truth, "'true'", "it takes true or false");
}

/* ---- trees --------------------------------------------------------------- */

/* As YAML reads them, and as a patch is to have them. */
static void a_tree_keeps_the_kinds_of_its_values(void **state)
{
	const struct field f = {.key = "k", .kind = FIELD_TREE};
	static const char *const cases[][2] = {
	    {"{a: 1, b: [true, false, ~], c: x}",
		"{\"a\":1,\"b\":[true,false,null],\"c\":\"x\"}"},
	    {"['1', 'true', \"null\"]", "[\"1\",\"true\",\"null\"]"},
	    {"[0.5, -1.50, 1e3, 2.5E-3]", "[0.5,-1.50,1e3,2.5E-3]"},
	    {"['0.5', 1.2.3, 2026-11-29, -, 1e, v1.5]",
		"[\"0.5\",\"1.2.3\",\"2026-11-29\",\"-\",\"1e\",\"v1.5\"]"},
	    {"9223372036854775807", "9223372036854775807"},
	    {"[]", "[]"},
	    {"{}", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *line = str_printf(" %s\n", cases[i][1]);

		assert_value_written(&f, cases[i][0], line);
		assert_value_written(&f, cases[i][1], line);
	}
}

/* ---- what is unset ------------------------------------------------------- */

static void an_empty_value_is_seen(void **state)
{
	static const enum field_kind kinds[] = {FIELD_TEXT, FIELD_PATH,
	    FIELD_SECRET, FIELD_TEXTS, FIELD_PATHS, FIELD_PAIRS, FIELD_TREE,
	    FIELD_INT};
	union config_value v;

	(void)state;
	memset(&v, 0, sizeof(v));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct field f = {.key = "k", .kind = kinds[i]};

		if (!value_is_empty(&f, &v))
			fail_msg("%d", kinds[i]);
	}
	/* False and 0% are values; so is 0, where it may be. */
	const struct field truth = {.key = "k", .kind = FIELD_BOOL};
	const struct field duration = {.key = "k", .kind = FIELD_DURATION};
	const struct field positive = {
	    .key = "k", .kind = FIELD_DURATION, .min = 1, .max = 2};
	assert_false(value_is_empty(&truth, &v));
	assert_false(value_is_empty(&duration, &v));
	assert_true(value_is_empty(&positive, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_number_is_whole_and_in_its_range),
	    cmocka_unit_test(units_are_part_of_a_value),
	    cmocka_unit_test(a_word_is_one_of_its_values),
	    cmocka_unit_test(a_tree_keeps_the_kinds_of_its_values),
	    cmocka_unit_test(an_empty_value_is_seen),
	};

	return cmocka_run_group_tests_name("schema/value", tests, NULL, NULL);
}
