#include "storage/archive/facts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <string.h>

static bool scan(struct facts *f, const char *text)
{
	struct json_scan s;

	json_scan_init(&s, text, strlen(text));
	return facts_scan(f, &s) && json_scan_end(&s);
}

static void assert_written(const struct facts *f, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	facts_write(f, &text);
	assert_null(strchr(buf_str(&text), '\n'));
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_json(j, expected);
}

/* In place and from a tree, they are the same. */
static void facts_are_what_is_written(void **state)
{
	static const char *const texts[] = {"{}", "{\"a\":\"\"}",
	    "{\"\":\"x\",\"b\":\"\"}", "{\"a\":1,\"b\":-20,\"c\":0}",
	    "{\"t\":true,\"f\":false,\"n\":null}",
	    "{\"refs\":{\"refs/heads/a\":\"00\"},\"l\":[{\"x\":1.5},[]]}",
	    "{\"k\\u0065y\":\"\\\"\\n\\u00fc\xc3\xbc\"}",
	    "{\"pair\":\"\\ud83d\\ude00\",\"half\":\"\\ud800\"}",
	    "{\"a\":1,\"b\":2,\"a\":\"3\"}", " { \"a\" : [ 1 , 2 ] } "};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(facts_done) struct facts ours = FACTS_INIT;
		cleanup(facts_done) struct facts theirs = test_facts(texts[i]);
		cleanup(json_freep) struct json_object *j = test_json(texts[i]);
		cleanup(buf_done) struct buf text = BUF_INIT;

		assert_true(scan(&ours, texts[i]));
		json_write(&text, j, JSON_COMPACT);
		assert_facts(&ours, buf_str(&text));
		assert_facts(&theirs, buf_str(&text));
		assert_written(&ours, buf_str(&text));
		assert_written(&theirs, buf_str(&text));
	}
}

static void members_are_found_by_kind(void **state)
{
	cleanup(facts_done) struct facts f = FACTS_INIT;

	(void)state;
	assert_true(scan(&f, "{\"s\":\"x\",\"n\":null,\"t\":true,\"f\":false,"
			     "\"i\":7,\"o\":{\"s\":\"y\"},\"s\":\"z\"}"));
	assert_string_equal(facts_str(&f, "s"), "z");
	assert_null(facts_str(&f, "i"));
	assert_null(facts_str(&f, "none"));
	assert_true(facts_has(&f, "i"));
	assert_false(facts_has(&f, "n"));
	assert_true(facts_is_true(&f, "t"));
	assert_false(facts_is_true(&f, "f"));
	assert_false(facts_is_true(&f, "s"));
	cleanup(json_freep) struct json_object *i = facts_get(&f, "i");
	assert_json(i, "7");
	cleanup(json_freep) struct json_object *o = facts_get(&f, "o");
	assert_json(o, "{\"s\":\"y\"}");
	assert_null(facts_get(&f, "none"));
	assert_null(facts_get(&f, "n"));
}

static void nothing_has_no_facts(void **state)
{
	(void)state;
	assert_null(facts_str(NULL, "a"));
	assert_false(facts_has(NULL, "a"));
	assert_false(facts_is_true(NULL, "a"));
	assert_null(facts_get(NULL, "a"));
	assert_null(facts_tree(NULL));
}

static void the_next_take_the_place_of_the_last(void **state)
{
	cleanup(facts_done) struct facts f = FACTS_INIT, copy = FACTS_INIT;

	(void)state;
	assert_true(scan(&f, "{\"a\":\"1\",\"b\":\"2\"}"));
	facts_copy(&copy, &f);
	assert_true(scan(&f, "{\"c\":\"3\"}"));
	assert_facts(&f, "{\"c\":\"3\"}");
	assert_facts(&copy, "{\"a\":\"1\",\"b\":\"2\"}");
	assert_true(scan(&f, "{}"));
	assert_null(facts_str(&f, "c"));
}

static void what_only_json_parse_knows_is_left_to_it(void **state)
{
	static const char *const texts[] = {"", "[]", "1", "{", "{\"a\":1.0}",
	    "{\"a\":1e2}", "{\"a\":-0}", "{\"a\":01}", "{\"a\":NaN}",
	    "{\"a\":1234567890123456789}", "{\"a\":[1234567890123456789]}",
	    "{\"a\":\"\xff\"}", "{\"a\":tru}", "{\"a\":1,}", "{\"a\":{]}",
	    "{\"a\":1}x"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(facts_done) struct facts f = FACTS_INIT;
		if (scan(&f, texts[i]))
			fail_msg("%s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(facts_are_what_is_written),
	    cmocka_unit_test(members_are_found_by_kind),
	    cmocka_unit_test(nothing_has_no_facts),
	    cmocka_unit_test(the_next_take_the_place_of_the_last),
	    cmocka_unit_test(what_only_json_parse_knows_is_left_to_it),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
