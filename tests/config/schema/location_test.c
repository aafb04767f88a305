#include "config/schema/location.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void a_complaint_says_where(void **state)
{
	static const char text[] = "vaults:\n- name: a\n- name: b\n  s3:\n"
				   "    \"re\\egion\": x\n";
	struct err err = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *root =
	    yaml_load(text, strlen(text), "f.yaml", &err);
	const struct yaml_node *second =
	    yaml_get(root, "vaults")->items.items[1];
	const struct yaml_node *s3 = yaml_get(second, "s3");
	const struct schema_location top = {.file = "f.yaml"};
	const struct schema_location vaults = {.up = &top, .key = "vaults"};
	const struct schema_location item = {.up = &vaults, .index = 1};
	const struct schema_location below = {.up = &item, .key = "s3"};

	(void)state;
	assert_int_equal(
	    schema_location_refuse(&item, second, "name", &err, "%s", "no"),
	    -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.message, "f.yaml:3:3: vaults[1].name: no");
	/* One that is missing is looked for at what should have it. */
	schema_location_refuse(&item, second, "file", &err, "no");
	assert_string_equal(err.message, "f.yaml:3:3: vaults[1].file: no");
	schema_location_refuse(&below, s3, NULL, &err, "no");
	assert_string_equal(err.message, "f.yaml:5:5: vaults[1].s3: no");
	/* Nothing that a terminal would obey. */
	schema_location_refuse(&below, s3, "re\033gion", &err, "no");
	assert_null(strchr(err.message, '\033'));
	assert_contains(err.message, "f.yaml:5:5: vaults[1].s3.re");
	schema_location_refuse(&top, NULL, NULL, &err, "no");
	assert_string_equal(err.message, "f.yaml: no");
	schema_location_refuse(&top, NULL, "vaults", &err, "no");
	assert_string_equal(err.message, "f.yaml: vaults: no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_complaint_says_where),
	};

	return cmocka_run_group_tests_name("location", tests, NULL, NULL);
}
