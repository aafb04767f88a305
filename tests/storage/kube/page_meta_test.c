#include "storage/kube/page_meta.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static int add(struct kube_page_meta *m, const char *key, const char *value,
    struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_add_str(&text, value);
	return kube_page_meta_add(m, key, &text, err);
}

static void what_a_list_says_of_itself_is_read(void **state)
{
	cleanup(kube_page_meta_done) struct kube_page_meta m = {.items = 0};
	struct err err = ERR_INIT;

	(void)state;
	kube_page_meta_clear(&m);
	assert_int_equal(m.remaining, -1);
	assert_ok(add(&m, "kind", "\"ConfigMapList\"", &err), err);
	assert_ok(add(&m, "apiVersion", "\"v1\"", &err), err);
	assert_ok(add(&m, "metadata",
		      "{\"resourceVersion\":\"12\",\"continue\":\"a\\u003db\","
		      "\"remainingItemCount\":7}",
		      &err),
	    err);
	assert_string_equal(buf_str(&m.kind), "ConfigMapList");
	assert_string_equal(buf_str(&m.api_version), "v1");
	assert_string_equal(buf_str(&m.resource_version), "12");
	assert_string_equal(buf_str(&m.continue_), "a=b");
	assert_int_equal(m.remaining, 7);
}

/* The next page has its own: nothing of the one before stays. */
static void a_page_says_all_of_itself(void **state)
{
	cleanup(kube_page_meta_done) struct kube_page_meta m = {.items = 0};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(add(&m, "metadata",
		      "{\"resourceVersion\":\"12\",\"continue\":\"token\","
		      "\"remainingItemCount\":7}",
		      &err),
	    err);
	assert_ok(
	    add(&m, "metadata", "{\"resourceVersion\":\"12\"}", &err), err);
	assert_string_equal(buf_str(&m.continue_), "");
	assert_int_equal(m.remaining, -1);
	assert_ok(add(&m, "kind", "\"PodList\"", &err), err);
	m.items = m.bytes = 3;
	kube_page_meta_clear(&m);
	assert_string_equal(buf_str(&m.kind), "");
	assert_string_equal(buf_str(&m.resource_version), "");
	assert_int_equal(m.items + m.bytes, 0);
}

static void what_is_no_text_is_none(void **state)
{
	cleanup(kube_page_meta_done) struct kube_page_meta m = {.items = 0};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(add(&m, "kind", "7", &err), err);
	assert_ok(add(&m, "metadata",
		      "{\"resourceVersion\":12,\"continue\":null,"
		      "\"remainingItemCount\":\"7\"}",
		      &err),
	    err);
	assert_string_equal(buf_str(&m.kind), "");
	assert_string_equal(buf_str(&m.resource_version), "");
	assert_string_equal(buf_str(&m.continue_), "");
	assert_int_equal(m.remaining, -1);
	assert_ok(add(&m, "metadata", "null", &err), err);
	assert_ok(add(&m, "metadata", "[]", &err), err);
}

/* A member that nobody knows is checked all the same: what follows it in the
 * text was found by its end. */
static void what_is_no_json_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "{", "{}x", "\"a", "{\"a\":}", "\"\\q\"", "1 2", "]", "nul"};
	cleanup(kube_page_meta_done) struct kube_page_meta m = {.items = 0};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(
		    add(&m, "metadata", bad[i], &err), err, ERR_FORMAT);
		assert_contains(err.message, "the list's 'metadata'");
		assert_fails(add(&m, "unknown", bad[i], &err), err, ERR_FORMAT);
		assert_contains(err.message, "the list's 'unknown'");
	}
	assert_ok(add(&m, "unknown", "{\"any\":[1,null]}", &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_list_says_of_itself_is_read),
	    cmocka_unit_test(a_page_says_all_of_itself),
	    cmocka_unit_test(what_is_no_text_is_none),
	    cmocka_unit_test(what_is_no_json_is_refused),
	};

	return cmocka_run_group_tests_name("kube/page_meta", tests, NULL, NULL);
}
