#include "storage/git/host/call.h"

#include "storage/base/cleanup.h"
#include "storage/git/wire/auth.h"
#include "tests/support/host_script.h"

#include <stdlib.h>

struct fixture {
	struct test_host t;
	char *root;
	struct host_api api;
	struct host_call answer;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	test_host_start(&f->t, replies, count);
	f->root = str_printf("%s/api/v4", f->t.url);
	f->answer = (struct host_call){.json = NULL};
	f->api = (struct host_api){.kind = "GitLab",
	    .accept = "application/json",
	    .access = &f->t.access,
	    .root = f->root,
	    .http = auth_http_new(&f->t.access, &f->t.err)};
	assert_non_null(f->api.http);
}

static void teardown(struct fixture *f)
{
	host_call_done(&f->answer);
	http_free(f->api.http);
	test_host_stop(&f->t);
	free(f->root);
}

static int ask(struct fixture *f, const char *method, const char *path)
{
	cleanup(json_freep) struct json_object *body = json_new_object();

	json_set_str(body, "a", "b");
	host_call_done(&f->answer);
	f->t.err = (struct err)ERR_INIT;
	return host_call(&f->api, method, path, false,
	    str_eq(method, "GET") ? NULL : body, &f->answer, &f->t.err);
}

static void a_request_has_its_headers_and_its_place(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "{\"id\":7}"},
	    {.status = "201 Created",
		.headers = "Link: <http://elsewhere/api/v4/x?page=2>; "
			   "rel=\"next\"\r\n",
		.body = "[]"},
	    {.status = "204 No Content"}, {.status = "200 OK"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 4);
	f.api.more_header = "X-Version: 7";
	assert_int_equal(ask(&f, "GET", "/x?y=z"), 0);
	assert_int_equal(json_get_int(f.answer.json, "id", 0), 7);
	assert_null(f.answer.next);
	assert_host_asked(&f.t, 0, "GET /api/v4/x?y=z HTTP/1.1\r\n", NULL);
	autofree char *accept = script_server_header(f.t.server, 0, "Accept");
	autofree char *more = script_server_header(f.t.server, 0, "X-Version");
	assert_string_equal(accept, "application/json");
	assert_string_equal(more, "7");
	/* The host that a link names gets nothing: only its path is kept. */
	assert_int_equal(ask(&f, "POST", "/x"), 0);
	assert_host_asked(
	    &f.t, 1, "POST /api/v4/x HTTP/1.1\r\n", "{\"a\":\"b\"}");
	assert_string_equal(f.answer.next, "/api/v4/x?page=2");
	assert_int_equal(ask(&f, "PATCH", "/x"), 0);
	assert_null(f.answer.json);
	/* Below the host, not the API; and without a token. */
	f.t.access.password = NULL;
	assert_int_equal(host_call(&f.api, "GET", "/api/v4/x?page=2", true,
			     NULL, &f.answer, &f.t.err),
	    0);
	assert_contains(script_server_request(f.t.server, 3),
	    "GET /api/v4/x?page=2 HTTP/1.1\r\n");
	autofree char *token =
	    script_server_header(f.t.server, 3, "Authorization");
	assert_null(token);
	teardown(&f);
}

static void a_refusal_has_the_hosts_words_and_what_to_do(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "401 Unauthorized",
		 .body = "{\"message\":\"Bad\\ncredentials\"}"},
		ERR_DENIED,
		"; the token of git.credentials is wrong or has expired"},
	    {{.status = "403 Forbidden",
		 .body = "{\"error\":\"insufficient_scope\"}"},
		ERR_DENIED,
		": GitLab answered 403: insufficient_scope; the token of "
		"git.credentials may not do that"},
	    {{.status = "404 Not Found",
		 .body = "{\"message\":\"404 Group Not Found\"}"},
		ERR_NOT_FOUND, "answered 404: 404 Group Not Found"},
	    {{.status = "409 Conflict"}, ERR_EXISTS, "answered 409 Conflict"},
	    {{.status = "422 Unprocessable",
		 .body = "{\"message\":{\"name\":[\"is taken\"]}}"},
		ERR_EXISTS, "answered 422: is taken"},
	    {{.status = "418 Teapot", .body = "<html>short and stout"},
		ERR_NETWORK, "answered 418: <html>short and stout"},
	    {{.status = "304 Not Modified"}, ERR_NETWORK, "answered 304"},
	    {{.status = "200 OK", .body = "<html>log in</html>"}, ERR_FORMAT,
		"/api/v4/x: the answer is no JSON; is that a GitLab?"},
	    {{.status = "200 OK", .body = "{\"id\":"}, ERR_FORMAT,
		"the answer is no JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, &cases[i].reply, 1);
		assert_host_refused(
		    &f.t, ask(&f, "GET", "/x"), cases[i].code, cases[i].says);
		assert_null(f.answer.json);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
	struct fixture f;
	setup(&f, &cases[0].reply, 1);
	f.t.access.password = NULL;
	assert_host_refused(&f.t, ask(&f, "GET", "/x"), ERR_DENIED,
	    "answered 401: Bad\\x0acredentials; it needs a token: add one to "
	    "git.credentials");
	teardown(&f);
}

/* ---- again ---- */

static void what_changes_something_is_not_repeated(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "502 Bad Gateway"}, {.close = 2},
	    {.status = "200 OK", .body = "{}"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 3);
	assert_int_equal(ask(&f, "GET", "/x"), 0);
	assert_int_equal(script_server_count(f.t.server), 3);
	teardown(&f);
	setup(&f, replies, 3);
	assert_host_refused(
	    &f.t, ask(&f, "POST", "/x"), ERR_NETWORK, "502 Bad Gateway");
	assert_int_equal(script_server_count(f.t.server), 1);
	teardown(&f);
	setup(&f, replies + 1, 2);
	assert_host_refused(
	    &f.t, ask(&f, "PUT", "/x"), ERR_NETWORK, "PUT http");
	assert_int_equal(script_server_count(f.t.server), 1);
	teardown(&f);
}

static void a_limit_is_waited_for_where_that_is_short(void **state)
{
	static const struct {
		struct script_reply reply;
		bool waited;
		int64_t ms;
		const char *says;
	} cases[] = {
	    {{.status = "429 Too Many", .headers = "Retry-After: 7\r\n"}, true,
		7000, ""},
	    {{.status = "403 Forbidden", .headers = "Retry-After: 60\r\n"},
		true, 60000, ""},
	    {{.status = "429 Too Many", .headers = "Retry-After: 61\r\n"},
		false, 0,
		"GitLab limits how many requests it answers (429); ask again "
		"in 61 seconds, or let fewer programs use this token"},
	    {{.status = "403 Forbidden",
		 .headers = "X-RateLimit-Remaining: 0\r\n"
			    "X-RateLimit-Reset: 1700000090\r\n",
		 .body = "{\"message\":\"rate limit exceeded\"}"},
		false, 0,
		"(403: rate limit exceeded); ask again in 90 seconds"},
	    {{.status = "403 Forbidden",
		 .headers = "X-RateLimit-Remaining: 0\r\n"
			    "X-RateLimit-Reset: 1600000000\r\n"},
		false, 0, "ask again in 0 seconds"},
	    {{.status = "403 Forbidden",
		 .headers = "X-RateLimit-Remaining: 0\r\n"
			    "X-RateLimit-Reset: soon\r\n"},
		false, 0, "(403); ask again later"},
	    {{.status = "429 Too Many"}, false, 0, "ask again later"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* Nothing was done yet: this holds for a change, too. */
		for (int changes = 0; changes < 2; changes++) {
			const struct script_reply replies[] = {
			    cases[i].reply, {.status = "200 OK", .body = "{}"}};
			struct fixture f;
			setup(&f, replies, 2);
			int result = ask(&f, changes ? "POST" : "GET", "/x");
			if (cases[i].waited)
				assert_int_equal(result, 0);
			else
				assert_host_refused(
				    &f.t, result, ERR_NETWORK, cases[i].says);
			assert_int_equal(
			    f.t.clock.now_ms - 1700000000000, cases[i].ms);
			assert_int_equal(script_server_count(f.t.server),
			    cases[i].waited ? 2 : 1);
			teardown(&f);
		}
	}
}

/* ---- on ---- */

static void what_has_moved_on_the_host_is_followed(void **state)
{
	static const struct {
		const char *method, *status, *to;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {"GET", "301 Moved", "/api/v4/y?a=b", ERR_NONE, ""},
	    {"GET", "302 Found", "%s/api/v4/y?a=b", ERR_NONE, ""},
	    {"POST", "307 Temporary", "/api/v4/y?a=b", ERR_NONE, ""},
	    {"POST", "308 Permanent", "/api/v4/y?a=b", ERR_NONE, ""},
	    {"POST", "301 Moved", "/api/v4/y?a=b", ERR_NETWORK,
		"if it was renamed, use the new name"},
	    {"GET", "301 Moved", "//evil.example/y", ERR_NETWORK,
		"that is another place, which gets no token; use its URL if "
		"it is the right one"},
	    {"GET", "301 Moved", "http://evil.example/y", ERR_NETWORK,
		"sends it on to http://evil.example/y; that is another place"},
	    /* Hosts that begin alike. */
	    {"GET", "301 Moved", "%s.evil.example/y", ERR_NETWORK,
		"that is another place"},
	    {"GET", "301 Moved", "%s@evil.example/y", ERR_NETWORK,
		"that is another place"},
	    {"GET", "301 Moved", "%s/y y", ERR_FORMAT, "which is no URL"},
	    {"GET", "301 Moved", NULL, ERR_NETWORK, "sends it on to nowhere"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct script_reply replies[] = {{.status = cases[i].status},
		    {.status = "200 OK", .body = "{}"}};
		struct fixture f;
		setup(&f, replies, 2);
		autofree char *to =
		    cases[i].to && cases[i].to[0] == '%'
			? str_printf("%s%s", f.t.url, cases[i].to + 2)
			: str_dup(cases[i].to);
		autofree char *headers =
		    to ? str_printf("Location: %s\r\n", to) : NULL;
		replies[0].headers = headers;
		int result = ask(&f, cases[i].method, "/x");
		if (cases[i].code == ERR_NONE) {
			autofree char *line = str_printf(
			    "%s /api/v4/y?a=b HTTP/1.1\r\n", cases[i].method);
			assert_int_equal(result, 0);
			assert_host_asked(&f.t, 1, line,
			    str_eq(cases[i].method, "GET") ? NULL
							   : "{\"a\":\"b\"}");
		} else {
			assert_host_refused(
			    &f.t, result, cases[i].code, cases[i].says);
			assert_int_equal(script_server_count(f.t.server), 1);
		}
		teardown(&f);
	}
}

static void what_is_sent_on_and_on_ends(void **state)
{
	static const struct script_reply moved = {
	    .status = "301 Moved", .headers = "Location: /y\r\n"};
	const struct script_reply replies[] = {
	    moved, moved, moved, moved, moved};
	struct fixture f;

	(void)state;
	setup(&f, replies, 5);
	assert_host_refused(&f.t, ask(&f, "GET", "/x"), ERR_NETWORK,
	    "/y: the host sent it on 4 times");
	assert_int_equal(script_server_count(f.t.server), 4);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_has_its_headers_and_its_place),
	    cmocka_unit_test(a_refusal_has_the_hosts_words_and_what_to_do),
	    cmocka_unit_test(what_changes_something_is_not_repeated),
	    cmocka_unit_test(a_limit_is_waited_for_where_that_is_short),
	    cmocka_unit_test(what_has_moved_on_the_host_is_followed),
	    cmocka_unit_test(what_is_sent_on_and_on_ends),
	};

	return cmocka_run_group_tests_name("host call", tests, NULL, NULL);
}
