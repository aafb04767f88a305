#include "storage/aws/dynamodb.h"

#include "storage/base/cleanup.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

#define TYPE "com.amazonaws.dynamodb.v20120810#"
#define REFUSED                                                                \
	{                                                                      \
		.status = "400 Bad Request",                                   \
		.body =                                                        \
		    "{\"__type\":\"" TYPE "ConditionalCheckFailedException\"," \
		    "\"message\":\"The conditional request failed\"}",         \
	}
#define ITEM(info)                                                             \
	{                                                                      \
		.status = "200 OK",                                            \
		.body = "{\"Item\":{\"LockID\":{\"S\":\"a/b\"},"               \
			"\"Info\":{\"S\":\"" info "\"}}}",                     \
	}

static void assert_asked(
    const struct test_s3 *t, size_t i, const char *operation, const char *body)
{
	autofree char *target =
	    script_server_header(t->server, i, "X-Amz-Target");
	autofree char *type =
	    script_server_header(t->server, i, "Content-Type");
	autofree char *signature =
	    script_server_header(t->server, i, "Authorization");
	autofree char *whole = str_printf("DynamoDB_20120810.%s", operation);

	assert_true(str_starts(
	    script_server_request(t->server, i), "POST / HTTP/1.1\r\n"));
	assert_string_equal(target, whole);
	assert_string_equal(type, "application/x-amz-json-1.0");
	assert_contains(signature, "/us-east-1/dynamodb/aws4_request");
	assert_contains(signature, "content-type;host;");
	assert_string_equal(script_server_body(t->server, i), body);
}

static void an_item_is_got(void **state)
{
	static const struct script_reply replies[] = {ITEM("held"),
	    {.status = "200 OK", .body = "{}"},
	    {.status = "200 OK",
		.body = "{\"Item\":{\"LockID\":{\"S\":\"a/b\"}}}"},
	    {.status = "200 OK",
		.body = "{\"Item\":{\"Info\":{\"N\":\"7\"}}}"}};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 4);
	for (int i = 0; i < 4; i++) {
		autofree char *value = NULL;
		assert_ok(
		    dynamodb_get(t.locks, "a/b", "Info", &value, &err), err);
		if (i)
			assert_null(value);
		else
			assert_string_equal(value, "held");
	}
	assert_asked(&t, 0, "GetItem",
	    "{\"Key\":{\"LockID\":{\"S\":\"a/b\"}},\"ConsistentRead\":true,"
	    "\"TableName\":\"locks\"}");
	test_s3_stop(&t);
}

static void an_item_is_put_and_deleted(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "{}"},
	    {.status = "200 OK", .body = "{}"}, REFUSED,
	    {.status = "200 OK", .body = "{}"},
	    {.status = "200 OK", .body = "{}"}, REFUSED};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 6);
	assert_ok(
	    dynamodb_put(t.locks, "a/b", "Info", "\"x\"", false, &err), err);
	assert_asked(&t, 0, "PutItem",
	    "{\"Item\":{\"LockID\":{\"S\":\"a/b\"},\"Info\":{\"S\":"
	    "\"\\\"x\\\"\"}},\"TableName\":\"locks\"}");
	assert_ok(dynamodb_put(t.locks, "a/b", "Info", "x", true, &err), err);
	assert_asked(&t, 1, "PutItem",
	    "{\"Item\":{\"LockID\":{\"S\":\"a/b\"},\"Info\":{\"S\":\"x\"}},"
	    "\"ConditionExpression\":\"attribute_not_exists(LockID)\","
	    "\"TableName\":\"locks\"}");
	assert_fails(dynamodb_put(t.locks, "a/b", "Info", "x", true, &err), err,
	    ERR_EXISTS);
	assert_contains(err.message, "DynamoDB table 'locks', PutItem: POST ");
	assert_contains(err.message,
	    "400 ConditionalCheckFailedException: The conditional request "
	    "failed");
	/* Refused at once: whatever the item holds, it is another's. */
	assert_int_equal(script_server_count(t.server), 3);
	err = (struct err)ERR_INIT;
	assert_ok(dynamodb_delete(t.locks, "a/b", "Info", NULL, &err), err);
	assert_asked(&t, 3, "DeleteItem",
	    "{\"Key\":{\"LockID\":{\"S\":\"a/b\"}},\"TableName\":\"locks\"}");
	assert_ok(dynamodb_delete(t.locks, "a/b", "Info", "x", &err), err);
	assert_asked(&t, 4, "DeleteItem",
	    "{\"Key\":{\"LockID\":{\"S\":\"a/b\"}},\"ConditionExpression\":"
	    "\"attribute_not_exists(LockID) OR #a = :v\","
	    "\"ExpressionAttributeNames\":{\"#a\":\"Info\"},"
	    "\"ExpressionAttributeValues\":{\":v\":{\"S\":\"x\"}},"
	    "\"TableName\":\"locks\"}");
	assert_fails(dynamodb_delete(t.locks, "a/b", "Info", "x", &err), err,
	    ERR_EXISTS);
	test_s3_stop(&t);
}

/* The answer to the first was lost: only what the item holds says whose it is.
 */
static void a_put_that_was_sent_twice_is_looked_into(void **state)
{
	static const struct {
		struct script_reply found;
		bool ours;
	} cases[] = {{ITEM("mine"), true}, {ITEM("yours"), false},
	    {{.status = "200 OK", .body = "{}"}, false},
	    {{.status = "403 Forbidden"}, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {
		    {.status = "500 Oh"}, REFUSED, cases[i].found};
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, replies, 3);
		int failed =
		    dynamodb_put(t.locks, "a/b", "Info", "mine", true, &err);
		assert_int_equal(failed, cases[i].ours ? 0 : -1);
		assert_int_equal(
		    err.code, cases[i].ours ? ERR_NONE : ERR_EXISTS);
		assert_int_equal(script_server_count(t.server), 3);
		assert_contains(script_server_request(t.server, 2),
		    "DynamoDB_20120810.GetItem");
		test_s3_stop(&t);
	}
	/* One that overwrites is not refused, and asks nothing. */
	static const struct script_reply refused[] = {
	    {.status = "500 Oh"}, REFUSED};
	struct test_s3 t;
	struct err err = ERR_INIT;
	test_s3_start(&t, refused, 2);
	assert_fails(dynamodb_put(t.locks, "a/b", "Info", "mine", false, &err),
	    err, ERR_EXISTS);
	assert_int_equal(script_server_count(t.server), 2);
	test_s3_stop(&t);
}

static void a_lock_table_has_the_key_of_terraform(void **state)
{
#define TABLE(keys)                                                            \
	{                                                                      \
		.status = "200 OK",                                            \
		.body = "{\"Table\":{\"KeySchema\":[" keys "]}}"               \
	}
#define KEY(name) "{\"AttributeName\":\"" name "\",\"KeyType\":\"HASH\"}"
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {TABLE(KEY("LockID")), ERR_NONE, ""},
	    {TABLE(KEY("Lock")), ERR_USAGE,
		"'locks' is not a lock table of Terraform: its one key should "
		"be LockID"},
	    {TABLE(KEY("LockID") "," KEY("Range")), ERR_USAGE,
		"not a lock table"},
	    {TABLE(""), ERR_USAGE, "not a lock table"},
	    {{.status = "200 OK", .body = "{}"}, ERR_USAGE, "not a lock table"},
	    {{.status = "200 OK", .body = "[]"}, ERR_USAGE, "not a lock table"},
	    {{.status = "200 OK", .body = "{\"Table\":"}, ERR_FORMAT,
		"DynamoDB table 'locks', DescribeTable: "},
	    {{.status = "200 OK", .body = "<html>"}, ERR_FORMAT,
		"DynamoDB table 'locks', DescribeTable: "},
	    {{.status = "400 Bad Request",
		 .body = "{\"__type\":\"" TYPE "ResourceNotFoundException\","
			 "\"message\":\"Requested resource not found\"}"},
		ERR_NOT_FOUND,
		"400 ResourceNotFoundException: Requested resource not found"},
	    {{.status = "400 Bad Request",
		 .body = "{\"__type\":\"AccessDeniedException\","
			 "\"Message\":\"not authorized\"}"},
		ERR_DENIED, "AccessDeniedException: not authorized"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, &cases[i].reply, 1);
		assert_int_equal(dynamodb_check(t.locks, &err),
		    cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_asked(
		    &t, 0, "DescribeTable", "{\"TableName\":\"locks\"}");
		assert_int_equal(script_server_count(t.server), 1);
		test_s3_stop(&t);
	}
}

static void what_passes_is_asked_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "400 Bad Request",
		.body = "{\"__type\":\"" TYPE
			"ProvisionedThroughputExceededException\"}"},
	    {.status = "400 Bad Request",
		.body = "{\"__type\":\"" TYPE "ThrottlingException\"}"},
	    {.status = "500 Internal Server Error",
		.body = "{\"__type\":\"" TYPE "InternalServerError\"}"},
	    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"Item\":",
		.close = 1},
	    ITEM("held")};
	autofree char *value = NULL;
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 5);
	assert_ok(dynamodb_get(t.locks, "a/b", "Info", &value, &err), err);
	assert_string_equal(value, "held");
	assert_int_equal(script_server_count(t.server), 5);
	test_s3_stop(&t);
}

static void a_name_is_checked_before_anything_is_asked(void **state)
{
	static const char *const bad[] = {"", "ab", "a/b", "a b", "tab?le"};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, NULL, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err)ERR_INIT;
		assert_null(dynamodb_new(t.aws, bad[i], &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message, "is not a DynamoDB table");
	}
	cleanup(dynamodb_freep) struct dynamodb *d =
	    dynamodb_new(t.aws, "tf_Lock-1.x", &err);
	assert_string_equal(dynamodb_table(d), "tf_Lock-1.x");
	dynamodb_free(NULL);
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_item_is_got),
	    cmocka_unit_test(an_item_is_put_and_deleted),
	    cmocka_unit_test(a_put_that_was_sent_twice_is_looked_into),
	    cmocka_unit_test(a_lock_table_has_the_key_of_terraform),
	    cmocka_unit_test(what_passes_is_asked_again),
	    cmocka_unit_test(a_name_is_checked_before_anything_is_asked),
	};

	return cmocka_run_group_tests_name("dynamodb", tests, NULL, NULL);
}
