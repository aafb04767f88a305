#include "storage/http/http.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void a_header_is_found_by_its_whole_name(void **state)
{
	struct http_response r = HTTP_RESPONSE_INIT;

	(void)state;
	strvec_add(&r.headers, "etag-extra: no");
	strvec_add(&r.headers, "etag: \t \"one\"");
	strvec_add(&r.headers, "etag: two");
	strvec_add(&r.headers, "empty:");
	strvec_add(&r.headers, "colon:a:b");
	assert_string_equal(http_response_header(&r, "etag"), "\"one\"");
	assert_string_equal(http_response_header(&r, "empty"), "");
	assert_string_equal(http_response_header(&r, "colon"), "a:b");
	assert_null(http_response_header(&r, "eta"));
	assert_null(http_response_header(&r, "etag-"));
	assert_null(http_response_header(&r, "date"));
	http_response_done(&r);
	assert_null(http_response_header(&r, "etag"));
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	/* 2023-11-14T22:13:20Z */
	enum { NOW = 1700000000 };
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {
	    {"0", 0},
	    {"120", 120000},
	    {"2147483647", INT64_C(2147483647000)},
	    {"2147483648", -1},
	    {"99999999999999999999", -1},
	    {"-1", -1},
	    {"1.5", -1},
	    {"soon", -1},
	    {"", -1},
	    {"Tue, 14 Nov 2023 22:13:30 GMT", 10000},
	    {"Tue, 14 Nov 2023 22:13:20 GMT", 0},
	    {"Tue, 14 Nov 2023 22:13:10 GMT", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_response r = HTTP_RESPONSE_INIT;
		assert_int_equal(http_retry_after_ms(&r, 0), -1);
		*vec_add(&r.headers) =
		    str_printf("retry-after: %s", cases[i].value);
		assert_int_equal(
		    http_retry_after_ms(&r, NOW * INT64_C(1000)), cases[i].ms);
		http_response_done(&r);
	}
}

static void shows(int status, const char *body, const char *expected)
{
	struct http_response r = HTTP_RESPONSE_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	r.status = status;
	buf_add_str(&r.body, body);
	http_describe(&r, &out);
	assert_string_equal(buf_str(&out), expected);
	http_response_done(&r);
}

static void an_answer_is_described_in_one_printable_line(void **state)
{
	char body[202];

	(void)state;
	shows(503, "", "503 Service Unavailable");
	shows(299, "", "299");
	shows(299, "why", "299: why");
	shows(404, " \r\n\t gone\r\nsecond line", "404 Not Found: gone");
	shows(500, "\n \n", "500 Internal Server Error");
	shows(400, "a\x1b[31m\tb", "400 Bad Request: a\\x1b[31m\\x09b");
	/* 200 bytes of the body are shown, and that there are more. */
	memset(body, 'x', sizeof(body));
	body[200] = '\0';
	autofree char *whole = str_printf("403 Forbidden: %s", body);
	autofree char *cut = str_printf("%s...", whole);
	shows(403, body, whole);
	body[200] = 'x';
	body[201] = '\0';
	shows(403, body, cut);
}

static void a_request_takes_headers_of_any_length(void **state)
{
	struct http_request r = HTTP_REQUEST_INIT;
	char token[10000];

	(void)state;
	memset(token, 't', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	http_request_header(&r, "Authorization: Bearer %s", token);
	http_request_header(&r, "%s: %d", "X-Number", 7);
	assert_int_equal(r.headers.len, 2);
	assert_int_equal(strlen(r.headers.items[0]), 22 + 9999);
	assert_string_equal(r.headers.items[1], "X-Number: 7");
	http_request_done(&r);
	assert_int_equal(r.headers.len, 0);
	assert_string_equal(r.method, "GET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_is_found_by_its_whole_name),
	    cmocka_unit_test(retry_after_is_seconds_or_a_date),
	    cmocka_unit_test(an_answer_is_described_in_one_printable_line),
	    cmocka_unit_test(a_request_takes_headers_of_any_length),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
