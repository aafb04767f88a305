#include "storage/base/json.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static struct json_object *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *j = json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s", err.message);
	return j;
}

static void comes_back_as_it_went_in(void **state)
{
	static const char *const texts[] = {
	    "{\"big\":9007199254740993,\"max\":9223372036854775807,"
	    "\"u\":18446744073709551615,\"neg\":-9223372036854775808}",
	    "{\"real\":1.10,\"exp\":1e400,\"tiny\":0.1000000000000000055}",
	    "[\"\xc3\xbc\",\"a/"
	    "b\",\"\\u0000x\",\"\\\"\",true,false,null,{},[]]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		cleanup(json_freep) struct json_object *j = parse(texts[i]);
		json_write(&out, j, JSON_COMPACT);
		assert_string_equal(buf_str(&out), texts[i]);
	}
}

static void refuses_what_is_no_json(void **state)
{
	static const char *const bad[] = {"", "{", "{}x", "{\"a\":1,}", "[1 2]",
	    "\"\xff\"", "nul", "null", "<html>", "{\"a\":01}"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err)ERR_INIT;
		if (json_parse(bad[i], strlen(bad[i]), &err))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void refuses_endless_nesting(void **state)
{
	struct err err = ERR_INIT;
	enum { AT = JSON_MAX_DEPTH };
	char deep[2 * AT + 3];

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_null(json_parse(deep, sizeof(deep), &err));
	assert_int_equal(err.code, ERR_FORMAT);
	/* With a value in the innermost, which has to fit as well. */
	deep[AT] = '1';
	memset(deep + AT + 1, ']', AT);
	cleanup(json_freep) struct json_object *j =
	    json_parse(deep, 2 * AT + 1, &err);
	assert_non_null(j);
	deep[AT] = '[';
	deep[AT + 1] = '1';
	memset(deep + AT + 2, ']', AT + 1);
	assert_null(json_parse(deep, 2 * AT + 3, &err));
}

static void finds_its_way(void **state)
{
	cleanup(json_freep) struct json_object *j =
	    parse("{\"a\":{\"b/c\":[10,{\"~\":\"x\"}]},\"n\":null,\"t\":true}");

	(void)state;
	assert_string_equal(json_str(json_pointer(j, "/a/b~1c/1/~0")), "x");
	assert_ptr_equal(json_pointer(j, ""), j);
	assert_null(json_pointer(j, "/a/b~1c/2"));
	assert_null(json_pointer(j, "/a/b~1c/x"));
	assert_null(json_pointer(j, "a"));
	assert_int_equal(json_len(json_path(j, "a", "b/c", NULL)), 2);
	assert_null(json_path(j, "n", "x", NULL));
	assert_true(json_truth(json_get(j, "t"), false));
	assert_int_equal(json_int(json_get(j, "t"), -5), -5);
	assert_null(json_get_str(NULL, "a"));
}

static void makes_and_changes(void **state)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	json_set_str(j, "s", "v");
	json_set_int(j, "i", 1);
	json_set(j, "l", json_new_array());
	json_append(json_get(j, "l"), json_new_bool(true));
	json_append(json_get(j, "l"), json_new_int(2));
	json_remove_at(json_get(j, "l"), 0);
	json_set_int(j, "i", 3);
	cleanup(json_freep) struct json_object *copy = json_copy(j);
	json_remove(j, "s");
	json_write(&out, j, JSON_COMPACT);
	assert_string_equal(buf_str(&out), "{\"i\":3,\"l\":[2]}");
	assert_false(json_equal(copy, j));
	assert_string_equal(json_get_str(copy, "s"), "v");
	size_t n = 0;
	for (struct json_iter it = json_iter(copy); json_next(&it);)
		n += strlen(it.key);
	assert_int_equal(n, 3);
}

static void what_is_no_utf8_can_be_read_again(void **state)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	json_set_str(j, "caf\xe9", "\xc3\xbc \xe9t\xe9");
	json_set(j, "cut", json_new_str_len("a\xd1", 2));
	json_write(&out, j, JSON_COMPACT);
	assert_string_equal(buf_str(&out),
	    "{\"caf\xef\xbf\xbd\":\"\xc3\xbc \xef\xbf\xbdt\xef\xbf\xbd\","
	    "\"cut\":\"a\xef\xbf\xbd\"}");
	cleanup(json_freep) struct json_object *again =
	    json_parse(buf_str(&out), out.len, &err);
	assert_true(json_equal(j, again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back_as_it_went_in),
	    cmocka_unit_test(refuses_what_is_no_json),
	    cmocka_unit_test(refuses_endless_nesting),
	    cmocka_unit_test(finds_its_way),
	    cmocka_unit_test(makes_and_changes),
	    cmocka_unit_test(what_is_no_utf8_can_be_read_again),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
