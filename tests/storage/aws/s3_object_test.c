#include "storage/aws/s3.h"

#include "storage/base/cleanup.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

#define ERROR(code) "<Error><Code>" code "</Code></Error>"

static char *header(const struct test_s3 *t, const char *name)
{
	return script_server_header(t->server, 0, name);
}

static void assert_header(
    const struct test_s3 *t, const char *name, const char *value)
{
	autofree char *is = header(t, name);

	if (!value && is)
		fail_msg("%s: %s", name, is);
	if (value && !is)
		fail_msg("no %s", name);
	if (value)
		assert_string_equal(is, value);
}

static void a_head_asks_for_no_checksum_unless_told(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n"
		      "x-amz-version-id: v\r\n"
		      "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
		      "Content-Length: 12345678901\r\n\r\n"}};

	(void)state;
	for (int checksum = 0; checksum < 2; checksum++) {
		cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, replies, 1);
		assert_ok((checksum ? s3_head_checksum : s3_head)(
			      t.s3, "a//b/../c", "v", &meta, &err),
		    err);
		assert_contains(script_server_request(t.server, 0),
		    "HEAD /bucket/a//b/../c?versionId=v HTTP/1.1\r\n");
		assert_header(
		    &t, "x-amz-checksum-mode", checksum ? "ENABLED" : NULL);
		assert_header(&t, "Range", NULL);
		assert_string_equal(meta.etag, "\"e\"");
		assert_string_equal(meta.version_id, "v");
		assert_int_equal(meta.size, 12345678901);
		assert_int_equal(meta.mtime, 1700000000);
		test_s3_stop(&t);
	}
}

static void a_get_asks_for_what_it_is_told(void **state)
{
	static const struct {
		struct s3_get get;
		const char *range, *match, *checksum, *packing;
	} cases[] = {
	    {{.key = "k"}, NULL, NULL, NULL, "identity"},
	    {{.key = "k", .offset = 4, .len = 3}, "bytes=4-6", NULL, NULL,
		"identity"},
	    {{.key = "k", .offset = 4}, "bytes=4-", NULL, NULL, "identity"},
	    {{.key = "k",
		 .len = 3,
		 .if_match = "\"e\"",
		 .checksum = true,
		 .packed = true},
		"bytes=0-2", "\"e\"", "ENABLED", "gzip"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *headers = str_printf(
		    "ETag: \"e\"\r\nContent-Range: bytes %d-6/10\r\n",
		    (int)cases[i].get.offset);
		const struct script_reply reply = {
		    .status = "206 Partial", .headers = headers, .body = "456"};
		cleanup(buf_done) struct buf body = BUF_INIT;
		cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		buf_add_str(&body, "before");
		test_s3_start(&t, &reply, 1);
		assert_ok(
		    s3_get(t.s3, &cases[i].get, 3, &body, &meta, &err), err);
		assert_string_equal(buf_str(&body), "456");
		assert_int_equal(meta.size, 10);
		assert_contains(script_server_request(t.server, 0),
		    "GET /bucket/k HTTP/1.1\r\n");
		assert_header(&t, "Range", cases[i].range);
		assert_header(&t, "If-Match", cases[i].match);
		assert_header(&t, "x-amz-checksum-mode", cases[i].checksum);
		assert_header(&t, "Accept-Encoding", cases[i].packing);
		test_s3_stop(&t);
	}
}

static void an_answer_that_was_not_asked_for_is_refused(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "206 P",
		 .headers = "ETag: W/\"e\"\r\n"
			    "Content-Range: bytes 2-4/10\r\n",
		 .body = "345"},
		ERR_NONE, ""},
	    {{.status = "206 P",
		 .headers = "Content-Range: bytes 2-4/10\r\n",
		 .body = "345"},
		ERR_NONE, ""},
	    {{.status = "206 P",
		 .headers = "ETag: \"f\"\r\n"
			    "Content-Range: bytes 2-4/10\r\n",
		 .body = "345"},
		ERR_EXISTS, "bucket/k changed while it was read"},
	    {{.status = "206 P",
		 .headers = "ETag: \"e\"\r\n"
			    "Content-Range: bytes 0-2/10\r\n",
		 .body = "123"},
		ERR_FORMAT,
		"bucket/k: the store did not answer with the part that was "
		"asked for (Content-Range: bytes 0-2/10)"},
	    {{.status = "200 OK", .body = "123"}, ERR_FORMAT,
		"that was asked for (Content-Range: none)"},
	    {{.status = "206 P",
		 .headers = "Content-Range: bytes 2-4/10\r\n",
		 .body = "3456"},
		ERR_FORMAT, "larger than the 3 bytes allowed for it"},
	    {{.status = "416 Range Not Satisfiable",
		 .body = ERROR("InvalidRange")},
		ERR_FORMAT, "416 InvalidRange"},
	    {{.status = "412 Precondition Failed",
		 .body = ERROR("PreconditionFailed")},
		ERR_EXISTS, "412 PreconditionFailed"},
	    {{.status = "404 Not Found", .body = ERROR("NoSuchKey")},
		ERR_NOT_FOUND, "404 NoSuchKey"},
	    {{.status = "401 Unauthorized", .body = "log in"}, ERR_DENIED,
		"401 Unauthorized: log in"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct s3_get g = {
		    .key = "k", .if_match = "\"e\"", .offset = 2, .len = 3};
		cleanup(buf_done) struct buf body = BUF_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		buf_add_str(&body, "before");
		test_s3_start(&t, &cases[i].reply, 1);
		int failed = s3_get(t.s3, &g, 3, &body, NULL, &err);
		assert_int_equal(failed, cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_string_equal(buf_str(&body), failed ? "before" : "345");
		assert_int_equal(script_server_count(t.server), 1);
		test_s3_stop(&t);
	}
}

static void tags_are_read(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK",
		.body = "<Tagging><TagSet>"
			"<Tag><Key>a&amp;b</Key><Value>x y</Value></Tag>"
			"<Tag><Key>empty</Key><Value/></Tag>"
			"<Tag/></TagSet></Tagging>"},
	    {.status = "200 OK", .body = "<Tagging><TagSet/></Tagging>"},
	    {.status = "200 OK", .body = "<Taggings/>"},
	    {.status = "200 OK", .body = "<Tagging><TagSet>"},
	    {.status = "501 Not Implemented", .body = ERROR("NotImplemented")},
	};
	struct test_s3 t;
	struct err err = ERR_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;

	(void)state;
	test_s3_start(&t, replies, 5);
	assert_ok(s3_get_tags(t.s3, "k", "v", &tags, &err), err);
	assert_contains(script_server_request(t.server, 0),
	    "GET /bucket/k?tagging=&versionId=v HTTP/1.1\r\n");
	assert_int_equal(tags.len, 3);
	assert_string_equal(tags.items[0].name, "a&b");
	assert_string_equal(tags.items[0].value, "x y");
	assert_string_equal(tags.items[1].name, "empty");
	assert_string_equal(tags.items[1].value, "");
	assert_string_equal(tags.items[2].name, "");
	assert_ok(s3_get_tags(t.s3, "k", NULL, &tags, &err), err);
	assert_contains(script_server_request(t.server, 1),
	    "GET /bucket/k?tagging= HTTP/1.1\r\n");
	assert_int_equal(tags.len, 3);
	assert_fails(
	    s3_get_tags(t.s3, "k", NULL, &tags, &err), err, ERR_FORMAT);
	assert_contains(err.message, "should be <Tagging>");
	assert_fails(
	    s3_get_tags(t.s3, "k", NULL, &tags, &err), err, ERR_FORMAT);
	assert_fails(
	    s3_get_tags(t.s3, "k", NULL, &tags, &err), err, ERR_NETWORK);
	assert_contains(err.message, "501 NotImplemented");
	assert_int_equal(script_server_count(t.server), 5);
	test_s3_stop(&t);
}

static void an_object_is_locked(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK"},
	    {.status = "403 Forbidden", .body = ERROR("AccessDenied")}};
	char mode[] = "COMPLIANCE";
	const struct s3_meta meta = {
	    .lock_mode = mode, .lock_until = 1700000000};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 2);
	assert_ok(s3_put_retention(t.s3, "k", "v", &meta, &err), err);
	assert_contains(script_server_request(t.server, 0),
	    "PUT /bucket/k?retention=&versionId=v HTTP/1.1\r\n");
	assert_string_equal(script_server_body(t.server, 0),
	    "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Mode>COMPLIANCE</Mode><RetainUntilDate>2023-11-14T22:13:20Z"
	    "</RetainUntilDate></Retention>");
	assert_header(&t, "Content-MD5", "vx27bFOcHROju4U1A2yuaQ==");
	assert_fails(
	    s3_put_retention(t.s3, "k", NULL, &meta, &err), err, ERR_DENIED);
	test_s3_stop(&t);
}

static void a_put_says_what_it_is(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK",
	    .headers = "ETag: \"e\"\r\nx-amz-version-id: v7\r\n"}};
	static const struct s3_put puts[] = {{.key = "k"},
	    {.key = "k", .if_none_match = true},
	    {.key = "k", .if_match = "\"old\""}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, replies, 1);
		assert_ok(
		    s3_put(t.s3, &puts[i], "hello", 5, &written, &err), err);
		assert_contains(script_server_request(t.server, 0),
		    "PUT /bucket/k HTTP/1.1\r\n");
		assert_string_equal(script_server_body(t.server, 0), "hello");
		assert_header(&t, "Content-MD5", "XUFAKrxLKna5cZ2REBfFkg==");
		assert_header(&t, "X-Amz-Content-Sha256",
		    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362"
		    "938b9824");
		assert_header(&t, "If-None-Match", i == 1 ? "*" : NULL);
		assert_header(&t, "If-Match", i == 2 ? "\"old\"" : NULL);
		assert_string_equal(written.etag, "\"e\"");
		assert_string_equal(written.version_id, "v7");
		assert_int_equal(written.size, 5);
		test_s3_stop(&t);
	}
	struct test_s3 t;
	struct err err = ERR_INIT;
	test_s3_start(&t, replies, 1);
	assert_ok(s3_put(t.s3, &puts[0], NULL, 0, NULL, &err), err);
	assert_header(&t, "Content-Length", "0");
	assert_header(&t, "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==");
	test_s3_stop(&t);
}

static void a_put_that_is_refused_changes_nothing_here(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "403 Forbidden", .body = ERROR("AccessDenied")},
		ERR_DENIED, "'headers' of the configuration adds it"},
	    {{.status = "412 Precondition Failed"}, ERR_EXISTS, "412"},
	    {{.status = "400 Bad Request", .body = ERROR("BadDigest")},
		ERR_INTEGRITY, "400 BadDigest"},
	    {{.status = "507 Insufficient Storage"}, ERR_SYSTEM,
		"make room there"},
	    {{.status = "200 OK", .body = ERROR("EntityTooLarge")}, ERR_NETWORK,
		"200 EntityTooLarge"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct s3_put p = {.key = "k", .if_none_match = true};
		cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, &cases[i].reply, 1);
		assert_fails(s3_put(t.s3, &p, "x", 1, &written, &err), err,
		    cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_null(written.etag);
		assert_int_equal(written.size, 0);
		assert_int_equal(script_server_count(t.server), 1);
		test_s3_stop(&t);
	}
}

/* The answer to the first attempt was lost, and the second is refused. */
static void an_object_of_the_same_bytes_is_the_one_that_was_put(void **state)
{
	static const struct {
		struct script_reply found;
		const char *data;
		bool condition, ours;
	} cases[] = {
	    {{.status = "200 OK", .headers = "ETag: \"e\"\r\n", .body = "mine"},
		"mine", true, true},
	    {{.status = "200 OK", .headers = "ETag: \"e\"\r\n"}, "", true,
		true},
	    {{.status = "200 OK", .body = "mind"}, "mine", true, false},
	    {{.status = "200 OK", .body = "mine and more"}, "mine", true,
		false},
	    {{.status = "200 OK", .body = "min"}, "mine", true, false},
	    {{.status = "200 OK", .body = "x"}, "", true, false},
	    {{.status = "403 Forbidden"}, "mine", true, false},
	    {{.status = "200 OK", .body = "mine"}, "mine", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {{.status = "500 Oh"},
		    {.status = "412 Precondition Failed",
			.body = ERROR("PreconditionFailed")},
		    cases[i].found};
		const struct s3_put p = {.key = "k",
		    .if_none_match = cases[i].condition,
		    .if_match = cases[i].condition ? NULL : "\"old\""};
		cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, replies, 3);
		int failed = s3_put(t.s3, &p, cases[i].data,
		    strlen(cases[i].data), &written, &err);
		assert_int_equal(failed, cases[i].ours ? 0 : -1);
		assert_int_equal(
		    err.code, cases[i].ours ? ERR_NONE : ERR_EXISTS);
		assert_int_equal(
		    script_server_count(t.server), cases[i].condition ? 3 : 2);
		if (cases[i].ours) {
			assert_string_equal(written.etag, "\"e\"");
			assert_int_equal(written.size, strlen(cases[i].data));
		}
		test_s3_stop(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_head_asks_for_no_checksum_unless_told),
	    cmocka_unit_test(a_get_asks_for_what_it_is_told),
	    cmocka_unit_test(an_answer_that_was_not_asked_for_is_refused),
	    cmocka_unit_test(tags_are_read),
	    cmocka_unit_test(an_object_is_locked),
	    cmocka_unit_test(a_put_says_what_it_is),
	    cmocka_unit_test(a_put_that_is_refused_changes_nothing_here),
	    cmocka_unit_test(
		an_object_of_the_same_bytes_is_the_one_that_was_put),
	};

	return cmocka_run_group_tests_name("s3 object", tests, NULL, NULL);
}
