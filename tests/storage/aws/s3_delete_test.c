#include "storage/aws/s3.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

static void done(struct s3_delete *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].refused);
		free(items[i].refused_code);
	}
}

static size_t occurrences(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

static void one_is_a_request_of_its_own(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "204 No Content"},
	    {.status = "404 Not Found",
		.body = "<Error><Code>NoSuchVersion</Code></Error>"},
	    {.status = "403 Forbidden",
		.body = "<Error><Code>AccessDenied</Code>"
			"<Message>it is locked</Message></Error>"},
	    {.status = "403 Forbidden",
		.body = "<Error><Code>AccessDenied</Code></Error>"},
	    /* No store says that: something before it does. */
	    {.status = "403 Forbidden", .body = "blocked by policy"},
	    {.status = "404 Not Found",
		.body = "<Error><Code>NoSuchBucket</Code></Error>"},
	};
	struct s3_delete d = {.key = "a/b c", .version_id = "v/1"};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 6);
	assert_ok(s3_delete(t.s3, &d, 1, &err), err);
	assert_null(d.refused);
	assert_contains(script_server_request(t.server, 0),
	    "DELETE /bucket/a/b%20c?versionId=v%2F1 HTTP/1.1\r\n");
	d.version_id = NULL;
	assert_ok(s3_delete(t.s3, &d, 1, &err), err);
	assert_null(d.refused);
	assert_contains(script_server_request(t.server, 1),
	    "DELETE /bucket/a/b%20c HTTP/1.1\r\n");
	assert_ok(s3_delete(t.s3, &d, 1, &err), err);
	assert_string_equal(d.refused, "AccessDenied: it is locked");
	assert_string_equal(d.refused_code, "AccessDenied");
	done(&d, 1);
	assert_ok(s3_delete(t.s3, &d, 1, &err), err);
	assert_string_equal(d.refused, "AccessDenied: no reason given");
	done(&d, 1);
	assert_fails(s3_delete(t.s3, &d, 1, &err), err, ERR_DENIED);
	assert_contains(err.message, "blocked by policy");
	assert_fails(s3_delete(t.s3, &d, 1, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "NoSuchBucket");
	test_s3_stop(&t);
}

static void many_are_one_request(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK",
	    .body = "<DeleteResult>"
		    "<Error><Key>a&amp;b</Key><VersionId>2</VersionId>"
		    "<Code>AccessDenied</Code><Message>locked</Message></Error>"
		    "<Error><Key>c</Key><Code>NoSuchKey</Code></Error>"
		    "<Error><Key>d</Key></Error>"
		    "</DeleteResult>"}};
	static const char body[] =
	    "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Quiet>true</Quiet>"
	    "<Object><Key>a&amp;b</Key><VersionId>1</VersionId></Object>"
	    "<Object><Key>a&amp;b</Key><VersionId>2</VersionId></Object>"
	    "<Object><Key>c</Key></Object>"
	    "<Object><Key>d</Key></Object></Delete>";
	struct s3_delete d[] = {{.key = "a&b", .version_id = "1"},
	    {.key = "a&b", .version_id = "2"}, {.key = "c"}, {.key = "d"}};
	cleanup(buf_done) struct buf md5 = BUF_INIT;
	uint8_t digest[DIGEST_MD5_LEN];
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 1);
	assert_ok(s3_delete(t.s3, d, 4, &err), err);
	assert_contains(script_server_request(t.server, 0),
	    "POST /bucket?delete= HTTP/1.1\r\n");
	assert_string_equal(script_server_body(t.server, 0), body);
	digest_of(DIGEST_MD5, body, sizeof(body) - 1, digest);
	base64_add(&md5, digest, sizeof(digest), true);
	autofree char *sent = script_server_header(t.server, 0, "Content-MD5");
	assert_string_equal(sent, buf_str(&md5));
	assert_null(d[0].refused);
	assert_string_equal(d[1].refused, "AccessDenied: locked");
	assert_null(d[2].refused);
	assert_string_equal(d[3].refused, "unknown: no reason given");
	done(d, 4);
	test_s3_stop(&t);
}

static void what_xml_cannot_say_goes_alone(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "204 No Content", .to = "DELETE /bucket/bell%07 "},
	    {.status = "204 No Content", .to = "DELETE /bucket/latin%E9 "},
	    {.status = "403 Forbidden",
		.to = "DELETE /bucket/end%EF%BF%BF ",
		.body = "<Error><Code>AccessDenied</Code></Error>"},
	    {.status = "204 No Content", .to = "DELETE /bucket/%EF%BF%BEom "},
	    {.status = "200 OK",
		.to = "POST /bucket?delete= ",
		.body = "<DeleteResult/>"},
	};
	struct s3_delete d[] = {{.key = "bell\a"}, {.key = "latin\xe9"},
	    {.key = "end\xef\xbf\xbf"}, {.key = "\xef\xbf\xbeom"},
	    {.key = "plain"}, {.key = "\xef\xbf\xbd"}};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 5);
	assert_ok(s3_delete(t.s3, d, 6, &err), err);
	assert_int_equal(script_server_count(t.server), 5);
	assert_contains(script_server_body(t.server, 4),
	    "<Object><Key>plain</Key></Object>"
	    "<Object><Key>\xef\xbf\xbd</Key></Object></Delete>");
	assert_int_equal(
	    occurrences(script_server_body(t.server, 4), "<Object>"), 2);
	assert_string_equal(d[2].refused_code, "AccessDenied");
	done(d, 6);
	/* Nothing is left for a batch. */
	static const struct script_reply gone[] = {
	    {.status = "204 No Content"}, {.status = "204 No Content"}};
	test_s3_stop(&t);
	test_s3_start(&t, gone, 2);
	assert_ok(s3_delete(t.s3, d, 2, &err), err);
	assert_int_equal(script_server_count(t.server), 2);
	test_s3_stop(&t);
}

static void a_thousand_a_request(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "<DeleteResult/>"},
	    {.status = "200 OK", .body = "<DeleteResult/>"},
	    {.status = "204 No Content"},
	};
	static struct s3_delete d[2001];
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 2001; i++)
		d[i].key = "k";
	d[2000].key = "last";
	test_s3_start(&t, replies, 3);
	assert_ok(s3_delete(t.s3, d, 2001, &err), err);
	assert_int_equal(script_server_count(t.server), 3);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    occurrences(script_server_body(t.server, i), "<Object>"),
		    1000);
	assert_contains(script_server_request(t.server, 2),
	    "DELETE /bucket/last HTTP/1.1\r\n");
	assert_ok(s3_delete(t.s3, d, 0, &err), err);
	assert_int_equal(script_server_count(t.server), 3);
	test_s3_stop(&t);
}

static void an_answer_that_is_none_is_an_error(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "200 OK",
		 .body = "<DeleteResult><Error><Key>z</Key>"
			 "<Code>AccessDenied</Code></Error></DeleteResult>"},
		ERR_FORMAT, "refused to delete 'z', which it was not asked to"},
	    {{.status = "200 OK",
		 .body = "<DeleteResult><Error><Code>AccessDenied</Code>"
			 "</Error></DeleteResult>"},
		ERR_FORMAT, "refused to delete '', which it was not asked to"},
	    {{.status = "200 OK", .body = "<html/>"}, ERR_FORMAT,
		"the answer is <html> and should be <DeleteResult>"},
	    {{.status = "200 OK", .body = "<DeleteResult><Err"}, ERR_FORMAT,
		"s3://bucket at http"},
	    {{.status = "200 OK"}, ERR_FORMAT, "s3://bucket at http"},
	    {{.status = "400 Bad Request",
		 .body = "<Error><Code>MalformedXML</Code></Error>"},
		ERR_FORMAT, "400 MalformedXML"},
	    {{.status = "403 Forbidden",
		 .body = "<Error><Code>AccessDenied</Code></Error>"},
		ERR_DENIED, "403 AccessDenied"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_delete d[] = {{.key = "a"}, {.key = "b"}};
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, &cases[i].reply, 1);
		assert_fails(s3_delete(t.s3, d, 2, &err), err, cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_int_equal(script_server_count(t.server), 1);
		done(d, 2);
		test_s3_stop(&t);
	}
}

static void what_passes_is_asked_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "503 Slow Down"},
	    {.status = "200 OK",
		.body = "<Error><Code>InternalError</Code></Error>"},
	    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
		      "<DeleteResult>",
		.close = 1},
	    {.status = "200 OK", .body = "<DeleteResult/>"},
	};
	struct s3_delete d[] = {{.key = "a"}, {.key = "b"}};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 4);
	assert_ok(s3_delete(t.s3, d, 2, &err), err);
	assert_int_equal(script_server_count(t.server), 4);
	assert_string_equal(
	    script_server_body(t.server, 3), script_server_body(t.server, 0));
	assert_null(d[0].refused);
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_is_a_request_of_its_own),
	    cmocka_unit_test(many_are_one_request),
	    cmocka_unit_test(what_xml_cannot_say_goes_alone),
	    cmocka_unit_test(a_thousand_a_request),
	    cmocka_unit_test(an_answer_that_is_none_is_an_error),
	    cmocka_unit_test(what_passes_is_asked_again),
	};

	return cmocka_run_group_tests_name("s3 delete", tests, NULL, NULL);
}
