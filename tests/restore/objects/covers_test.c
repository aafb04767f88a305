#include "restore/objects/covers.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static bool is_covered(const char *live, const char *wanted)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *l =
	    json_parse(live, strlen(live), &err);
	cleanup(json_freep) struct json_object *w =
	    json_parse(wanted, strlen(wanted), &err);

	assert_non_null(l);
	assert_non_null(w);
	return covers(l, w);
}

static void members_of_others_do_not_matter(void **state)
{
	(void)state;
	assert_true(is_covered(
	    "{\"a\":{\"b\":1,\"c\":2},\"d\":3}", "{\"a\":{\"b\":1}}"));
	assert_false(is_covered("{\"a\":{\"c\":2}}", "{\"a\":{\"b\":1}}"));
	assert_false(is_covered("{\"a\":1}", "{\"a\":2}"));
	assert_false(is_covered("{\"a\":1}", "{\"a\":\"1\"}"));
}

static void arrays_have_the_same_length_and_order(void **state)
{
	(void)state;
	assert_true(
	    is_covered("{\"a\":[{\"b\":1,\"c\":2}]}", "{\"a\":[{\"b\":1}]}"));
	assert_false(is_covered("{\"a\":[1,2]}", "{\"a\":[1]}"));
	assert_false(is_covered("{\"a\":[1]}", "{\"a\":[1,2]}"));
	assert_false(is_covered("{\"a\":[2,1]}", "{\"a\":[1,2]}"));
}

static void what_is_missing_covers_only_what_is_empty(void **state)
{
	(void)state;
	assert_true(is_covered("{\"b\":1}", "{\"a\":{}}"));
	assert_true(is_covered("{\"a\":null}", "{\"a\":[]}"));
	assert_false(is_covered("{\"b\":1}", "{\"a\":{\"c\":1}}"));
	assert_false(is_covered("{\"b\":1}", "{\"a\":\"\"}"));
	assert_false(is_covered("{\"a\":0}", "{\"a\":{}}"));
	assert_true(is_covered("{\"a\":null}", "{\"a\":null}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_of_others_do_not_matter),
	    cmocka_unit_test(arrays_have_the_same_length_and_order),
	    cmocka_unit_test(what_is_missing_covers_only_what_is_empty),
	};

	return cmocka_run_group_tests_name("covers", tests, NULL, NULL);
}
