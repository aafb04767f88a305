/* What libcurl is told of a request: seen in the lists it was given, and by a
 * server. */
#include "storage/http/handle.h"

#include "storage/base/cleanup.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	CURL *handle;
	struct http_options options;
	struct http_request request;
	struct handle_lists lists;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->handle = curl_easy_init();
	f->request = (struct http_request)HTTP_REQUEST_INIT;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	curl_easy_cleanup(f->handle);
	handle_lists_done(&f->lists);
	/* What was released has nothing left to release. */
	handle_lists_done(&f->lists);
	http_request_done(&f->request);
	free(f);
	return 0;
}

static int set(struct fixture *f)
{
	f->err = (struct err)ERR_INIT;
	handle_lists_done(&f->lists);
	curl_easy_reset(f->handle);
	return handle_set(
	    f->handle, &f->options, &f->request, &f->lists, &f->err);
}

static void assert_list(const struct curl_slist *list, const char *expected)
{
	cleanup(buf_done) struct buf got = BUF_INIT;

	for (; list; list = list->next)
		buf_printf(&got, "%s\n", list->data);
	assert_string_equal(buf_str(&got), expected);
}

static void what_may_hold_a_secret_is_not_shown(void **state)
{
	static const struct {
		const char *url;
		bool is_secret;
		const char *shown;
	} cases[] = {
	    {"https://h/a/b?X-Amz-Signature=HUSH", false, "https://h/a/b"},
	    {"https://h/a#HUSH", false, "https://h/a"},
	    {"https://h/a", false, "https://h/a"},
	    {"https://hooks.example.com/T0/HUSH", true,
		"https://hooks.example.com"},
	    {"https://h:8443?token=HUSH", true, "https://h:8443"},
	    {"https://h#HUSH", true, "https://h"},
	    {"https://h", true, "https://h"},
	    {"HUSH", true, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct http_request r = {
		    .url = cases[i].url, .url_is_secret = cases[i].is_secret};
		autofree char *got =
		    str_ndup(r.url, (size_t)handle_url_shown(&r));
		assert_string_equal(got, cases[i].shown);
	}
}

static void what_is_no_url_is_refused(void **state)
{
	struct fixture *f = *state;

	f->request.url = "no url?token=HUSH";
	assert_int_equal(set(f), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	assert_string_equal(f->err.message, "'no url' is not an http(s) URL");
	f->request.url = "https://";
	assert_int_equal(set(f), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	f->request.url = "HUSH at all";
	f->request.url_is_secret = true;
	assert_int_equal(set(f), -1);
	assert_string_equal(f->err.message, "'' is not an http(s) URL");
	assert_null(f->lists.headers);
}

static void a_slow_answer_has_many_stall_timeouts(void **state)
{
	struct http_options o = {.stall_timeout_ms = 0};

	(void)state;
	assert_int_equal(handle_grace_ms(&o), 10 * 60 * 1000);
	o.thinks = true;
	assert_int_equal(handle_grace_ms(&o), 60 * 60 * 1000);
	o.stall_timeout_ms = 1500;
	assert_int_equal(handle_grace_ms(&o), 60 * 1500);
	/* More than fits into 32 bits. */
	o.stall_timeout_ms = 100 * 1000 * 1000;
	assert_true(handle_grace_ms(&o) == INT64_C(6000000000));
}

static void headers_are_the_callers_and_no_others(void **state)
{
	struct fixture *f = *state;

	f->request.url = "https://h/";
	assert_ok(set(f), f->err);
	assert_list(f->lists.headers,
	    "Expect:\nContent-Type:\nUser-Agent: backstay/" BACKSTAY_VERSION
	    "\n");
	assert_null(f->lists.names);
	/* One that only begins as theirs is another. */
	http_request_header(&f->request, "content-type: a/b");
	http_request_header(&f->request, "User-Agent-Hint: x");
	assert_ok(set(f), f->err);
	assert_list(f->lists.headers,
	    "content-type: a/b\nUser-Agent-Hint: x\nExpect:\n"
	    "User-Agent: backstay/" BACKSTAY_VERSION "\n");
	http_request_header(&f->request, "USER-AGENT: git/2");
	assert_ok(set(f), f->err);
	assert_list(f->lists.headers,
	    "content-type: a/b\nUser-Agent-Hint: x\nUSER-AGENT: git/2\n"
	    "Expect:\n");
}

/* Another name than the URL's: asked under that name, where the URL points. */
static void a_certificate_may_have_another_name(void **state)
{
	static const struct {
		const char *url;
		const char *names;
	} cases[] = {
	    {"https://10.0.0.1:6443/x?y", "kube.example:6443:10.0.0.1:6443\n"},
	    {"https://other.example/", "kube.example:443:other.example:443\n"},
	    {"https://[fd00::1]/", "kube.example:443:[fd00::1]:443\n"},
	};
	struct fixture *f = *state;

	f->options.tls_server_name = "kube.example";
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f->request.url = cases[i].url;
		assert_ok(set(f), f->err);
		assert_list(f->lists.names, cases[i].names);
	}
	/* Not ignored: then the certificate would be held against the URL. */
	f->options.tls_server_name = "no name";
	assert_int_equal(set(f), -1);
	assert_int_equal(f->err.code, ERR_USAGE);
	assert_contains(f->err.message, "'no name'");
}

static size_t drop(char *data, size_t one, size_t len, void *ctx)
{
	(void)data;
	(void)one;
	(void)ctx;
	return len;
}

static void perform(struct fixture *f)
{
	assert_ok(set(f), f->err);
	curl_easy_setopt(f->handle, CURLOPT_WRITEFUNCTION, drop);
	assert_int_equal(curl_easy_perform(f->handle), CURLE_OK);
}

static void each_method_is_sent_as_it_is(void **state)
{
	static const struct {
		const char *method, *body;
		size_t len;
		const char *length; /* the header; NULL: none */
	} cases[] = {
	    {"GET", NULL, 0, NULL},
	    {"DELETE", NULL, 0, NULL},
	    {"DELETE", "{}", 2, "2"},
	    {"PUT", NULL, 0, "0"},
	    {"POST", NULL, 0, "0"},
	    {"POST", "", 0, "0"},
	    {"PATCH", "abc and what follows", 3, "3"},
	    /* An answer that announces a body and has none. */
	    {"HEAD", NULL, 0, NULL},
	};
	enum { COUNT = sizeof(cases) / sizeof(*cases) };
	static const struct script_reply replies[] = {
	    {.to = "HEAD",
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
			 "Connection: close\r\n\r\n"},
	    {.status = "200 OK"}, {.status = "200 OK"}, {.status = "200 OK"},
	    {.status = "200 OK"}, {.status = "200 OK"}, {.status = "200 OK"},
	    {.status = "200 OK"}};
	struct fixture *f = *state;
	struct script_server *s = script_server_start(replies, COUNT);
	autofree char *url = script_server_url(s, "/a/../b//c?d=e");

	f->request.url = url;
	f->options.proxy = "";
	for (size_t i = 0; i < COUNT; i++) {
		autofree char *line = str_printf(
		    "%s /a/../b//c?d=e HTTP/1.1\r\n", cases[i].method);
		f->request.method = cases[i].method;
		f->request.body = cases[i].body;
		f->request.body_len = cases[i].len;
		perform(f);
		assert_true(str_starts(script_server_request(s, i), line));
		autofree char *length =
		    script_server_header(s, i, "Content-Length");
		autofree char *expect = script_server_header(s, i, "Expect");
		autofree char *packed =
		    script_server_header(s, i, "Accept-Encoding");
		if (cases[i].length)
			assert_string_equal(length, cases[i].length);
		else
			assert_null(length);
		assert_null(expect);
		assert_null(packed);
		autofree char *body =
		    str_ndup(cases[i].body ? cases[i].body : "", cases[i].len);
		assert_string_equal(script_server_body(s, i), body);
	}
	script_server_stop(s);
}

static void only_http_is_spoken(void **state)
{
	static const char *const others[] = {"file:///etc/passwd",
	    "ftp://127.0.0.1:1/x", "gopher://127.0.0.1/x"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		f->request.url = others[i];
		if (set(f))
			continue;
		curl_easy_setopt(f->handle, CURLOPT_WRITEFUNCTION, drop);
		assert_int_equal(
		    curl_easy_perform(f->handle), CURLE_UNSUPPORTED_PROTOCOL);
	}
}

static void gzip_is_asked_for_where_it_is_wanted(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK"}};
	struct fixture *f = *state;
	struct script_server *s = script_server_start(replies, 1);
	autofree char *url = script_server_url(s, "/");

	f->request.url = url;
	f->options.gzip = true;
	f->options.proxy = "";
	perform(f);
	autofree char *packed = script_server_header(s, 0, "Accept-Encoding");
	assert_string_equal(packed, "gzip");
	script_server_stop(s);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_may_hold_a_secret_is_not_shown),
	    TEST(what_is_no_url_is_refused),
	    TEST(a_slow_answer_has_many_stall_timeouts),
	    TEST(headers_are_the_callers_and_no_others),
	    TEST(a_certificate_may_have_another_name),
	    TEST(each_method_is_sent_as_it_is),
	    TEST(only_http_is_spoken),
	    TEST(gzip_is_asked_for_where_it_is_wanted),
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
