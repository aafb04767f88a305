#include "storage/terraform/state.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* As Terraform's S3 backend makes keys: env:/<workspace>/<key>. */
static void a_key_names_its_workspace(void **state)
{
	static const struct {
		const char *key;
		const char *workspace; /* NULL: the default one */
	} rows[] = {
	    {"a.tfstate", NULL},
	    {"env:/dev/a.tfstate", "dev"},
	    {"live/env:/dev/a/b.tfstate", "dev"},
	    {"env:/dev", NULL},
	    {"env://a", NULL},
	    {"env:/", NULL},
	    {"env:dev/a", NULL},
	    {"notenv:/dev/a", NULL},
	    {"x/notenv:/dev/a", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *workspace = state_workspace(rows[i].key);
		if (rows[i].workspace)
			assert_string_equal(workspace, rows[i].workspace);
		else
			assert_null(workspace);
	}
}

static void a_lock_is_described(void **state)
{
	static const char *const rows[][2] = {
	    {"{\"Who\":\"me@here\",\"Operation\":\"OperationTypeApply\","
	     "\"Created\":\"2024\",\"ID\":\"i\"}",
		"by me@here, for OperationTypeApply, since 2024, ID i"},
	    {"{\"ID\":\"i\",\"Who\":\"\"}", "ID i"},
	    {"{\"Who\":7}", "holder unknown"},
	    {"{}", "holder unknown"},
	    {"a-digest", "holder unknown"},
	    {"", "holder unknown"},
	};
	cleanup(buf_done) struct buf long_one = BUF_INIT, shown = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		buf_add_str(&out, "> ");
		state_describe_lock(&out, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(buf_str(&out) + 2, rows[i][1]);
	}
	/* It comes from anybody who may lock. */
	buf_add_str(&long_one, "{\"Who\":\"\\u001b[31m");
	for (int i = 0; i < 300; i++)
		buf_add_char(&long_one, 'x');
	buf_add_str(&long_one, "\"}");
	state_describe_lock(&shown, long_one.data, long_one.len);
	assert_true(shown.len < 150);
	assert_null(strchr(buf_str(&shown), '\033'));
}

static void facts_are_written_as_far_as_they_are_known(void **state)
{
	static const struct {
		struct state_facts facts;
		const char *json;
	} rows[] = {
	    {{.state = false, .serial = 7, .lineage = "l"}, "{}"},
	    {{.state = true,
		 .json = true,
		 .serial = 7,
		 .lineage = "l",
		 .terraform_version = "1.9.0",
		 .resources = 3},
		"{\"serial\":7,\"lineage\":\"l\",\"terraform_version\":"
		"\"1.9.0\",\"resources\":3}"},
	    {{.state = true, .lineage = "l", .resources = 3},
		"{\"serial\":0,\"lineage\":\"l\"}"},
	    /* How many there are is not known of an encrypted one. */
	    {{.state = true,
		 .json = true,
		 .encrypted = true,
		 .lineage = "l",
		 .resources = 3},
		"{\"serial\":0,\"lineage\":\"l\",\"encrypted\":true}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(json_freep) struct json_object *j = json_new_object();
		state_facts_to_json(&rows[i].facts, j);
		assert_json(j, rows[i].json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_names_its_workspace),
	    cmocka_unit_test(a_lock_is_described),
	    cmocka_unit_test(facts_are_written_as_far_as_they_are_known),
	};

	return cmocka_run_group_tests_name("state_text", tests, NULL, NULL);
}
