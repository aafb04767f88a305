/* What is written as YAML reads back as what it was, with libyaml. */
#include "storage/base/yaml_text.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/yaml.h"
#include "tests/support/test.h"

#include <string.h>

static void same(const struct json_object *j, const struct yaml_node *y);

static void same_object(const struct json_object *j, const struct yaml_node *y)
{
	assert_int_equal(y->kind, YAML_MAPPING);
	assert_int_equal(y->keys.len, json_len(j));
	for (size_t i = 0; i < y->keys.len; i++)
		same(json_get(j, y->keys.items[i]->text), y->items.items[i]);
}

static void same(const struct json_object *j, const struct yaml_node *y)
{
	switch (json_kind(j)) {
	case JSON_OBJECT:
		same_object(j, y);
		return;
	case JSON_ARRAY:
		assert_int_equal(y->kind, YAML_SEQUENCE);
		assert_int_equal(y->items.len, json_len(j));
		for (size_t i = 0; i < json_len(j); i++)
			same(json_at(j, i), y->items.items[i]);
		return;
	case JSON_STRING:
		assert_int_equal(y->kind, YAML_SCALAR);
		assert_int_equal(y->len, json_str_len(j));
		assert_memory_equal(y->text, json_str(j), y->len);
		break;
	case JSON_NULL:
		assert_int_equal(y->kind, YAML_NULL);
		break;
	default:
		assert_true(y->kind == YAML_SCALAR && y->plain);
	}
}

static void what_is_written_reads_back(void **state)
{
	static const char *const texts[] = {
	    "{\"a\":{\"b\":[{\"c\":1,\"d\":[]},{},[1,[2]],\"x\"]}}",
	    "{\"on\":\"off\",\"n\":\"null\",\"t\":\"true\",\"y\":\"Yes\"}",
	    "{\"a\":\"1\",\"b\":\"1e3\",\"c\":\"0x1\",\"d\":\"2020-01-01\"}",
	    "{\"a\":\"\",\"b\":\" x\",\"c\":\"x \",\"d\":\"#\",\"e\":\"- a\"}",
	    "{\"a\":\"l1\\nl2\\n\",\"b\":\"l1\\nl2\",\"c\":\"\\nx\\n\"}",
	    "{\"a\":\"l1\\n\\n  l2\\n\",\"b\":\"x\\n\\n\",\"c\":\"\\n\"}",
	    "{\"a\":\"tab\\there\\nx\\n\",\"b\":\"\\u0007\",\"c\":\"a: b\"}",
	    "{\"a b\":1,\"\":2,\"k8s.io/x\":\"*&!|>%@`\",\"~\":null}",
	    "[[],{},null,true,-1,\"\xc3\xa9\"]",
	    "{\"d\":[\"l1\\nl2\\n\",{\"m\":\"l1\\nl2\\n\",\"n\":1}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		cleanup(json_freep) struct json_object *j = test_json(texts[i]);
		yaml_text_add(&out, j);
		cleanup(yaml_node_freep) struct yaml_node *y =
		    yaml_load(out.data, out.len, "text", &err);
		if (!y)
			fail_msg("%s\n%s", err.message, buf_str(&out));
		same(j, y);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_reads_back),
	};

	return cmocka_run_group_tests_name("yaml_text", tests, NULL, NULL);
}
