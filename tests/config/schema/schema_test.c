/* Tables of fields: read, filled up, refused, written and released. */
#include "config/schema/schema.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- a configuration of every kind of section ---------------------------- */

struct item {
	char *name;
	int count;
};
VEC_DEFINE(items, struct item);

struct inner {
	char *must;
	bool on;
	int64_t wait;
};

struct outer {
	char *name;
	int size;
	struct secret_ref token;
	struct items items;
	struct inner inner; /* required within */
	struct inner maybe;
	bool has_maybe;
	struct inner mode;
	bool mode_none;
	struct {
		struct items one, other;
	} either;
};

static const struct field item_fields[] = {{.key = "name",
					       .kind = FIELD_TEXT,
					       .flags = FIELD_REQUIRED,
					       FIELD_AT(struct item, name),
					       .right = "a name"},
    {.key = "count",
	.kind = FIELD_INT,
	FIELD_AT(struct item, count),
	.min = 1,
	.max = 9,
	.fallback = "3"},
    {.key = NULL}};
static const struct section item_section = {.fields = item_fields};

static const struct field inner_fields[] = {
    {.key = "must", .kind = FIELD_TEXT, FIELD_AT(struct inner, must)},
    {.key = "on",
	.kind = FIELD_BOOL,
	FIELD_AT(struct inner, on),
	.fallback = "true"},
    {.key = "wait",
	.kind = FIELD_DURATION,
	FIELD_AT(struct inner, wait),
	.min = 1,
	.max = 60000,
	.fallback = "5s"},
    {.key = NULL}};
static const struct section inner_section = {.fields = inner_fields};

static const struct field required_fields[] = {
    {.key = "must",
	.kind = FIELD_TEXT,
	.flags = FIELD_REQUIRED,
	FIELD_AT(struct inner, must)},
    {.key = "on",
	.kind = FIELD_BOOL,
	FIELD_AT(struct inner, on),
	.fallback = "true"},
    {.key = NULL}};
static const struct section required_section = {.fields = required_fields};

#define EITHER(KEY, MEMBER)                                                    \
	{                                                                      \
		.key = KEY, .kind = FIELD_LIST, .flags = FIELD_ALTERNATIVE,    \
		.offset = offsetof(struct outer, either.MEMBER) -              \
			  offsetof(struct outer, either),                      \
		.section = &item_section, .item_size = sizeof(struct item)     \
	}
static const struct field either_fields[] = {
    EITHER("one", one), EITHER("other", other), {.key = NULL}};
static const struct section either_section = {.fields = either_fields};

static int checks;

/* Sees all, with what was left out. */
static int check(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct outer *o = data;

	checks++;
	assert_int_equal(o->inner.on, true);
	if (o->size == 13)
		return schema_location_refuse(
		    where, node, "size", err, "brings no luck");
	return 0;
}

static const struct field outer_fields[] = {
    {.key = "name", .kind = FIELD_TEXT, FIELD_AT(struct outer, name)},
    {.key = "size",
	.kind = FIELD_INT,
	FIELD_AT(struct outer, size),
	.max = 100,
	.fallback = "7"},
    {.key = "token", .kind = FIELD_SECRET, FIELD_AT(struct outer, token)},
    {.key = "items",
	.kind = FIELD_LIST,
	FIELD_AT(struct outer, items),
	.section = &item_section,
	.item_size = sizeof(struct item)},
    {.key = "inner",
	.kind = FIELD_SECTION,
	FIELD_AT(struct outer, inner),
	.section = &required_section},
    {.key = "maybe",
	.kind = FIELD_SECTION,
	FIELD_AT(struct outer, maybe),
	.section = &inner_section,
	.present_offset = offsetof(struct outer, has_maybe)},
    {.key = "mode",
	.kind = FIELD_SECTION,
	.flags = FIELD_OR_NONE,
	FIELD_AT(struct outer, mode),
	.section = &inner_section,
	.none_offset = offsetof(struct outer, mode_none)},
    {.key = "either",
	.kind = FIELD_SECTION,
	FIELD_AT(struct outer, either),
	.section = &either_section},
    {.key = NULL}};
static const struct section outer_section = {
    .fields = outer_fields, .check = check};

static int try_read(const char *text, struct outer *o, struct err *err)
{
	const struct schema_location root = {.file = "c.yaml"};
	cleanup(yaml_node_freep) struct yaml_node *y =
	    yaml_load(text, strlen(text), root.file, err);

	if (!y)
		fail_msg("%s", err->message);
	memset(o, 0, sizeof(*o));
	return schema_read(&outer_section, y, &root, o, err);
}

static void outer_done(struct outer *o)
{
	schema_done(&outer_section, o);
}

static void read_it(const char *text, struct outer *o)
{
	struct err err = ERR_INIT;

	assert_ok(try_read(text, o, &err), err);
}

/* The whole message. What was read of it until then is released. */
static void assert_refused(const char *text, const char *message)
{
	cleanup(outer_done) struct outer o;
	struct err err;

	assert_fails(try_read(text, &o, &err), err, ERR_USAGE);
	assert_string_equal(err.message, message);
}

/* ---- reading ------------------------------------------------------------- */

static void what_is_left_out_has_its_default_at_any_depth(void **state)
{
	cleanup(outer_done) struct outer o;

	(void)state;
	checks = 0;
	read_it("items: [{name: a}, {name: b, count: 9}]\n", &o);
	assert_int_equal(checks, 1);
	assert_null(o.name);
	assert_int_equal(o.size, 7);
	assert_false(secret_ref_is_set(&o.token));
	assert_int_equal(o.items.len, 2);
	assert_string_equal(o.items.items[0].name, "a");
	assert_int_equal(o.items.items[0].count, 3);
	assert_int_equal(o.items.items[1].count, 9);
	/* Sections that are not there. */
	assert_true(o.inner.on);
	assert_int_equal(o.maybe.wait, 5000);
	assert_false(o.has_maybe);
	assert_true(o.mode.on);
	assert_false(o.mode_none);
	assert_int_equal(o.either.one.len, 0);
}

static void what_is_written_is_taken(void **state)
{
	cleanup(outer_done) struct outer o;

	(void)state;
	read_it("name: x\nsize: 0\ntoken_file: /t\n"
		"inner: {must: m, on: true}\nmaybe: {wait: 10ms, on: false}\n"
		"mode: none\neither: {other: [{name: a}]}\n",
	    &o);
	assert_string_equal(o.name, "x");
	assert_int_equal(o.size, 0);
	assert_string_equal(o.token.file, "/t");
	assert_null(o.token.variable);
	assert_string_equal(o.inner.must, "m");
	assert_true(o.has_maybe);
	assert_int_equal(o.maybe.wait, 10);
	assert_false(o.maybe.on);
	assert_null(o.maybe.must);
	assert_true(o.mode_none);
	assert_int_equal(o.either.other.len, 1);
	assert_int_equal(o.either.one.len, 0);
}

/* It was written, though nothing is in it. */
static void an_empty_section_is_present(void **state)
{
	cleanup(outer_done) struct outer o;

	(void)state;
	read_it("maybe: {}\n", &o);
	assert_true(o.has_maybe);
	assert_int_equal(o.maybe.wait, 5000);
	assert_true(o.maybe.on);
}

/* ---- refusals ------------------------------------------------------------ */

static void a_key_that_is_not_known_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "nmae: x\n", "c.yaml:1:1: nmae: unknown key; did you mean 'name'?");
	assert_refused("zzzzzzzz: x\n",
	    "c.yaml:1:1: zzzzzzzz: unknown key; known here: name, size, "
	    "token, token_file, items, inner, maybe, mode, either");
	assert_refused("items: [{name: a}, {nam: b}]\n",
	    "c.yaml:1:21: items[1].nam: unknown key; did you mean 'name'?");
	/* Only a secret has a file. */
	assert_refused("inner_of_file: /x\n",
	    "c.yaml:1:1: inner_of_file: unknown key; known here: name, size, "
	    "token, token_file, items, inner, maybe, mode, either");
	assert_refused("token_files: /x\n",
	    "c.yaml:1:1: token_files: unknown key; did you mean 'token_file'?");
}

static void a_value_of_the_wrong_kind_is_refused(void **state)
{
	(void)state;
	assert_refused("- a\n", "c.yaml:1:1: is a list; it takes a mapping of "
				"keys to values");
	assert_refused("inner: x\n",
	    "c.yaml:1:8: inner: is text; it takes a mapping of keys to "
	    "values");
	assert_refused("inner: none\n",
	    "c.yaml:1:8: inner: is text; it takes a mapping of keys to "
	    "values");
	assert_refused("items: [a]\n",
	    "c.yaml:1:9: items[0]: is text; it takes a mapping of keys to "
	    "values");
	assert_refused("items: {name: a}\n",
	    "c.yaml:1:8: items: is a mapping; it takes a list of mappings");
}

/* What would be right is said, at the key. */
static void a_key_without_a_value_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "name:\n", "c.yaml:1:1: name: has no value; it takes text");
	assert_refused("size: 1\nitems:\n",
	    "c.yaml:2:1: items: has no value; it takes a list of mappings");
	assert_refused("items:\n- name:\n",
	    "c.yaml:2:3: items[0].name: has no value; it takes a name");
}

static void what_must_be_there_is_asked_for(void **state)
{
	(void)state;
	assert_refused("items: [{name: a}, {count: 2}]\n",
	    "c.yaml:1:20: items[1]: lacks 'name', which takes a name");
	assert_refused("inner: {on: false}\n",
	    "c.yaml:1:8: inner: lacks 'must', which takes text");
}

static void a_number_out_of_its_range_is_refused(void **state)
{
	struct outer o;
	struct err err;

	(void)state;
	assert_fails(try_read("size: 101\n", &o, &err), err, ERR_USAGE);
	assert_contains(err.message, "c.yaml:1:7: size: ");
	outer_done(&o);
	/* Items that were read before it are released with it. */
	assert_fails(
	    try_read("items: [{name: a}, {name: b, count: 10}]\n", &o, &err),
	    err, ERR_USAGE);
	assert_contains(err.message, "items[1].count: ");
	assert_int_equal(o.items.len, 2);
	assert_string_equal(o.items.items[1].name, "b");
	outer_done(&o);
	assert_int_equal(o.items.len, 0);
	assert_null(o.items.items);
}

static void the_check_of_a_section_comes_last(void **state)
{
	(void)state;
	checks = 0;
	assert_refused("size: 13\n", "c.yaml:1:1: size: brings no luck");
	assert_int_equal(checks, 1);
	assert_refused("size: 13\nzebra: x\n",
	    "c.yaml:2:1: zebra: unknown key; known here: name, size, "
	    "token, token_file, items, inner, maybe, mode, either");
	assert_int_equal(checks, 1);
}

/* ---- writing ------------------------------------------------------------- */

static void write_it(const char *text, struct buf *out)
{
	cleanup(outer_done) struct outer o;

	read_it(text, &o);
	schema_write(&outer_section, &o, 0, out);
}

static void all_is_written_with_its_defaults(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	write_it("name: x\nitems: [{name: a}, {name: b, count: 9}]\n"
		 "token: ${T}\n",
	    &out);
	assert_string_equal(buf_str(&out), "name: \"x\"\n"
					   "size: 7\n"
					   "token: ${T}\n"
					   "items:\n"
					   "  -\n"
					   "    name: \"a\"\n"
					   "    count: 3\n"
					   "  -\n"
					   "    name: \"b\"\n"
					   "    count: 9\n"
					   "mode:\n"
					   "  on: true\n"
					   "  wait: 5s\n");
}

static void what_was_left_out_is_not_written(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	write_it("mode: none\n", &out);
	assert_string_equal(buf_str(&out), "size: 7\nmode: none\n");
}

/* It reads back the same, whatever it is. */
static void what_is_written_reads_back(void **state)
{
	static const char *const texts[] = {"{}", "mode: none",
	    "maybe: {must: 'a: b'}", "mode: {on: false, wait: 1ms}",
	    "inner: {must: '${X}'}", "token_file: /t", "size: 0",
	    "either: {one: [{name: a}], other: [{name: b}]}",
	    "items: [{name: a, count: 1}]\nmaybe: {}"};

	(void)state;
	setenv("X", "y", 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(buf_done) struct buf once = BUF_INIT;
		cleanup(buf_done) struct buf again = BUF_INIT;

		write_it(texts[i], &once);
		write_it(buf_str(&once), &again);
		assert_string_equal(buf_str(&once), buf_str(&again));
	}
}

static void what_is_released_may_be_released_again(void **state)
{
	struct outer o;

	(void)state;
	read_it("name: x\nitems: [{name: a}]\ntoken_file: /t\n", &o);
	outer_done(&o);
	assert_null(o.name);
	assert_int_equal(o.items.len, 0);
	assert_false(secret_ref_is_set(&o.token));
	outer_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_left_out_has_its_default_at_any_depth),
	    cmocka_unit_test(what_is_written_is_taken),
	    cmocka_unit_test(an_empty_section_is_present),
	    cmocka_unit_test(a_key_that_is_not_known_is_refused),
	    cmocka_unit_test(a_value_of_the_wrong_kind_is_refused),
	    cmocka_unit_test(a_key_without_a_value_is_refused),
	    cmocka_unit_test(what_must_be_there_is_asked_for),
	    cmocka_unit_test(a_number_out_of_its_range_is_refused),
	    cmocka_unit_test(the_check_of_a_section_comes_last),
	    cmocka_unit_test(all_is_written_with_its_defaults),
	    cmocka_unit_test(what_was_left_out_is_not_written),
	    cmocka_unit_test(what_is_written_reads_back),
	    cmocka_unit_test(what_is_released_may_be_released_again),
	};

	return cmocka_run_group_tests_name("schema/schema", tests, NULL, NULL);
}
