#include "storage/kube/item.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/json/range.h"
#include "tests/support/test.h"

#include <string.h>

static void mention(void *ctx, enum kube_mention what, struct json_range name)
{
	struct buf *out = ctx;

	buf_printf(out, "%d:", (int)what);
	json_range_decode(name, out);
	buf_add_char(out, ' ');
}

/* What is written of the text, as a "v1" ConfigMap. */
static void check_written(const char *text, const char *expected)
{
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	assert_ok(
	    kube_item_read(&item, text, strlen(text), NULL, NULL, &err), err);
	kube_item_write(&item, "v1", "ConfigMap", &out);
	assert_string_equal(buf_str(&out), expected);
	kube_item_done(&item);
}

#define HEAD "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","

static void writes_byte_for_byte(void **state)
{
	(void)state;
	check_written(
	    "{\"metadata\":{\"name\":\"a\"},\"data\":{\"n\":"
	    "9007199254740993,\"r\":1.10e+05,\"u\":\"\\u00e9\xc3\xa9\"}}",
	    HEAD
	    "\"metadata\":{\"name\":\"a\"},\"data\":{\"n\":"
	    "9007199254740993,\"r\":1.10e+05,\"u\":\"\\u00e9\xc3\xa9\"}}\n");
	check_written(
	    "{\"apiVersion\":\"x/v2\",\"kind\":\"X\",\"metadata\":{}}",
	    "{\"apiVersion\":\"x/v2\",\"kind\":\"X\",\"metadata\":{}}\n");
	check_written("{\"kind\":\"X\",\"a\":1}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"a\":1}\n");
	check_written("{\"apiVersion\":\"v9\"}",
	    "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v9\"}\n");
	check_written("{}", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}\n");
	check_written("{\"metadata\":{\"managedFields\" : null},\"b\":2}",
	    HEAD "\"metadata\":{\"managedFields\" : null},\"b\":2}\n");
}

#define ENTRY(OPERATION, MORE, FIELDS)                                         \
	"{\"manager\":\"m\",\"operation\":\"" OPERATION                        \
	"\",\"fieldsV1\":" FIELDS MORE "}"
#define STATUS ",\"subresource\":\"status\""
#define SCALE ",\"subresource\":\"scale\""
#define MANAGED(LIST)                                                          \
	"\"metadata\":{\"managedFields\":[" LIST "],\"name\":\"a\"}}"

static void keeps_who_manages_what(void **state)
{
	(void)state;
	check_written("{" MANAGED(ENTRY("Apply", "", "{\"f:}\":{}}")),
	    HEAD MANAGED(ENTRY("Apply", "", "{\"f:}\":{}}")) "\n");
	/* Of a status that was updated, who did. */
	check_written(
	    "{" MANAGED(ENTRY("Update", STATUS, "{\"f:x\":{}}") "," ENTRY(
		"Apply", STATUS, "{\"f:x\":{}}") "," ENTRY("Update", SCALE,
		"{\"f:x\":{}}") "," ENTRY("Update", STATUS,
		"{\"f:y\":{\"f:z\":{}}}")),
	    HEAD MANAGED(ENTRY("Update", STATUS, "{}") "," ENTRY(
		"Apply", STATUS, "{\"f:x\":{}}") "," ENTRY("Update", SCALE,
		"{\"f:x\":{}}") "," ENTRY("Update", STATUS, "{}")) "\n");
	/* What is not a list of that kind stays as it is. */
	check_written("{" MANAGED("1,\"subresource\",{\"subresource\":1}"),
	    HEAD MANAGED("1,\"subresource\",{\"subresource\":1}") "\n");
}

static void finds_what_a_backup_needs(void **state)
{
	static const char text[] =
	    "{\"metadata\":{\"name\":\"sys\\u0074em:\\u003cfoo\\u003e\","
	    "\"namespace\":\"ns\",\"uid\":\"u-1\",\"labels\":{\"a\":\"b\","
	    "\"back\\u0073tay.io/exclude\":\"true\"},\"annotations\":null,"
	    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":"
	    "\"ReplicaSet\",\"name\":\"r\",\"uid\":\"u-2\",\"controller\":true,"
	    "\"blockOwnerDeletion\":true}]},\"spec\":{\"t\":[{\"spec\":"
	    "{\"priorityClassName\":\"high\",\"runtimeClassName\":7}}],"
	    "\"storageClassName\":\"fa\\u0073t\",\"ingressClassName\":\"\"}}";
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf mentions = BUF_INIT;
	cleanup(buf_done) struct buf value = BUF_INIT;

	(void)state;
	assert_ok(
	    kube_item_read(&item, text, strlen(text), mention, &mentions, &err),
	    err);
	assert_string_equal(buf_str(&item.name), "system:<foo>");
	assert_string_equal(buf_str(&item.ns), "ns");
	assert_string_equal(buf_str(&item.uid), "u-1");
	assert_string_equal(buf_str(&mentions), "1:high 0:fast 3: ");
	assert_true(
	    kube_item_lookup(item.labels, "backstay.io/exclude", &value));
	assert_string_equal(buf_str(&value), "true");
	assert_false(kube_item_lookup(item.labels, "c", NULL));
	assert_false(kube_item_lookup(item.annotations, "c", NULL));
	assert_true(kube_item_has_controller(&item));
	struct json_object *owners = kube_item_owners(&item);
	buf_clear(&value);
	json_write(&value, owners, JSON_COMPACT);
	assert_string_equal(buf_str(&value),
	    "[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"
	    "\"r\",\"uid\":\"u-2\",\"controller\":true}]");
	json_free(owners);
	/* Nothing of it is left for the next. */
	assert_ok(kube_item_read(&item, "{}", 2, NULL, NULL, &err), err);
	assert_int_equal(item.name.len + item.ns.len + item.uid.len, 0);
	assert_null(kube_item_owners(&item));
	kube_item_done(&item);
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = {"", "1", "[]", "{", "{]", "{\"a\"}",
	    "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":\"\\x\"}",
	    "{\"a\":\"\\u12g4\"}", "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}",
	    "{\"a\":00}", "{\"a\":1.}", "{\"a\":-}", "{\"a\":1e}",
	    "{\"a\":nul}", "{\"a\":[1 2]}", "{\"a\":[1,]}", "{} {}",
	    "{\"metadata\":[]}", "{\"metadata\":{\"name\":1}}",
	    "{\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}",
	    "{\"metadata\":{},\"metadata\":{}}",
	    "{\"kind\":\"a\",\"kind\":\"b\"}", "{'a':1}", "{\"kind\":\"\"}",
	    "{\"apiVersion\":null}"};
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf deep = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (kube_item_read(
			&item, bad[i], strlen(bad[i]), NULL, NULL, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
	buf_add_str(&deep, "{\"a\":");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&deep, '[');
	assert_fails(
	    kube_item_read(&item, deep.data, deep.len, NULL, NULL, &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "too deep");
	kube_item_done(&item);
}

/* Walked over by the capture, and made a tree by a restore: one parser must not
 * refuse what the other took. */
static void what_is_taken_can_be_restored(void **state)
{
	static const char *const values[] = {"1e999", "-0", "-0.0", "1E+5",
	    "123456789012345678901234567890", "-9223372036854775809",
	    "18446744073709551616", "0.1e-400", "\"\\ud800\"",
	    "\"\\udc00\\ud800x\"", "\"\\u0000\"", "\"\x7f\"",
	    "\"\xef\xbf\xbf\"", "\"\xf4\x8f\xbf\xbf\"", "{\"\":{}}",
	    "{\"a\":1,\"a\":2}", "[[],[]]", "[{}]", "null", "\"\\/\""};
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		autofree char *text = str_printf(
		    "{\"metadata\":{\"name\":\"a\"},\"x\":%s}", values[i]);
		assert_ok(
		    kube_item_read(&item, text, strlen(text), NULL, NULL, &err),
		    err);
		struct json_object *j = json_parse(text, strlen(text), &err);
		if (!j)
			fail_msg("%s: %s", values[i], err.message);
		json_free(j);
	}
	kube_item_done(&item);
}

static void nesting_is_taken_to_its_limit(void **state)
{
	struct kube_item item = KUBE_ITEM_INIT;

	(void)state;
	for (int over = -1; over <= 1; over++) {
		cleanup(buf_done) struct buf deep = BUF_INIT;
		struct err err = ERR_INIT;
		int lists = JSON_SCAN_MAX_DEPTH + over - 1;
		buf_add_str(&deep, "{\"a\":");
		for (int i = 0; i < lists; i++)
			buf_add_char(&deep, '[');
		buf_add_char(&deep, '1');
		for (int i = 0; i < lists; i++)
			buf_add_char(&deep, ']');
		buf_add_char(&deep, '}');
		int failed = kube_item_read(
		    &item, deep.data, deep.len, NULL, NULL, &err);
		assert_int_equal(failed, over > 0 ? -1 : 0);
		struct json_object *j = json_parse(deep.data, deep.len, &err);
		assert_non_null(j);
		json_free(j);
	}
	kube_item_done(&item);
}

static void ranges_are_walked(void **state)
{
	static const char text[] =
	    "{\"a\":{\"b\":\"x\\ny\"},\"c\":[1,{\"d\":2} ,"
	    "\"e\"],\"f\":[]}";
	struct json_range whole = {text, sizeof(text) - 1};
	struct json_range r;
	struct json_range one;
	size_t at = 0;
	cleanup(buf_done) struct buf value = BUF_INIT;

	(void)state;
	assert_true(json_range_get(whole, "a", &r));
	assert_true(json_range_get_text(r, "b", &value));
	assert_string_equal(buf_str(&value), "x\ny");
	assert_false(json_range_get_text(whole, "c", &value));
	assert_false(json_range_get(whole, "b", &r));
	assert_true(json_range_get(whole, "c", &r));
	assert_true(json_range_next(r, &at, &one));
	assert_true(json_range_is(one, "1"));
	assert_true(json_range_next(r, &at, &one));
	assert_true(json_range_is(one, "{\"d\":2}"));
	assert_true(json_range_next(r, &at, &one));
	assert_true(json_range_is(one, "\"e\""));
	assert_false(json_range_next(r, &at, &one));
	assert_true(json_range_get(whole, "f", &r));
	at = 0;
	assert_false(json_range_next(r, &at, &one));
	static const char odd[] = "\\ud83d\\ude00 \\ud83d \\udc00\\b\\/";
	buf_clear(&value);
	json_range_decode((struct json_range){odd, sizeof(odd) - 1}, &value);
	assert_string_equal(
	    buf_str(&value), "\xf0\x9f\x98\x80 \xef\xbf\xbd \xef\xbf\xbd\b/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_byte_for_byte),
	    cmocka_unit_test(keeps_who_manages_what),
	    cmocka_unit_test(finds_what_a_backup_needs),
	    cmocka_unit_test(what_is_no_object_is_refused),
	    cmocka_unit_test(what_is_taken_can_be_restored),
	    cmocka_unit_test(nesting_is_taken_to_its_limit),
	    cmocka_unit_test(ranges_are_walked),
	};

	return cmocka_run_group_tests_name("kube/item", tests, NULL, NULL);
}
