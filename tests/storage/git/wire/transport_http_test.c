#include "storage/git/wire/transport.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/git_script.h"

#include <stdlib.h>
#include <unistd.h>

#define FETCH "git-upload-pack"
#define ADVERT GIT_TYPE(FETCH, "advertisement")
#define GREETED                                                                \
	{                                                                      \
		.status = "200 OK", .headers = ADVERT, .body = "refs"          \
	}
#define GREETING                                                               \
	"GET /team/r.git/info/refs?service=git-upload-pack HTTP/1.1\r\n"

/* What receives an answer, and when it is at its end. */
struct receiver {
	struct buf got;
	const char *end; /* the last bytes of the answer; NULL: it fails */
};

static int receive(void *ctx, const void *data, size_t len, struct err *err)
{
	struct receiver *r = ctx;

	buf_add(&r->got, data, len);
	if (!r->end)
		return err_set(err, ERR_FORMAT, "not in Git's protocol");
	return str_ends(buf_str(&r->got), r->end) ? 1 : 0;
}

struct fixture {
	struct test_git t;
	struct transport *transport;
	struct receiver to;
	struct err err;
};

static void setup(struct fixture *f, const char *service,
    const struct script_reply *replies, size_t count)
{
	f->err = (struct err)ERR_INIT;
	f->to = (struct receiver){.got = BUF_INIT, .end = "refs"};
	test_git_start(&f->t, replies, count);
	f->transport =
	    transport_http_new(&f->t.where, &f->t.access, service, &f->err);
	assert_non_null(f->transport);
}

static void teardown(struct fixture *f)
{
	transport_free(f->transport);
	buf_done(&f->to.got);
	test_git_stop(&f->t);
}

static int greet(struct fixture *f)
{
	buf_clear(&f->to.got);
	f->err = (struct err)ERR_INIT;
	return transport_greet(f->transport, receive, &f->to, &f->err);
}

static int ask(struct fixture *f, const struct transport_body *body)
{
	buf_clear(&f->to.got);
	f->err = (struct err)ERR_INIT;
	return transport_request(f->transport, body, receive, &f->to, &f->err);
}

static const struct transport_body hello = {.data = "hello", .len = 5};

#define assert_refused(f, call, expected, says)                                \
	do {                                                                   \
		assert_int_equal((call), -1);                                  \
		if ((f)->err.code != (expected))                               \
			fail_msg(                                              \
			    "code %d: %s", (f)->err.code, (f)->err.message);   \
		assert_contains((f)->err.message, says);                       \
		assert_null(strstr((f)->err.message, "HUSH"));                 \
	} while (0)

/* ---- the greeting ---- */

static void a_greeting_asks_for_version_2_but_for_a_push(void **state)
{
	static const struct script_reply fetch[] = {GREETED};
	static const struct script_reply push[] = {{.status = "200 OK",
	    .headers = GIT_TYPE("git-receive-pack", "advertisement"),
	    .body = "refs"}};
	struct fixture f;

	(void)state;
	setup(&f, FETCH, fetch, 1);
	assert_int_equal(greet(&f), 0);
	assert_string_equal(buf_str(&f.to.got), "refs");
	assert_git_asked(&f.t, 0, GREETING);
	autofree char *version =
	    script_server_header(f.t.server, 0, "Git-Protocol");
	autofree char *accept = script_server_header(f.t.server, 0, "Accept");
	assert_string_equal(version, "version=2");
	assert_string_equal(accept, "*/*");
	teardown(&f);
	setup(&f, "git-receive-pack", push, 1);
	assert_int_equal(greet(&f), 0);
	assert_git_asked(&f.t, 0,
	    "GET /team/r.git/info/refs?service=git-receive-pack HTTP/1.1\r\n");
	autofree char *none =
	    script_server_header(f.t.server, 0, "Git-Protocol");
	assert_null(none);
	teardown(&f);
}

static void what_is_no_greeting_says_so(void **state)
{
	static const struct {
		struct script_reply reply;
		bool anonymous;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "401 Unauthorized"}, false, ERR_DENIED,
		"/team/r.git: 401 Unauthorized: the server refuses the user "
		"and password or token (user 'ann'); not tried again"},
	    {{.status = "403 Forbidden"}, false, ERR_DENIED,
		"403 Forbidden: the server refuses the user and password"},
	    {{.status = "401 Unauthorized"}, true, ERR_DENIED,
		"the server wants credentials: give user and password_file"},
	    {{.status = "404 Not Found", .body = "no such thing"}, false,
		ERR_NOT_FOUND,
		"/team/r.git: 404 Not Found: no such thing (a host may also "
		"hide a repository that the credentials do not open)"},
	    {{.status = "410 Gone"}, false, ERR_NOT_FOUND, "410 Gone"},
	    {{.status = "501 Not Implemented"}, false, ERR_NETWORK,
		"/team/r.git: 501 Not Implemented"},
	    {{.status = "200 OK",
		 .headers = "Content-Type: text/html\r\n",
		 .body = "<html>"},
		false, ERR_FORMAT,
		"no Git server that speaks the smart protocol answers there "
		"(Content-Type 'text/html')"},
	    {{.status = "200 OK", .body = "refs"}, false, ERR_FORMAT,
		"(Content-Type '')"},
	    /* That of a push. */
	    {{.status = "200 OK",
		 .headers = GIT_TYPE("git-receive-pack", "advertisement"),
		 .body = "refs"},
		false, ERR_FORMAT, "smart protocol"},
	    {{.status = "200 OK", .headers = ADVERT, .body = "re"}, false,
		ERR_NETWORK,
		"/team/r.git: the server's answer ends before it is complete"},
	    {{.status = "200 OK", .headers = ADVERT}, false, ERR_NETWORK,
		"ends before it is complete"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, FETCH, &cases[i].reply, 1);
		if (cases[i].anonymous)
			f.t.access.password = NULL;
		assert_refused(&f, greet(&f), cases[i].code, cases[i].says);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
	static const struct script_reply greeted = GREETED;
	struct fixture f;
	setup(&f, FETCH, &greeted, 1);
	f.to.end = NULL;
	assert_refused(
	    &f, greet(&f), ERR_FORMAT, "/team/r.git: not in Git's protocol");
	teardown(&f);
}

static void a_greeting_is_tried_three_times(void **state)
{
	static const struct script_reply busy = {.status = "503 Busy"};
	const struct script_reply passes[] = {busy,
	    {.bytes =
		    "HTTP/1.1 200 OK\r\n" ADVERT "Content-Length: 9\r\n\r\nre",
		.close = 1},
	    GREETED};
	const struct script_reply stays[] = {busy, busy, busy, GREETED};
	struct fixture f;

	(void)state;
	setup(&f, FETCH, passes, 3);
	assert_int_equal(greet(&f), 0);
	assert_string_equal(buf_str(&f.to.got), "refs");
	assert_int_equal(script_server_count(f.t.server), 3);
	teardown(&f);
	setup(&f, FETCH, stays, 4);
	assert_refused(&f, greet(&f), ERR_NETWORK, "/team/r.git: 503");
	assert_int_equal(script_server_count(f.t.server), 3);
	teardown(&f);
}

/* ---- redirects ---- */

#define SUFFIX "/info/refs?service=git-upload-pack"

static void a_redirect_on_the_host_is_followed_with_credentials(void **state)
{
	for (int absolute = 0; absolute < 2; absolute++) {
		struct script_reply replies[] = {{.status = "301 Moved"},
		    GREETED, {.status = "200 OK", .body = "refs"}};
		struct fixture f;
		(void)state;
		setup(&f, FETCH, replies, 3);
		autofree char *to =
		    script_server_url(f.t.server, "/new/r.git" SUFFIX);
		autofree char *headers = str_printf(
		    "Location: %s\r\n", absolute ? to : strstr(to, "/new/"));
		replies[0].headers = headers;
		assert_int_equal(greet(&f), 0);
		assert_git_asked(
		    &f.t, 1, "GET /new/r.git" SUFFIX " HTTP/1.1\r\n");
		/* What follows is asked there at once. */
		assert_int_equal(ask(&f, &hello), 0);
		assert_git_asked(
		    &f.t, 2, "POST /new/r.git/git-upload-pack HTTP/1.1\r\n");
		teardown(&f);
	}
}

static void a_redirect_to_what_is_no_repository_is_refused(void **state)
{
	static const char *const headers[] = {NULL,
	    "Location: /users/sign_in\r\n",
	    "Location: /new/r.git/info/refs\r\n",
	    "Location: //evil.example/r.git" SUFFIX "\r\n",
	    "Location: new/r.git" SUFFIX "\r\n",
	    "Location: ftp://127.0.0.1/r.git" SUFFIX "\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		const struct script_reply replies[] = {
		    {.status = "302 Found", .headers = headers[i]}, GREETED};
		struct fixture f;
		setup(&f, FETCH, replies, 2);
		assert_refused(&f, greet(&f), ERR_NETWORK,
		    "/team/r.git: redirected (302) to what is not a "
		    "repository; give the repository's own URL");
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
}

static void another_host_is_gone_to_by_name_and_without_credentials(
    void **state)
{
	static const struct script_reply elsewhere[] = {
	    {.status = "401 Unauthorized"}, GREETED};

	(void)state;
	for (int named = 0; named < 2; named++) {
		struct script_server *other = script_server_start(elsewhere, 2);
		struct script_reply replies[] = {
		    {.status = "301 Moved"}, {.status = "301 Moved"}};
		cleanup(strvec_done) struct strvec hosts = VEC_INIT;
		struct fixture f;
		setup(&f, FETCH, replies, 2);
		autofree char *to =
		    script_server_url(other, "/new/r.git" SUFFIX);
		autofree char *headers = str_printf("Location: %s\r\n", to);
		autofree char *host =
		    str_printf("127.0.0.1:%d", script_server_port(other));
		replies[0].headers = headers;
		strvec_add(&hosts, "other.test");
		if (named)
			strvec_add(&hosts, host);
		f.t.access.redirect_hosts = &hosts;
		assert_refused(&f, greet(&f), ERR_DENIED,
		    named ? "/new/r.git: 401 Unauthorized, and the configured "
			    "credentials are not sent to another host than "
			    "127.0.0.1:"
			  : "/new/r.git, which is another host or not "
			    "encrypted; not followed: give that URL, or name "
			    "the host in redirect_hosts");
		assert_int_equal(script_server_count(other), named ? 1 : 0);
		if (named) {
			autofree char *header =
			    script_server_header(other, 0, "Authorization");
			assert_null(header);
			assert_int_equal(greet(&f), 0);
		}
		teardown(&f);
		script_server_stop(other);
	}
}

static void redirects_end(void **state)
{
	static const struct script_reply on = {.status = "301 Moved",
	    .headers = "Location: /new/r.git" SUFFIX "\r\n"};
	const struct script_reply replies[] = {on, on, on, on, on, on, on};
	struct fixture f;

	(void)state;
	setup(&f, FETCH, replies, 7);
	assert_refused(&f, greet(&f), ERR_NETWORK,
	    "/new/r.git: redirected more than 5 times");
	assert_int_equal(script_server_count(f.t.server), 6);
	teardown(&f);
}

/* ---- requests ---- */

static void a_request_is_sent_from_memory_or_from_a_file(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "refs"},
	    {.status = "200 OK", .body = "refs"}};
	struct fixture f;
	struct err err = ERR_INIT;
	char *dir = test_dir_make();
	autoclose int fd = file_unnamed(dir, &err);
	const struct transport_body file = {.fd = fd, .len = 9};

	(void)state;
	assert_ok(file_write_all(fd, "in a file", 9, dir, &err), err);
	setup(&f, FETCH, replies, 2);
	assert_int_equal(ask(&f, &hello), 0);
	assert_git_asked(
	    &f.t, 0, "POST /team/r.git/git-upload-pack HTTP/1.1\r\n");
	assert_string_equal(script_server_body(f.t.server, 0), "hello");
	autofree char *type =
	    script_server_header(f.t.server, 0, "Content-Type");
	autofree char *accept = script_server_header(f.t.server, 0, "Accept");
	autofree char *version =
	    script_server_header(f.t.server, 0, "Git-Protocol");
	assert_string_equal(type, "application/x-git-upload-pack-request");
	assert_string_equal(accept, "application/x-git-upload-pack-result");
	assert_string_equal(version, "version=2");
	assert_int_equal(ask(&f, &file), 0);
	assert_string_equal(script_server_body(f.t.server, 1), "in a file");
	teardown(&f);
	test_dir_remove(dir);
}

/* It may have been done: nobody sends it again. */
static void a_request_that_fails_is_not_repeated(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "503 Busy"}, ERR_NETWORK, "/team/r.git: 503"},
	    {{.status = "301 Moved",
		 .headers = "Location: /new/r.git/git-upload-pack\r\n"},
		ERR_NETWORK,
		"/team/r.git/git-upload-pack: redirected (301) in the middle "
		"of an exchange"},
	    {{.status = "403 Forbidden"}, ERR_DENIED, "403 Forbidden"},
	    {{.status = "200 OK", .body = "re"}, ERR_NETWORK,
		"/team/r.git: the server's answer ends before it is complete"},
	    {{.status = "200 OK"}, ERR_NETWORK, "ends before it is complete"},
	    {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nre",
		 .close = 1},
		ERR_NETWORK, "POST http://127.0.0.1:"},
	    {{.close = 2}, ERR_NETWORK, "POST http://127.0.0.1:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {
		    cases[i].reply, {.status = "200 OK", .body = "refs"}};
		struct fixture f;
		setup(&f, FETCH, replies, 2);
		assert_refused(
		    &f, ask(&f, &hello), cases[i].code, cases[i].says);
		assert_int_equal(script_server_count(f.t.server), 1);
		teardown(&f);
	}
	static const struct script_reply whole = {
	    .status = "200 OK", .body = "refs"};
	struct fixture f;
	setup(&f, FETCH, &whole, 1);
	f.to.end = NULL;
	assert_refused(
	    &f, ask(&f, &hello), ERR_FORMAT, "not in Git's protocol");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_greeting_asks_for_version_2_but_for_a_push),
	    cmocka_unit_test(what_is_no_greeting_says_so),
	    cmocka_unit_test(a_greeting_is_tried_three_times),
	    cmocka_unit_test(
		a_redirect_on_the_host_is_followed_with_credentials),
	    cmocka_unit_test(a_redirect_to_what_is_no_repository_is_refused),
	    cmocka_unit_test(
		another_host_is_gone_to_by_name_and_without_credentials),
	    cmocka_unit_test(redirects_end),
	    cmocka_unit_test(a_request_is_sent_from_memory_or_from_a_file),
	    cmocka_unit_test(a_request_that_fails_is_not_repeated),
	};

	return cmocka_run_group_tests_name("transport http", tests, NULL, NULL);
}
