#include "storage/aws/call.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

#define ERROR(code) "<Error><Code>" code "</Code></Error>"
#define DATE(time) "Date: Tue, 14 Nov 2023 " time " GMT\r\n"

/* A call of a service of the test's own. */
struct fixture {
	struct test_s3 t;
	struct aws_call call;
	struct http_response response;
	struct err err;
};

static void where(void *ctx, char **base_url, char **path, char **region)
{
	struct fixture *f = ctx;

	*base_url = str_dup(f->t.url);
	*path = str_dup("/a%20b");
	*region = str_dup("moon-1");
}

static void setup(struct fixture *f, const char *method,
    const struct script_reply *replies, size_t count)
{
	test_s3_start(&f->t, replies, count);
	f->response = (struct http_response)HTTP_RESPONSE_INIT;
	f->err = (struct err)ERR_INIT;
	f->call = (struct aws_call){.aws = f->t.aws,
	    .service = "test",
	    .method = method,
	    .where = where,
	    .ctx = f};
}

static void teardown(struct fixture *f)
{
	aws_call_done(&f->call);
	http_response_done(&f->response);
	test_s3_stop(&f->t);
}

static int ask(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	return aws_call(&f->call, &f->response, &f->err);
}

#define assert_answered(f)                                                     \
	do {                                                                   \
		if (ask(f))                                                    \
			fail_msg("%s", (f)->err.message);                      \
	} while (0)
#define assert_refused(f, expected, says)                                      \
	do {                                                                   \
		assert_int_equal(ask(f), -1);                                  \
		assert_int_equal((f)->err.code, expected);                     \
		assert_contains((f)->err.message, says);                       \
	} while (0)

static char *header(struct fixture *f, size_t i, const char *name)
{
	return script_server_header(f->t.server, i, name);
}

static size_t asked(struct fixture *f)
{
	return script_server_count(f->t.server);
}

static void what_is_sent_is_signed(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "said"}};
	static const struct sigv4_pair query[] = {{"z", "1"}, {"a b", "&"}};
	struct fixture f;

	(void)state;
	setup(&f, "PUT", replies, 1);
	f.call.query = query;
	f.call.query_count = 2;
	f.call.body = "hello";
	f.call.body_len = 5;
	aws_call_header(&f.call, "X-One", "%d", 1);
	aws_call_header(&f.call, "X-Two", "gone");
	aws_call_header(&f.call, "X-Three", "%s", "3");
	aws_call_header(&f.call, "X-One", "%d", 11);
	aws_call_drop_header(&f.call, "X-Two");
	aws_call_drop_header(&f.call, "X-None");
	assert_answered(&f);
	assert_string_equal(buf_str(&f.response.body), "said");
	assert_contains(script_server_request(f.t.server, 0),
	    "PUT /a%20b?a%20b=%26&z=1 HTTP/1.1\r\n");
	assert_string_equal(script_server_body(f.t.server, 0), "hello");
	autofree char *digest = header(&f, 0, "X-Amz-Content-Sha256");
	autofree char *one = header(&f, 0, "X-One");
	autofree char *two = header(&f, 0, "X-Two");
	autofree char *three = header(&f, 0, "X-Three");
	autofree char *packing = header(&f, 0, "Accept-Encoding");
	autofree char *stamp = header(&f, 0, "X-Amz-Date");
	autofree char *signature = header(&f, 0, "Authorization");
	assert_string_equal(digest,
	    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	assert_string_equal(one, "11");
	assert_null(two);
	assert_string_equal(three, "3");
	assert_string_equal(packing, "identity");
	assert_string_equal(stamp, "20231114T221320Z");
	assert_true(str_starts(signature,
	    "AWS4-HMAC-SHA256 Credential=AKIATEST/20231114/moon-1/test/"
	    "aws4_request,"));
	assert_contains(signature,
	    "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-one;x-three");
	assert_false(f.call.repeated);
	assert_int_equal(f.call.attempts, 1);
	teardown(&f);
}

static void what_needs_no_signature_has_none(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK"}};
	struct fixture f;

	(void)state;
	setup(&f, "GET", replies, 1);
	f.call.unsigned_call = true;
	f.call.accept_encoding = "gzip";
	assert_answered(&f);
	autofree char *signature = header(&f, 0, "Authorization");
	autofree char *stamp = header(&f, 0, "X-Amz-Date");
	autofree char *packing = header(&f, 0, "Accept-Encoding");
	assert_null(signature);
	assert_null(stamp);
	assert_string_equal(packing, "gzip");
	teardown(&f);
}

static int piece(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	(void)err;
	memcpy(data, (const char *)ctx + offset, len);
	return 0;
}

static void a_body_may_come_from_elsewhere(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "503 Busy"}, {.status = "200 OK"}};
	char body[] = "from elsewhere";
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[2 * DIGEST_SHA256_LEN + 1];
	struct fixture f;

	(void)state;
	setup(&f, "PUT", replies, 2);
	digest_of(DIGEST_SHA256, body, strlen(body), sha256);
	digest_hex(sha256, sizeof(sha256), hex);
	f.call.body_at = piece;
	f.call.body_at_ctx = body;
	f.call.body_len = strlen(body);
	f.call.body_sha256 = sha256;
	assert_answered(&f);
	for (size_t i = 0; i < 2; i++) {
		autofree char *digest = header(&f, i, "X-Amz-Content-Sha256");
		assert_string_equal(digest, hex);
		assert_string_equal(script_server_body(f.t.server, i), body);
	}
	assert_true(f.call.repeated);
	assert_int_equal(f.call.attempts, 2);
	teardown(&f);
}

/* ---- credentials ---- */

static int found; /* how often keys were looked for */

static int find_keys(
    struct aws *a, struct aws_keys *keys, char **origin, struct err *err)
{
	autofree char *id = str_printf("AKIA%d", ++found);

	(void)a;
	(void)err;
	aws_keys_set(keys, id, "secret", "a token", 0);
	*origin = str_dup("the test");
	return 0;
}

static void keys_that_expired_are_renewed_once(void **state)
{
	static const struct {
		const char *method;
		struct script_reply reply;
	} cases[] = {
	    {"GET", {.status = "400 Bad", .body = ERROR("ExpiredToken")}},
	    {"POST",
		{.status = "400 Bad",
		    .body = "{\"__type\":\"com.amazonaws#ExpiredTokenException"
			    "\",\"message\":\"old\"}"}},
	    /* That of a HEAD says no reason. */
	    {"HEAD", {.status = "400 Bad"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {
		    cases[i].reply, {.status = "200 OK"}};
		struct fixture f;
		found = 0;
		setup(&f, cases[i].method, replies, 2);
		f.t.aws->find_keys = find_keys;
		assert_answered(&f);
		assert_int_equal(found, 2);
		for (size_t n = 0; n < 2; n++) {
			autofree char *id = str_printf("=AKIA%zu/", n + 1);
			autofree char *is = header(&f, n, "Authorization");
			autofree char *token =
			    header(&f, n, "X-Amz-Security-Token");
			assert_contains(is, id);
			assert_contains(is, ";x-amz-security-token,");
			assert_string_equal(token, "a token");
		}
		teardown(&f);
	}
}

static void keys_that_stay_expired_are_an_error(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "400 Bad", .body = ERROR("ExpiredToken")},
	    {.status = "400 Bad", .body = ERROR("ExpiredToken")},
	    {.status = "400 Bad", .body = ERROR("ExpiredToken")}};
	struct aws_keys own = AWS_KEYS_INIT;
	struct fixture f;

	(void)state;
	found = 0;
	setup(&f, "GET", replies, 3);
	f.t.aws->find_keys = find_keys;
	assert_refused(&f, ERR_DENIED, "renew the session or use a role");
	assert_int_equal(asked(&f), 2);
	teardown(&f);
	/* Those that the call brings along are nobody's to renew. */
	aws_keys_set(&own, "AKIAOWN", "secret", NULL, 0);
	setup(&f, "GET", replies, 3);
	found = 0;
	f.t.aws->find_keys = find_keys;
	f.call.keys = &own;
	assert_refused(&f, ERR_DENIED, "400 ExpiredToken");
	assert_int_equal(asked(&f), 1);
	assert_int_equal(found, 0);
	autofree char *is = header(&f, 0, "Authorization");
	autofree char *token = header(&f, 0, "X-Amz-Security-Token");
	assert_contains(is, "=AKIAOWN/");
	assert_null(token);
	aws_keys_done(&own);
	teardown(&f);
}

/* ---- the clock ---- */

static void a_clock_that_is_wrong_is_put_right_once(void **state)
{
	static const struct {
		struct script_reply replies[3];
		size_t asked;
		bool good;
		int64_t skew_ms;
	} cases[] = {
	    {{{.status = "403 Forbidden", .headers = DATE("22:33:20")},
		 {.status = "200 OK", .headers = DATE("22:33:20")}},
		2, true, 1200500},
	    {{{.status = "400 Bad",
		  .headers = DATE("22:03:20"),
		  .body = ERROR("RequestTimeTooSkewed")},
		 {.status = "200 OK", .headers = DATE("22:03:20")}},
		2, true, -599500},
	    /* Right, or as good as right. */
	    {{{.status = "403 Forbidden", .headers = DATE("22:13:20")}}, 1,
		false, 0},
	    {{{.status = "403 Forbidden", .headers = DATE("22:14:00")}}, 1,
		false, 40500},
	    {{{.status = "403 Forbidden", .headers = "Date: soon\r\n"}}, 1,
		false, 0},
	    /* Once. */
	    {{{.status = "403 Forbidden", .headers = DATE("22:33:20")},
		 {.status = "403 Forbidden", .headers = DATE("23:33:20")},
		 {.status = "200 OK"}},
		2, false, 4800500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, "GET", cases[i].replies, 3);
		assert_int_equal(ask(&f), cases[i].good ? 0 : -1);
		assert_int_equal(asked(&f), cases[i].asked);
		int64_t wrong = llabs(aws_skew_ms(f.t.aws) - cases[i].skew_ms);
		/* The waits before another attempt are of the test's clock. */
		assert_true(wrong <= 1000);
		teardown(&f);
	}
	struct fixture f;
	setup(&f, "GET", cases[0].replies, 2);
	assert_answered(&f);
	autofree char *first = header(&f, 0, "X-Amz-Date");
	autofree char *second = header(&f, 1, "X-Amz-Date");
	assert_string_equal(first, "20231114T221320Z");
	assert_true(str_starts(second, "20231114T2233"));
	teardown(&f);
}

/* ---- answers ---- */

static bool again_by_code(
    void *ctx, const struct http_response *r, const char *code)
{
	(void)ctx;
	(void)r;
	return str_eq(code, "AskMeAgain");
}

static void what_passes_is_asked_again(void **state)
{
	static const struct script_reply replies[] = {{.status = "500 Oh"},
	    {.status = "429 Slow"},
	    {.status = "400 Bad", .body = ERROR("Throttling")},
	    {.status = "404 None", .body = ERROR("AskMeAgain")},
	    {.status = "200 OK", .body = ERROR("SlowDown")},
	    {.status = "200 OK", .body = "good"}};
	struct fixture f;

	(void)state;
	setup(&f, "POST", replies, 6);
	f.call.error_in_200 = true;
	f.call.again = again_by_code;
	assert_answered(&f);
	assert_string_equal(buf_str(&f.response.body), "good");
	assert_string_equal(f.call.code, "");
	assert_int_equal(f.call.attempts, 6);
	teardown(&f);
}

static void attempts_are_counted_and_limited(void **state)
{
	static const struct script_reply busy[] = {{.status = "503 Busy"},
	    {.status = "503 Busy"}, {.status = "503 Busy"},
	    {.status = "503 Busy"}, {.status = "503 Busy"},
	    {.status = "503 Busy"}, {.status = "503 Busy"}};
	struct fixture f;

	(void)state;
	setup(&f, "GET", busy, 7);
	assert_refused(&f, ERR_NETWORK, "after 6 attempts: GET http://");
	assert_int_equal(asked(&f), 6);
	teardown(&f);
	/* A run that is to stop sends nothing but what cleans up behind it,
	 * and that not as patiently. */
	setup(&f, "DELETE", busy, 7);
	cancel_request(&f.t.cancel);
	assert_refused(&f, ERR_CANCELLED, "");
	assert_int_equal(asked(&f), 0);
	aws_cleanup_begin(f.t.aws);
	assert_refused(&f, ERR_NETWORK, "after 3 attempts");
	assert_int_equal(asked(&f), 3);
	aws_cleanup_end(f.t.aws);
	assert_refused(&f, ERR_CANCELLED, "");
	teardown(&f);
}

static int prepare_nothing(void *ctx, struct aws_call *call, struct err *err)
{
	(void)ctx;
	(void)call;
	return err_set(err, ERR_USAGE, "not this one");
}

static void what_cannot_be_prepared_is_not_sent(void **state)
{
	static const struct script_reply reply = {.status = "200 OK"};
	struct fixture f;

	(void)state;
	setup(&f, "GET", &reply, 1);
	f.call.before = prepare_nothing;
	assert_refused(&f, ERR_USAGE, "not this one");
	assert_int_equal(asked(&f), 0);
	teardown(&f);
}

static void a_refusal_is_put_into_words(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says, *service;
	} cases[] = {
	    {{.status = "403 Forbidden",
		 .body = "<Error><Code>SignatureDoesNotMatch</Code>"
			 "<Message>no\nmatch</Message></Error>"},
		ERR_DENIED, "/a%20b: 403 SignatureDoesNotMatch: no",
		"SignatureDoesNotMatch"},
	    {{.status = "403 Forbidden",
		 .body = "<ErrorResponse><Error><Code>AccessDenied</Code>"
			 "<Message>not you</Message></Error></ErrorResponse>"},
		ERR_DENIED, "403 AccessDenied: not you", "AccessDenied"},
	    {{.status = "400 Bad Request",
		 .body = "{\"__type\":\"x#ResourceNotFoundException\","
			 "\"Message\":\"no table\"}"},
		ERR_NOT_FOUND, "400 ResourceNotFoundException: no table",
		"ResourceNotFoundException"},
	    {{.status = "302 Found", .headers = "Location: /elsewhere\r\n"},
		ERR_FORMAT, "redirects are not followed", ""},
	    {{.status = "403 Forbidden", .body = "Access blocked"}, ERR_DENIED,
		"403 Forbidden: Access blocked", ""},
	    {{.status = "400 Bad Request", .body = "<Error><Code>Half"},
		ERR_FORMAT, "400 Bad Request: <Error><Code>Half", ""},
	    {{.status = "400 Bad Request", .body = "{\"__type\":"}, ERR_FORMAT,
		"400 Bad Request", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static const struct sigv4_pair query = {"signed", "HUSH"};
		struct fixture f;
		setup(&f, "GET", &cases[i].reply, 1);
		f.call.query = &query;
		f.call.query_count = 1;
		assert_refused(&f, cases[i].code, cases[i].says);
		assert_null(strstr(f.err.message, "HUSH"));
		assert_null(strchr(f.err.message, '\n'));
		assert_string_equal(f.call.code, cases[i].service);
		assert_int_equal(asked(&f), 1);
		teardown(&f);
	}
}

static int take(void *ctx, const void *data, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	assert_int_equal(len, 5);
	assert_memory_equal(data, "piece", 5);
	aws_call_header(&f->call, "X-Taken", "yes");
	return 0;
}

static void a_body_may_be_taken_as_it_comes_or_be_too_long(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "piece"},
	    {.status = "200 OK", .body = "piece"}};
	struct fixture f;

	(void)state;
	setup(&f, "GET", replies, 2);
	f.call.on_data = take;
	assert_answered(&f);
	assert_int_equal(f.call.headers.len, 1);
	assert_int_equal(f.response.body.len, 0);
	f.call.on_data = NULL;
	f.call.max_body_bytes = 4;
	assert_refused(&f, ERR_FORMAT, "larger than the 4 bytes allowed");
	assert_int_equal(asked(&f), 2);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_sent_is_signed),
	    cmocka_unit_test(what_needs_no_signature_has_none),
	    cmocka_unit_test(a_body_may_come_from_elsewhere),
	    cmocka_unit_test(keys_that_expired_are_renewed_once),
	    cmocka_unit_test(keys_that_stay_expired_are_an_error),
	    cmocka_unit_test(a_clock_that_is_wrong_is_put_right_once),
	    cmocka_unit_test(what_passes_is_asked_again),
	    cmocka_unit_test(attempts_are_counted_and_limited),
	    cmocka_unit_test(what_cannot_be_prepared_is_not_sent),
	    cmocka_unit_test(a_refusal_is_put_into_words),
	    cmocka_unit_test(a_body_may_be_taken_as_it_comes_or_be_too_long),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
