#include "storage/base/yaml.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct yaml_node *load(const char *text)
{
	struct err err = ERR_INIT;
	struct yaml_node *n = yaml_load(text, strlen(text), "t.yaml", &err);

	if (!n)
		fail_msg("%s", err.message);
	return n;
}

static void refused(const char *text, const char *message)
{
	struct err err = ERR_INIT;

	assert_null(yaml_load(text, strlen(text), "t.yaml", &err));
	assert_int_equal(err.code, ERR_FORMAT);
	if (!strstr(err.message, message))
		fail_msg("'%s' does not say '%s'", err.message, message);
}

static void test_tree(void **state)
{
	(void)state;
	cleanup(yaml_node_freep) struct yaml_node *n =
	    load("a: 1\nb:\n  - x\n  - 'true'\n  - true\nc: ~\nd: {e: -7}\n");
	int64_t i = 0;
	bool b = false;

	assert_int_equal(n->kind, YAML_MAPPING);
	assert_int_equal(yaml_len(n), 4);
	assert_int_equal(yaml_int(yaml_get(n, "a"), &i), 0);
	assert_int_equal(i, 1);
	struct yaml_node *list = yaml_get(n, "b");
	assert_int_equal(yaml_len(list), 3);
	assert_int_equal(list->items.items[0]->line, 3);
	assert_int_equal(list->items.items[0]->column, 5);
	assert_int_equal(yaml_bool(list->items.items[1], &b), -1);
	assert_int_equal(yaml_bool(list->items.items[2], &b), 0);
	assert_true(b);
	assert_int_equal(yaml_get(n, "c")->kind, YAML_NULL);
	assert_int_equal(yaml_int(yaml_get(yaml_get(n, "d"), "e"), &i), 0);
	assert_int_equal(i, -7);
	assert_null(yaml_get(n, "z"));
	assert_null(yaml_get_text(n, "b"));
}

static void test_only_the_two_truth_words(void **state)
{
	(void)state;
	cleanup(yaml_node_freep) struct yaml_node *n =
	    load("[yes, on, 0x10, 1e3, 99999999999999999999, -]");
	int64_t i;
	bool b;

	VEC_EACH (&n->items, item) {
		assert_int_equal(yaml_bool(*item, &b), -1);
		assert_int_equal(yaml_int(*item, &i), -1);
	}
}

static void test_alias(void **state)
{
	(void)state;
	cleanup(yaml_node_freep) struct yaml_node *n =
	    load("a: &x {k: v}\nb: *x\n");
	assert_string_equal(yaml_get_text(yaml_get(n, "b"), "k"), "v");
}

static void test_empty(void **state)
{
	(void)state;
	cleanup(yaml_node_freep) struct yaml_node *n = load("# nothing\n");
	assert_int_equal(n->kind, YAML_NULL);
}

static void test_refused(void **state)
{
	(void)state;
	refused("a: 1\nb: 2\na: 3\n",
	    "t.yaml:3:1: key 'a' stands here a second "
	    "time (first in line 1)");
	refused("a: *b\n", "t.yaml:1:4: an alias of an anchor");
	refused("a: &b [*b]\n", "an alias of an anchor");
	refused("<<: {a: 1}\n", "merge keys");
	refused("a: !!binary x\n", "t.yaml:1:4: a tag");
	refused("? [1]\n: 2\n", "a key must be text");
	refused("a: 1\n---\nb: 1\n", "t.yaml:2:1: a second document");
	refused("a: [1\n", "t.yaml:2:1: not valid YAML");
	refused("a: \"\\0\"\n", "a NUL within text");
	refused("a: '\xff'\n", "t.yaml: byte 4");
}

static void test_caps(void **state)
{
	(void)state;
	cleanup(buf_done) struct buf deep = BUF_INIT;
	for (int i = 0; i < 100; i++)
		buf_add_char(&deep, '[');
	refused(deep.data, "nested too deeply");

	cleanup(buf_done) struct buf laughs = BUF_INIT;
	buf_add_str(&laughs, "a0: &a0 [x]\n");
	for (int i = 1; i < 20; i++)
		buf_printf(&laughs, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i,
		    i - 1, i - 1, i - 1, i - 1);
	refused(laughs.data, "too many nodes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tree),
	    cmocka_unit_test(test_only_the_two_truth_words),
	    cmocka_unit_test(test_alias),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_caps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
