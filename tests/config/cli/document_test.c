/* The JSON that commands print. */
#include "config/cli/document.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

static void it_begins_with_its_command(void **state)
{
	cleanup(json_freep) struct json_object *of_one =
	    document_new("show", "prod-1");
	cleanup(json_freep) struct json_object *of_none =
	    document_new("list", NULL);

	(void)state;
	assert_json(of_one, "{\"command\":\"show\",\"snapshot\":\"prod-1\"}");
	assert_json(of_none, "{\"command\":\"list\"}");
}

static void it_is_appended_with_a_newline(void **state)
{
	cleanup(json_freep) struct json_object *j = document_new("list", NULL);
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	buf_add_str(&out, "before\n");
	document_write(j, &out);
	assert_string_equal(
	    buf_str(&out), "before\n{\n  \"command\": \"list\"\n}\n");
}

/* An empty one, too. The list stays the caller's. */
static void a_list_is_one_document(void **state)
{
	static const char *const lists[] = {"[]", "[1,{\"a\":null}]"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(json_freep) struct json_object *list =
		    test_json(lists[i]);
		cleanup(buf_done) struct buf out = BUF_INIT;

		document_write_list("ls", "prod-1", "entries", list, &out);
		assert_json(list, lists[i]);
		cleanup(json_freep) struct json_object *j =
		    test_json(buf_str(&out));
		assert_string_equal(json_get_str(j, "command"), "ls");
		assert_string_equal(json_get_str(j, "snapshot"), "prod-1");
		assert_json(json_get(j, "entries"), lists[i]);
		assert_int_equal(json_len(j), 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_begins_with_its_command),
	    cmocka_unit_test(it_is_appended_with_a_newline),
	    cmocka_unit_test(a_list_is_one_document),
	};

	return cmocka_run_group_tests_name("cli/document", tests, NULL, NULL);
}
