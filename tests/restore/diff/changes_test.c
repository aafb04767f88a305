/* What two versions of one thing differ in, and what is not a difference. */
#include "restore/diff/changes.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void add_all(const struct changes *changes, struct buf *out)
{
	VEC_EACH (changes, c)
		buf_printf(out, "%s: %s -> %s\n", c->path,
		    c->from ? c->from : "none", c->to ? c->to : "none");
}

static bool hides_data(
    void *ctx, const char *path, const struct json_object *value)
{
	(void)ctx;
	(void)value;
	return str_starts(path, "data");
}

/* Of one field of the way, and of another with a value that may be left out. */
static const struct json_object *keys_of(void *ctx, const struct strvec *field)
{
	const struct json_object *const *keys = ctx;

	if (field->len == 1 && str_eq(field->items[0], "mounts"))
		return keys[0];
	if (field->len == 2 && str_eq(field->items[0], "pods") &&
	    str_eq(field->items[1], "ports"))
		return keys[1];
	return NULL;
}

struct example {
	const char *from, *to, *changes;
};

static void assert_compared(const struct example *cases, size_t count,
    const struct changes_options *options)
{
	for (size_t i = 0; i < count; i++) {
		cleanup(json_freep) struct json_object *a =
		    test_json(cases[i].from);
		cleanup(json_freep) struct json_object *b =
		    test_json(cases[i].to);
		cleanup(changes_done) struct changes changes = VEC_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		changes_compare(&changes, a, b, options);
		add_all(&changes, &out);
		assert_string_equal(buf_str(&out), cases[i].changes);
	}
}

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

	const struct changes_options options = {.hides = hides_data};

	(void)state;
	assert_compared(cases, sizeof(cases) / sizeof(*cases), &options);
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

static void items_are_told_apart_by_their_keys(void **state)
{
	static const struct example cases[] = {
	    {"{\"mounts\":[{\"path\":\"/a\",\"v\":1},{\"path\":\"/b\"}]}",
		"{\"mounts\":[{\"path\":\"/b\"},{\"path\":\"/a\",\"v\":1}]}",
		""},
	    {"{\"mounts\":[{\"path\":\"/a\",\"v\":1},{\"path\":\"/b\"}]}",
		"{\"mounts\":[{\"path\":\"/c\"},{\"path\":\"/a\",\"v\":2}]}",
		"mounts[path=/a].v: 1 -> 2\n"
		"mounts[path=/b]: {\"path\":\"/b\"} -> none\n"
		"mounts[path=/c]: none -> {\"path\":\"/c\"}\n"},
	    /* The way through the item of a list adds nothing to the field; an
	     * item without the second key has its value all the same. */
	    {"{\"pods\":[{\"ports\":[{\"n\":80},{\"n\":80,\"p\":\"UDP\"}]}]}",
		"{\"pods\":[{\"ports\":[{\"n\":80,\"p\":\"UDP\",\"x\":1},"
		"{\"n\":80}]}]}",
		"pods[0].ports[n=80,p=UDP].x: none -> 1\n"},
	    /* One key of two is not enough, and one twice neither. */
	    {"{\"mounts\":[{\"path\":\"/a\"},{\"path\":\"/a\",\"v\":1}]}",
		"{\"mounts\":[{\"path\":\"/a\",\"v\":1},{\"path\":\"/a\"}]}",
		"mounts[0].v: none -> 1\nmounts[1].v: 1 -> none\n"},
	    {"{\"mounts\":[{\"v\":1}]}", "{\"mounts\":[{\"v\":2}]}",
		"mounts[0].v: 1 -> 2\n"},
	    /* Where nothing says it, a name does. */
	    {"{\"x\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
		"{\"x\":[{\"name\":\"b\"},{\"name\":\"a\"}]}", ""},
	};
	cleanup(json_freep) struct json_object *mounts =
	    test_json("{\"path\":null}");
	cleanup(json_freep) struct json_object *ports =
	    test_json("{\"n\":null,\"p\":\"TCP\"}");
	const struct json_object *keys[] = {mounts, ports};
	const struct changes_options options = {.keys = keys_of, .ctx = keys};

	(void)state;
	assert_compared(cases, sizeof(cases) / sizeof(*cases), &options);
}

static void as_json_each_has_its_path_and_both_values(void **state)
{
	cleanup(changes_done) struct changes f = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	json_text_object(&out, NULL);
	changes_add(&f, "spec.a", NULL, "\"x\"");
	changes_note(&f, "by hand");
	changes_add(&f, "spec.b", "1", NULL);
	changes_write_json(&f, &out);
	json_text_object_end(&out);
	assert_string_equal(buf_str(&out),
	    "{\"fields\":[{\"path\":\"spec.a\",\"from\":null,"
	    "\"to\":\"\\\"x\\\"\",\"note\":\"by hand\"},"
	    "{\"path\":\"spec.b\",\"from\":\"1\",\"to\":null}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(objects_are_compared_field_by_field),
	    cmocka_unit_test(items_are_told_apart_by_their_keys),
	    cmocka_unit_test(what_another_server_alone_changes_is_dropped),
	    cmocka_unit_test(as_json_each_has_its_path_and_both_values),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
