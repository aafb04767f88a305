/* What two versions of one thing differ in, and what is not a difference. */
#include "restore/diff/changes.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void add_all(const struct changes *changes, struct buf *out)
{
	VEC_EACH (changes, c)
		buf_printf(out, "%s: %s -> %s\n", c->path,
		    c->from ? c->from : "none", c->to ? c->to : "none");
}

static bool hides_data(const char *path)
{
	return str_starts(path, "data");
}

struct example {
	const char *from, *to, *changes;
};

static void objects_are_compared_field_by_field(void **state)
{
	static const struct example cases[] = {
	    {"{\"a\":1,\"b\":{\"c\":[1,2]}}", "{\"b\":{\"c\":[1,2]},\"a\":1}",
		""},
	    {"{\"a\":1}", "{\"a\":2}", "a: 1 -> 2\n"},
	    {"{\"a\":1}", "{\"a\":\"1\"}", "a: 1 -> \"1\"\n"},
	    {"{\"a\":{}}", "{}", "a: {} -> none\n"},
	    {"{}", "{\"a\":null}", "a: none -> null\n"},
	    {"{\"a\":{\"x.y/z\":1}}", "{\"a\":{\"x.y/z\":2}}",
		"a[x.y/z]: 1 -> 2\n"},
	    /* lists by name, in any order */
	    {"{\"l\":[{\"name\":\"a\",\"v\":1},{\"name\":\"b\"}]}",
		"{\"l\":[{\"name\":\"b\"},{\"name\":\"a\",\"v\":1}]}", ""},
	    {"{\"l\":[{\"name\":\"a\",\"v\":1},{\"name\":\"b\"}]}",
		"{\"l\":[{\"name\":\"c\"},{\"name\":\"a\",\"v\":2}]}",
		"l[name=a].v: 1 -> 2\nl[name=b]: {\"name\":\"b\"} -> none\n"
		"l[name=c]: none -> {\"name\":\"c\"}\n"},
	    /* two of one name: in order */
	    {"{\"l\":[{\"name\":\"a\",\"v\":1},{\"name\":\"a\",\"v\":2}]}",
		"{\"l\":[{\"name\":\"a\",\"v\":2},{\"name\":\"a\",\"v\":1}]}",
		"l[0].v: 1 -> 2\nl[1].v: 2 -> 1\n"},
	    {"{\"l\":[1,2]}", "{\"l\":[2,1]}", "l[0]: 1 -> 2\nl[1]: 2 -> 1\n"},
	    {"{\"l\":[1,2]}", "{\"l\":[1]}", "l: [1,2] -> [1]\n"},
	    /* what is hidden */
	    {"{\"data\":{\"p\":\"x\",\"q\":\"y\"}}",
		"{\"data\":{\"p\":\"z\",\"r\":\"w\"}}",
		"data.p: (secret) -> (changed)\ndata.q: (secret) -> none\n"
		"data.r: none -> (secret)\n"},
	    {"{\"data\":{\"p\":\"x\"}}", "{}", "data: (secret) -> none\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *a =
		    test_json(cases[i].from);
		cleanup(json_freep) struct json_object *b =
		    test_json(cases[i].to);
		cleanup(changes_done) struct changes changes = VEC_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		changes_compare(&changes, a, b, hides_data);
		add_all(&changes, &out);
		assert_string_equal(buf_str(&out), cases[i].changes);
	}
}

static void what_another_server_alone_changes_is_dropped(void **state)
{
	cleanup(json_freep) struct json_object *a = test_json(
	    "{\"apiVersion\":\"a/v1beta1\",\"k\":1,\"n\":null,\"o\":null,"
	    "\"gone\":2,\"kind\":\"A\"}");
	cleanup(json_freep) struct json_object *b =
	    test_json("{\"apiVersion\":\"a/v1\",\"k\":3,\"n\":4,\"new\":5,"
		      "\"kind\":\"B\"}");
	cleanup(changes_done) struct changes changes = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	changes_compare(&changes, a, b, NULL);
	assert_int_equal(changes_drop_of_server(&changes), 4);
	add_all(&changes, &out);
	assert_string_equal(buf_str(&out),
	    "k: 1 -> 3\ngone: 2 -> none\nkind: \"A\" -> \"B\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(objects_are_compared_field_by_field),
	    cmocka_unit_test(what_another_server_alone_changes_is_dropped),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
