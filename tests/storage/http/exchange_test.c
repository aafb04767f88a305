/* What becomes of the bytes of one exchange. */
#include "storage/http/exchange.h"

#include "storage/base/cleanup.h"
#include "tests/support/script_client.h"

#include <stdlib.h>

struct fixture {
	struct script_client c; /* for its server, clock and cancel alone */
	CURL *handle;
	struct http_request request;
	struct http_response response;
	struct err err;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	script_client_init(&f->c, replies, count, 0);
	f->handle = curl_easy_init();
	f->request = (struct http_request){.method = "GET", .url = f->c.url};
	f->response = (struct http_response)HTTP_RESPONSE_INIT;
	f->err = (struct err)ERR_INIT;
}

static void teardown(struct fixture *f)
{
	http_request_done(&f->request);
	http_response_done(&f->response);
	curl_easy_cleanup(f->handle);
	script_client_done(&f->c);
}

static int perform(struct fixture *f)
{
	http_response_done(&f->response);
	f->response = (struct http_response)HTTP_RESPONSE_INIT;
	f->err = (struct err)ERR_INIT;
	curl_easy_reset(f->handle);
	return exchange_perform(f->handle, http_options_of(f->c.http),
	    &f->request, &f->response, &f->err);
}

#define assert_performed(f)                                                    \
	do {                                                                   \
		if (perform(f))                                                \
			fail_msg("%s", (f)->err.message);                      \
	} while (0)
#define assert_failed(f, expected, says)                                       \
	do {                                                                   \
		assert_int_equal(perform(f), -1);                              \
		assert_int_equal((f)->err.code, expected);                     \
		assert_contains((f)->err.message, says);                       \
		assert_null(strstr((f)->err.message, "secret"));               \
	} while (0)

static void headers_are_of_the_last_answer(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
		      "X-Same: early\r\n\r\n"
		      "HTTP/1.1 200 OK\r\nX-SAME: Late: Value \t\r\n"
		      "Content-Length: 2\r\nX-Empty:\r\n\r\nok"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 1);
	assert_performed(&f);
	assert_int_equal(f.response.status, 200);
	assert_string_equal(buf_str(&f.response.body), "ok");
	assert_string_equal(
	    http_response_header(&f.response, "x-same"), "Late: Value");
	assert_string_equal(http_response_header(&f.response, "x-empty"), "");
	assert_null(http_response_header(&f.response, "link"));
	assert_int_equal(f.response.headers.len, 3);
	assert_int_equal(f.response.sent_ms, f.c.clock.now_ms);
	assert_int_equal(f.response.answered_ms, f.c.clock.now_ms);
	assert_false(f.response.resent);
	teardown(&f);
}

static int refuse(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)data;
	(void)len;
	++*(int *)ctx;
	return err_set(err, ERR_INTEGRITY, "not such bytes");
}

static void an_errors_body_is_kept_up_to_64_kib(void **state)
{
	enum { LEN = 64 * 1024 };
	autofree char *body = mem_alloc(3 * LEN + 1);
	int called = 0;
	struct fixture f;

	(void)state;
	memset(body, 'x', 3 * LEN);
	body[3 * LEN] = 0;
	const struct script_reply replies[] = {
	    {.status = "500 Oh", .body = body},
	    {.status = "302 Found", .body = "elsewhere"},
	    {.status = "200 OK", .body = "good"}};
	setup(&f, replies, 3);
	/* Whoever takes bytes takes those of an answer alone. */
	f.request.on_data = refuse;
	f.request.on_data_ctx = &called;
	assert_performed(&f);
	assert_int_equal(f.response.status, 500);
	assert_int_equal(f.response.body.len, LEN);
	assert_performed(&f);
	assert_int_equal(f.response.status, 302);
	assert_string_equal(buf_str(&f.response.body), "elsewhere");
	assert_int_equal(called, 0);
	assert_failed(&f, ERR_INTEGRITY, "not such bytes");
	assert_true(str_starts(f.err.message, "GET http://127.0.0.1:"));
	assert_int_equal(called, 1);
	teardown(&f);
}

static void a_body_is_kept_up_to_what_is_allowed(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "12345"},
	    {.status = "200 OK", .body = "123456"},
	    /* Whatever length it announces. */
	    {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"},
	    {.status = "200 OK"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 4);
	f.request.max_body_bytes = 5;
	assert_performed(&f);
	assert_string_equal(buf_str(&f.response.body), "12345");
	assert_failed(&f, ERR_FORMAT,
	    "the answer is larger than the 5 bytes allowed for it");
	assert_failed(&f, ERR_FORMAT, "larger than the 5 bytes");
	assert_performed(&f);
	assert_int_equal(f.response.body.len, 0);
	teardown(&f);
}

/* ---- a body that is given in pieces ---- */

struct body {
	const char *text;
	uint64_t fails_at;
	int calls;
};

static int piece(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	struct body *b = ctx;

	b->calls++;
	if (offset >= b->fails_at)
		return err_set(err, ERR_SYSTEM, "the disk is gone");
	memcpy(data, b->text + offset, len);
	return 0;
}

static void a_body_is_given_in_pieces(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK"}, {.status = "200 OK"}, {.status = "200 OK"}};
	struct body body = {.text = "in pieces", .fails_at = 100};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	f.request.method = "PUT";
	f.request.body_at = piece;
	f.request.body_at_ctx = &body;
	f.request.body_len = strlen(body.text);
	assert_performed(&f);
	assert_string_equal(script_server_body(f.c.server, 0), "in pieces");
	autofree char *len =
	    script_server_header(f.c.server, 0, "Content-Length");
	assert_string_equal(len, "9");
	f.request.body_len = 0;
	body.calls = 0;
	assert_performed(&f);
	assert_int_equal(body.calls, 0);
	f.request.body_len = strlen(body.text);
	body.fails_at = 0;
	assert_failed(&f, ERR_SYSTEM, "the disk is gone");
	teardown(&f);
}

/* libcurl sends it again by itself: all of it, from its start. */
static void a_dead_connection_is_told(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK"},
	    {.close = 1, .to = "PUT "}, {.status = "200 OK", .to = "PUT "}};
	struct body body = {.text = "in pieces", .fails_at = 100};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	assert_performed(&f);
	assert_false(f.response.resent);
	f.request.method = "PUT";
	f.request.body_at = piece;
	f.request.body_at_ctx = &body;
	f.request.body_len = strlen(body.text);
	assert_performed(&f);
	assert_true(f.response.resent);
	assert_int_equal(script_server_count(f.c.server), 3);
	assert_string_equal(script_server_body(f.c.server, 2), "in pieces");
	teardown(&f);
}

/* ---- what ends it ---- */

static void a_run_that_stops_sends_only_what_cleans_up(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK"}, {.status = "200 OK"}};
	struct cancel own = {0};
	struct fixture f;

	(void)state;
	setup(&f, replies, 2);
	cancel_request(&f.c.cancel);
	assert_failed(&f, ERR_CANCELLED, "");
	assert_int_equal(script_server_count(f.c.server), 0);
	/* One of its own counts instead. */
	f.request.cancel = &own;
	assert_performed(&f);
	cancel_request(&own);
	assert_failed(&f, ERR_CANCELLED, "");
	f.request.even_if_stopped = true;
	assert_performed(&f);
	assert_int_equal(script_server_count(f.c.server), 2);
	teardown(&f);
}

static void what_fails_says_what_and_where(void **state)
{
	static const struct {
		struct script_reply reply;
		const char *says;
	} cases[] = {
	    {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		 .close = 1},
		"5 bytes remaining to read"},
	    {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "4\r\nhalf\r\n",
		 .close = 1},
		"GET http://127.0.0.1:"},
	    {{.close = 1}, "Empty reply from server"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, &cases[i].reply, 1);
		assert_failed(&f, ERR_NETWORK, cases[i].says);
		/* Of the URL, all but its query. */
		assert_contains(f.err.message, "/a//b/../c: ");
		teardown(&f);
	}
	static const struct script_reply banner = {
	    .bytes = "SSH-2.0-OpenSSH_9.2\r\n", .close = 1};
	struct script_server *ssh = script_server_start(&banner, 1);
	autofree char *other = script_server_url(ssh, "/");
	struct fixture f;
	setup(&f, NULL, 0);
	f.request.url = "http://127.0.0.1:1/secret/path";
	f.request.url_is_secret = true;
	assert_failed(&f, ERR_NETWORK, "GET http://127.0.0.1:1");
	/* What answers there is no web server: the URL is wrong. */
	f.request.url = other;
	f.request.url_is_secret = false;
	assert_failed(&f, ERR_USAGE, "HTTP/0.9");
	script_server_stop(ssh);
	f.request.url = "ftp://127.0.0.1/";
	assert_failed(&f, ERR_USAGE, "");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers_are_of_the_last_answer),
	    cmocka_unit_test(an_errors_body_is_kept_up_to_64_kib),
	    cmocka_unit_test(a_body_is_kept_up_to_what_is_allowed),
	    cmocka_unit_test(a_body_is_given_in_pieces),
	    cmocka_unit_test(a_dead_connection_is_told),
	    cmocka_unit_test(a_run_that_stops_sends_only_what_cleans_up),
	    cmocka_unit_test(what_fails_says_what_and_where),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
