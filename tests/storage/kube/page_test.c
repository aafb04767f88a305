#include "storage/kube/page.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

struct taken {
	struct strvec items;
	int fail_at; /* the number of the item that is refused; 0: none */
};

static int take(void *ctx, const char *item, size_t len, struct err *err)
{
	struct taken *t = ctx;

	if (t->fail_at && (int)t->items.len + 1 == t->fail_at)
		return err_set(err, ERR_EXISTS, "refused");
	*vec_add(&t->items) = str_ndup(item, len);
	return 0;
}

/* Feeds the text in pieces, each in memory of its own size. */
static int feed(struct kube_page *p, const char *text, size_t piece,
    const struct kube_page_meta **meta, struct err *err)
{
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		autofree char *copy = mem_dup(text + at, n);
		if (kube_page_feed(p, copy, n, err))
			return -1;
	}
	return kube_page_end(p, meta, err);
}

static const struct kube_page_caps caps = {
    .item_bytes = 4096, .page_bytes = 1 << 20};

static void cuts_the_same_items_however_they_arrive(void **state)
{
	static const char list[] =
	    " {\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\","
	    "\"metadata\":{\"resourceVersion\":\"42\",\"continue\":"
	    "\"a\\u002fb\","
	    "\"remainingItemCount\":7},\n\"items\" : [ {\"a\":\"}]\\\"{\"} ,"
	    "{\"b\":[{},{}],\"c\":{\"d\":\"\\\\\"}}, {}],\"more\":[1,{}],"
	    "\"odd\":-1.5e3} ";

	(void)state;
	for (size_t piece = 1; piece < sizeof(list) + 1; piece++) {
		struct taken t = {.items = VEC_INIT};
		struct err err = ERR_INIT;
		const struct kube_page_meta *meta;
		struct kube_page *p = kube_page_new(&caps, take, &t);
		/* Twice, to see that a reset leaves nothing behind. */
		for (int round = 0; round < 2; round++) {
			strvec_done(&t.items);
			kube_page_reset(p);
			assert_ok(feed(p, list, piece, &meta, &err), err);
		}
		assert_int_equal(t.items.len, 3);
		assert_string_equal(t.items.items[0], "{\"a\":\"}]\\\"{\"}");
		assert_string_equal(
		    t.items.items[1], "{\"b\":[{},{}],\"c\":{\"d\":\"\\\\\"}}");
		assert_string_equal(t.items.items[2], "{}");
		assert_string_equal(buf_str(&meta->kind), "ConfigMapList");
		assert_string_equal(buf_str(&meta->api_version), "v1");
		assert_string_equal(buf_str(&meta->resource_version), "42");
		assert_string_equal(buf_str(&meta->continue_), "a/b");
		assert_int_equal(meta->remaining, 7);
		assert_int_equal(meta->items, 3);
		assert_int_equal(meta->bytes, strlen(list));
		kube_page_free(p);
		strvec_done(&t.items);
	}
}

static void metadata_may_come_last_and_items_may_be_null(void **state)
{
	struct taken t = {.items = VEC_INIT};
	struct err err = ERR_INIT;
	const struct kube_page_meta *meta;
	struct kube_page *p = kube_page_new(&caps, take, &t);

	(void)state;
	assert_ok(feed(p,
		      "{\"apiVersion\":\"x/v1\",\"items\":[{}],\"kind\":"
		      "\"XList\",\"metadata\":{\"resourceVersion\":\"9\"}}",
		      5, &meta, &err),
	    err);
	assert_string_equal(buf_str(&meta->resource_version), "9");
	assert_int_equal(meta->remaining, -1);
	assert_int_equal(meta->continue_.len, 0);
	kube_page_reset(p);
	assert_ok(feed(p, "{\"items\":null}", 3, &meta, &err), err);
	assert_int_equal(meta->items, 0);
	kube_page_reset(p);
	assert_ok(feed(p, "{\"items\":[]}", 3, &meta, &err), err);
	assert_int_equal(meta->items, 0);
	kube_page_free(p);
	strvec_done(&t.items);
}

static void what_is_no_list_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
	    {"", "too early"},
	    {"<html><body>login", "HTML"},
	    {"[]", "a list was expected"},
	    {"{}", "no items"},
	    {"{\"kind\":\"Status\"}", "'Status' is not a list"},
	    {"{\"items\":[{}", "too early, after 12 bytes"},
	    {"{\"items\":[{\"a\":\"", "too early"},
	    {"{\"items\":[{}]", "too early"},
	    {"{\"items\":[1]}", "an item was expected"},
	    {"{\"items\":[{},]}", "an item was expected"},
	    {"{\"items\":[{}{}]}", "',' or ']'"},
	    {"{\"items\":[{}]}x", "after the end"},
	    {"{\"items\":[{}],}", "a key was expected"},
	    {"{\"items\":[{}],\"a\" 1}", "':' was expected"},
	    {"{\"items\":{}}", "are not a list"},
	    {"{\"items\":[],\"items\":[]}", "are not a list"},
	    {"{\"items\":[],\"metadata\":{\"a\":tru}}", "not valid JSON"},
	    {"{\"items\":[],\"metadata\":{]}", "not valid JSON"},
	    {"{\"a\":,\"items\":[]}", "not valid JSON"},
	    {"{\"a\":01,\"items\":[]}", "not valid JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		for (size_t piece = 1; piece < 40; piece += 13) {
			struct taken t = {.items = VEC_INIT};
			struct err err = ERR_INIT;
			const struct kube_page_meta *meta;
			struct kube_page *p = kube_page_new(&caps, take, &t);
			assert_fails(feed(p, bad[i].text, piece, &meta, &err),
			    err, ERR_FORMAT);
			assert_contains(err.message, bad[i].says);
			kube_page_free(p);
			strvec_done(&t.items);
		}
	}
}

static void caps_hold_and_refusals_pass_through(void **state)
{
	static const struct kube_page_caps small = {
	    .item_bytes = 16, .page_bytes = 64};
	struct taken t = {.items = VEC_INIT};
	struct err err = ERR_INIT;
	const struct kube_page_meta *meta;
	struct kube_page *p = kube_page_new(&small, take, &t);

	(void)state;
	for (size_t piece = 1; piece < 64; piece += 62) {
		strvec_done(&t.items);
		kube_page_reset(p);
		assert_ok(feed(p,
			      "{\"items\":[{\"a\":\"01234567\"},{\"a\":"
			      "\"}234567890\"},{\"a\":1}]}",
			      piece, &meta, &err),
		    err);
		assert_int_equal(meta->items, 3);
		assert_int_equal(t.items.len, 3);
		/* At the cap; above it, cut off; and on after it. */
		assert_string_equal(t.items.items[0], "{\"a\":\"01234567\"}");
		assert_string_equal(t.items.items[1], "{\"a\":\"}234567890\"");
		assert_string_equal(t.items.items[2], "{\"a\":1}");
		kube_page_reset(p);
		assert_fails(feed(p,
				 "{\"items\":[{},{},{},{},{},{},{},{},{},{},{},"
				 "{},{},{},{},{},{},{},{}]}",
				 piece, &meta, &err),
		    err, ERR_FORMAT);
		assert_contains(err.message, "a page is larger than the 64");
	}
	strvec_done(&t.items);
	t.fail_at = 2;
	kube_page_reset(p);
	assert_fails(feed(p, "{\"items\":[{},{},{}]}", 64, &meta, &err), err,
	    ERR_EXISTS);
	assert_int_equal(t.items.len, 1);
	kube_page_free(p);
	strvec_done(&t.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cuts_the_same_items_however_they_arrive),
	    cmocka_unit_test(metadata_may_come_last_and_items_may_be_null),
	    cmocka_unit_test(what_is_no_list_is_refused),
	    cmocka_unit_test(caps_hold_and_refusals_pass_through),
	};

	return cmocka_run_group_tests_name("kube/page", tests, NULL, NULL);
}
