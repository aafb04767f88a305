#include "storage/aws/error.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void read_error(struct aws_call *c, int status, const char *body)
{
	struct http_response r = HTTP_RESPONSE_INIT;

	r.status = status;
	buf_add_str(&r.body, body);
	aws_error_read(c, &r);
	http_response_done(&r);
}

static void each_service_says_it_in_its_way(void **state)
{
	static const struct {
		int status;
		const char *body;
		const char *code;
		const char *message; /* NULL: none */
	} rows[] = {
	    {404, "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>",
		"NoSuchKey", "m"},
	    {403,
		"\n<ErrorResponse><Error><Code>AccessDenied</Code></Error>"
		"</ErrorResponse>",
		"AccessDenied", NULL},
	    {400,
		"{\"__type\":\"com.amazonaws.dynamodb.v20120810#Throttling\","
		"\"message\":\"m\"}",
		"Throttling", "m"},
	    {400, "{\"__type\":\"X\",\"Message\":\"m\"}", "X", "m"},
	    {500, "<html><Code>x</Code></html>", "", NULL},
	    {500, "<Error", "", NULL},
	    {500, "{", "", NULL},
	    {500, "", "", NULL},
	    {200, "<Error><Code>NoSuchKey</Code></Error>", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct aws_call c = {.method = "GET"};
		/* What an earlier attempt left does not stay. */
		aws_error_set(&c, "Before", "before");
		read_error(&c, rows[i].status, rows[i].body);
		assert_string_equal(c.code, rows[i].code);
		if (rows[i].message)
			assert_string_equal(c.message, rows[i].message);
		else
			assert_null(c.message);
		free(c.message);
	}
}

/* A long copy answers 200, and then with an error. */
static void an_error_may_come_in_a_200(void **state)
{
	struct aws_call c = {.error_in_200 = true};

	(void)state;
	read_error(&c, 200, "<Error><Code>InternalError</Code></Error>");
	assert_string_equal(c.code, "InternalError");
	read_error(&c, 200, "<CopyResult/>");
	assert_string_equal(c.code, "");
	/* Content may look like JSON. */
	read_error(&c, 200, "{\"__type\":\"X\"}");
	assert_string_equal(c.code, "");
	free(c.message);
}

static void codes_are_judged(void **state)
{
	static const struct {
		const char *code;
		bool expired, skewed, passes;
	} rows[] = {{"ExpiredToken", true, false, false},
	    {"RequestTimeTooSkewed", false, true, false},
	    {"SlowDown", false, false, true},
	    {"AccessDenied", false, false, false}, {"", false, false, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct aws_call c = {.method = "GET"};
		aws_error_set(&c, rows[i].code, NULL);
		assert_int_equal(aws_error_expired(&c), rows[i].expired);
		assert_int_equal(aws_error_skewed(&c), rows[i].skewed);
		assert_int_equal(aws_error_passes(&c), rows[i].passes);
	}
}

static void report(int status, const char *code, const char *text, int attempts,
    struct err *err)
{
	struct http_response r = HTTP_RESPONSE_INIT;
	struct aws_call c = {.method = "PUT", .attempts = attempts};

	r.status = status;
	aws_error_set(&c, code, text);
	*err = (struct err)ERR_INIT;
	assert_int_equal(aws_error_report(&c, &r,
			     "https://s/b/k?X-Amz-Signature=hidden", err),
	    -1);
	assert_null(strstr(err->message, "hidden"));
	free(c.message);
	http_response_done(&r);
}

static void an_error_says_what_to_do(void **state)
{
	static const struct {
		int status;
		const char *code;
		enum err_code stands_for;
		const char *advice;
	} rows[] = {
	    {404, "", ERR_NOT_FOUND, ""},
	    {404, "NoSuchBucket", ERR_NOT_FOUND, "make the bucket"},
	    {400, "ResourceNotFoundException", ERR_NOT_FOUND, ""},
	    {403, "", ERR_DENIED, ""},
	    {401, "", ERR_DENIED, ""},
	    {403, "SignatureDoesNotMatch", ERR_DENIED, "secret access key"},
	    {400, "ExpiredToken", ERR_DENIED, "renew the session"},
	    {412, "", ERR_EXISTS, ""},
	    {409, "", ERR_EXISTS, ""},
	    {400, "ConditionalCheckFailedException", ERR_EXISTS, ""},
	    {400, "BadDigest", ERR_INTEGRITY, ""},
	    {503, "SlowDown", ERR_NETWORK, ""},
	    {408, "", ERR_NETWORK, ""},
	    {429, "", ERR_NETWORK, ""},
	    {400, "Throttling", ERR_NETWORK, ""},
	    {200, "InternalError", ERR_NETWORK, ""},
	    {400, "MalformedXML", ERR_FORMAT, ""},
	    {301, "PermanentRedirect", ERR_FORMAT, "set the region"},
	    {403, "QuotaExceeded", ERR_SYSTEM, "make room there"},
	    {507, "", ERR_SYSTEM, "make room there"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		report(rows[i].status, rows[i].code, "m", 1, &err);
		if (err.code != rows[i].stands_for)
			fail_msg("%d %s: %d", rows[i].status, rows[i].code,
			    err.code);
		assert_contains(err.message, "PUT https://s/b/k: ");
		assert_contains(err.message, rows[i].advice);
		if (err.code == ERR_SYSTEM)
			assert_int_equal(err.sys_errno, EDQUOT);
	}
	report(503, "SlowDown", "a\033b", 4, &err);
	assert_contains(err.message, "after 4 attempts: PUT");
	assert_null(strchr(err.message, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_service_says_it_in_its_way),
	    cmocka_unit_test(an_error_may_come_in_a_200),
	    cmocka_unit_test(codes_are_judged),
	    cmocka_unit_test(an_error_says_what_to_do),
	};

	return cmocka_run_group_tests_name("aws/error", tests, NULL, NULL);
}
