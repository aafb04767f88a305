#include "storage/base/json_text.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void quotes(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	json_text_quoted(&out, "a\"\\\n\xc3\xbc\xff", 7);
	assert_string_equal(
	    buf_str(&out), "\"a\\\"\\\\\\u000a\xc3\xbc\xef\xbf\xbd\"");
}

static void separates_values(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	json_text_object(&out, NULL);
	json_text_object(&out, "empty");
	json_text_object_end(&out);
	json_text_array(&out, "none");
	json_text_array_end(&out);
	json_text_int(&out, "least", INT64_MIN);
	json_text_bool(&out, "no", false);
	json_text_array(&out, "all");
	json_text_int(&out, NULL, 1);
	json_text_bool(&out, NULL, true);
	json_text_object(&out, NULL);
	json_text_str(&out, "a\"b", "{[:");
	json_text_str(&out, "c", "\n");
	json_text_object_end(&out);
	json_text_array_end(&out);
	json_text_object_end(&out);
	assert_string_equal(buf_str(&out),
	    "{\"empty\":{},\"none\":[],\"least\":-9223372036854775808,"
	    "\"no\":false,\"all\":[1,true,"
	    "{\"a\\\"b\":\"{[:\",\"c\":\"\\u000a\"}]}");
}

static void leaves_out_or_writes_null(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	json_text_object(&out, NULL);
	json_text_str_if(&out, "a", NULL);
	json_text_str_or_null(&out, "b", NULL);
	json_text_str_if(&out, "c", "");
	json_text_str_or_null(&out, "d", "x");
	json_text_object_end(&out);
	assert_string_equal(
	    buf_str(&out), "{\"b\":null,\"c\":\"\",\"d\":\"x\"}");
}

static void starts_lines(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct strvec names = VEC_INIT;

	(void)state;
	strvec_add(&names, "x");
	strvec_add(&names, "y");
	json_text_object(&out, NULL);
	json_text_array(&out, "items");
	for (int i = 0; i < 2; i++) {
		json_text_line(&out);
		json_text_object(&out, NULL);
		json_text_int(&out, "n", i);
		json_text_object_end(&out);
	}
	json_text_array_end(&out);
	json_text_strs(&out, "names", &names);
	json_text_object_end(&out);
	assert_string_equal(buf_str(&out),
	    "{\"items\":[\n{\"n\":0},\n{\"n\":1}],\"names\":[\"x\",\"y\"]}");
	strvec_done(&names);
}

static void takes_values_that_are_json_already(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(json_freep) struct json_object *tree = json_new_object();

	(void)state;
	json_set_int(tree, "n", 1);
	json_text_array(&out, NULL);
	json_text_tree(&out, NULL, tree);
	json_text_raw(&out, NULL, "{\"m\":[]}");
	json_text_array_end(&out);
	assert_string_equal(buf_str(&out), "[{\"n\":1},{\"m\":[]}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quotes),
	    cmocka_unit_test(separates_values),
	    cmocka_unit_test(leaves_out_or_writes_null),
	    cmocka_unit_test(starts_lines),
	    cmocka_unit_test(takes_values_that_are_json_already),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
