#include "storage/http/http.h"

#include "storage/base/cleanup.h"
#include "tests/support/script_client.h"

#include <stdlib.h>
#include <string.h>

static int get(
    struct script_client *f, struct http_response *r, struct err *err)
{
	struct http_request request = HTTP_REQUEST_INIT;

	request.url = f->url;
	int result = http_send(f->http, &request, r, err);
	http_request_done(&request);
	return result;
}

static void sends_what_was_asked_and_keeps_the_connection(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 100 Continue\r\n\r\n"
		      "HTTP/1.1 201 Created\r\nX-Some: Thing \r\n"
		      "Content-Length: 2\r\n\r\nhi"},
	    {.bytes = SCRIPT_OK(0, "")}};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct http_request request = HTTP_REQUEST_INIT;

	(void)state;
	script_client_init(&f, replies, 2, 0);
	request.method = "PUT";
	request.url = f.url;
	request.body = "body";
	request.body_len = 4;
	http_request_header(&request, "X-Mine: %d", 1);
	assert_ok(http_send(f.http, &request, &r, &err), err);
	assert_int_equal(r.status, 201);
	assert_string_equal(buf_str(&r.body), "hi");
	assert_string_equal(http_response_header(&r, "x-some"), "Thing");
	assert_null(http_response_header(&r, "x-som"));
	const char *seen = script_server_request(f.server, 0);
	assert_contains(seen, "PUT /a//b/../c?q=secret HTTP/1.1\r\n");
	assert_contains(seen, "X-Mine: 1\r\n");
	assert_contains(seen, "\r\n\r\nbody");
	assert_null(strstr(seen, "Content-Type"));
	assert_null(strstr(seen, "Expect"));
	assert_ok(get(&f, &r, &err), err);
	assert_int_equal(script_server_count(f.server), 2);
	http_request_done(&request);
	http_response_done(&r);
	script_client_done(&f);
}

static int take(void *ctx, const void *data, size_t len, struct err *err)
{
	if (len && ((const char *)data)[0] == '!')
		return err_set(err, ERR_FORMAT, "not that");
	buf_add(ctx, data, len);
	return 0;
}

static void streams_only_what_is_an_answer(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_OK(3, "abc")},
	    {.bytes =
		    "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"},
	    {.bytes = SCRIPT_OK(2, "!!")}};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT, said = BUF_INIT;

	(void)state;
	script_client_init(&f, replies, 3, 0);
	struct http_request request = {.method = "GET",
	    .url = f.url,
	    .on_data = take,
	    .on_data_ctx = &got};
	assert_ok(http_send(f.http, &request, &r, &err), err);
	assert_string_equal(buf_str(&got), "abc");
	assert_int_equal(r.body.len, 0);
	assert_ok(http_send(f.http, &request, &r, &err), err);
	assert_string_equal(buf_str(&got), "abc");
	http_describe(&r, &said);
	assert_string_equal(buf_str(&said), "404 Not Found: gone");
	assert_fails(http_send(f.http, &request, &r, &err), err, ERR_FORMAT);
	assert_contains(err.message, "not that");
	assert_null(strstr(err.message, "secret"));
	http_response_done(&r);
	script_client_done(&f);
}

static void a_broken_answer_is_an_error(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		.close = 1},
	    {.bytes = NULL, .close = 2},
	    {.bytes = SCRIPT_OK(0, ""), .delay_ms = 3000},
	};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;

	(void)state;
	script_client_init(&f, replies, 3, 1000);
	assert_fails(get(&f, &r, &err), err, ERR_NETWORK);
	assert_contains(err.message, "GET http://127.0.0.1:");
	assert_null(strstr(err.message, "secret"));
	assert_fails(get(&f, &r, &err), err, ERR_NETWORK);
	assert_fails(get(&f, &r, &err), err, ERR_NETWORK);
	http_response_done(&r);
	script_client_done(&f);
}

static void caps_and_refusals(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_OK(5, "12345")}};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;

	(void)state;
	script_client_init(&f, replies, 1, 0);
	struct http_request request = {
	    .method = "GET", .url = f.url, .max_body_bytes = 4};
	assert_fails(http_send(f.http, &request, &r, &err), err, ERR_FORMAT);
	request.url = "file:///etc/passwd";
	assert_fails(http_send(f.http, &request, &r, &err), err, ERR_USAGE);
	request.url = "no url";
	assert_fails(http_send(f.http, &request, &r, &err), err, ERR_USAGE);
	cancel_request(&f.cancel);
	request.url = f.url;
	assert_fails(http_send(f.http, &request, &r, &err), err, ERR_CANCELLED);
	http_response_done(&r);
	script_client_done(&f);
}

static void a_proxy_is_named_without_its_password(void **state)
{
	(void)state;
	/* Nobody listens on port 1. */
	for (int from_environment = 0; from_environment < 2;
	     from_environment++) {
		static const char proxy[] = "http://u:HUSH@127.0.0.1:1";
		const struct http_options o = {
		    .proxy = from_environment ? NULL : proxy};
		struct http_request request = HTTP_REQUEST_INIT;
		struct http_response r = HTTP_RESPONSE_INIT;
		struct err err = ERR_INIT;
		struct http *http = http_new(&o, &err);
		if (from_environment)
			setenv("https_proxy", proxy, 1);
		request.url = "https://api.example.com:6443/version";
		assert_fails(
		    http_send(http, &request, &r, &err), err, ERR_NETWORK);
		assert_contains(err.message, "the proxy '127.0.0.1:1'");
		assert_null(strstr(err.message, "HUSH"));
		unsetenv("https_proxy");
		http_request_done(&request);
		http_response_done(&r);
		http_free(http);
	}
}

/* What is asked of a server with a certificate of its own making says. */
static void assert_untrusted(
    const char *url, const char *ca_file, const char *want)
{
	struct test_clock clock;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct http_request request = HTTP_REQUEST_INIT;

	test_clock_init(&clock, 0);
	const struct http_options o = {
	    .clock = &clock.clock, .ca_file = ca_file};
	struct http *http = http_new(&o, &err);
	request.url = url;
	assert_fails(http_send(http, &request, &r, &err), err, ERR_DENIED);
	assert_string_equal(err.message, want);
	http_request_done(&request);
	http_response_done(&r);
	http_free(http);
}

static void a_certificate_that_nobody_vouches_for_says_what_to_do(void **state)
{
	struct script_server *s = script_server_start_tls(NULL, 0);
	struct script_server *other = script_server_start_tls(NULL, 0);
	autofree char *url = script_server_url(s, "/a");
	autofree char *start =
	    str_printf("GET %s: SSL certificate problem: self-signed "
		       "certificate: ",
		url);
	autofree char *none =
	    str_printf("%sif it is that of an authority of your own, name its "
		       "file by ca_file, or install it "
		       "(update-ca-certificates)",
		start);
	autofree char *wrong =
	    str_printf("%sno authority in '%s' (ca_file) vouches for it", start,
		script_server_ca(other));
	autofree char *by_name =
	    str_printf("https://localhost:%d/a", script_server_port(s));
	autofree char *named = str_printf(
	    "GET %s: SSL: no alternative certificate subject name matches "
	    "target host name 'localhost'",
	    by_name);

	(void)state;
	assert_untrusted(url, NULL, none);
	assert_untrusted(url, script_server_ca(other), wrong);
	/* It is trusted, and an authority would not help. */
	assert_untrusted(by_name, script_server_ca(s), named);
	script_server_stop(s);
	script_server_stop(other);
}

/* Nothing more is asked of a server whose answers drip, but what cleans up. */
static void one_that_drips_all_along_is_asked_no_more(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_OK(5, "hello")}, {.bytes = SCRIPT_OK(5, "hello")}};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct pace_sum sum = {.grace_ms = 3600 * 1000};
	struct http_request request = HTTP_REQUEST_INIT;

	(void)state;
	script_client_init(&f, replies, 2, 0);
	http_free(f.http);
	const struct http_options o = {.clock = &f.clock.clock, .pace = &sum};
	f.http = http_new(&o, &err);
	assert_ok(get(&f, &r, &err), err);
	assert_int_equal(sum.bytes, 5 + PACE_FLOOR);
	sum.taken_ms = 3700 * 1000;
	assert_fails(get(&f, &r, &err), err, ERR_NETWORK);
	assert_true(r.too_slow);
	assert_contains(err.message, "nothing more is asked of it");
	assert_int_equal(script_server_count(f.server), 1);
	request.url = f.url;
	request.even_if_stopped = true;
	assert_ok(http_send(f.http, &request, &r, &err), err);
	assert_int_equal(script_server_count(f.server), 2);
	http_request_done(&request);
	http_response_done(&r);
	script_client_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sends_what_was_asked_and_keeps_the_connection),
	    cmocka_unit_test(streams_only_what_is_an_answer),
	    cmocka_unit_test(a_broken_answer_is_an_error),
	    cmocka_unit_test(caps_and_refusals),
	    cmocka_unit_test(
		a_certificate_that_nobody_vouches_for_says_what_to_do),
	    cmocka_unit_test(one_that_drips_all_along_is_asked_no_more),
	    cmocka_unit_test(a_proxy_is_named_without_its_password),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
