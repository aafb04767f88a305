#include "config/schema/field.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void each_kind_says_what_it_takes(void **state)
{
	(void)state;
	for (int kind = FIELD_TEXT; kind <= FIELD_TREE; kind++) {
		const struct field f = {.kind = (enum field_kind)kind};
		assert_true(strlen(field_expected(&f)) > 3);
	}
	const struct field own = {
	    .kind = FIELD_TEXT, .right = "an age recipient"};
	assert_string_equal(field_expected(&own), "an age recipient");
}

static void a_refusal_names_place_and_both_kinds(void **state)
{
	static const char text[] = "git:\n  depth: [1]\n";
	const struct schema_location root = {.file = "a.yaml"};
	const struct schema_location git = {.up = &root, .key = "git"};
	const struct schema_location depth = {.up = &git, .key = "depth"};
	const struct field f = {.key = "depth", .kind = FIELD_INT};
	struct err err = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *y =
	    yaml_load(text, strlen(text), "a.yaml", &err);

	(void)state;
	assert_non_null(y);
	assert_fails(field_refuse(&f, yaml_get(yaml_get(y, "git"), "depth"),
			 &depth, &err),
	    err, ERR_USAGE);
	assert_string_equal(err.message,
	    "a.yaml:2:10: git.depth: is a list; it takes a whole number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_says_what_it_takes),
	    cmocka_unit_test(a_refusal_names_place_and_both_kinds),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
