/* Streams into objects. A Complete whose answer is lost is in s3_faults_test.c.
 */
#include "storage/aws/s3.h"

#include "storage/aws/s3_parts.h"
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

/* The least memory that a part may have, and so the size of all of them. */
enum { PART = 5 * 1024 * 1024 };

#define BEGUN                                                                  \
	{                                                                      \
		.status = "200 OK", .to = "POST /bucket/big?uploads=",         \
		.body = "<InitiateMultipartUploadResult><UploadId>u/1"         \
			"</UploadId></InitiateMultipartUploadResult>",         \
	}
#define TAKEN(n)                                                               \
	{                                                                      \
		.status = "200 OK",                                            \
		.to = "PUT /bucket/big?partNumber=" n "&uploadId=u%2F1 ",      \
		.headers = "ETag: \"p" n "\"\r\n",                             \
	}
#define COMPLETED                                                              \
	{                                                                      \
		.status = "200 OK", .to = "POST /bucket/big?uploadId=u%2F1 ",  \
		.headers = "x-amz-version-id: v\r\n",                          \
		.body =                                                        \
		    "<CompleteMultipartUploadResult><ETag>\"all-3\"</ETag>"    \
		    "</CompleteMultipartUploadResult>",                        \
	}
#define ABORTED                                                                \
	{                                                                      \
		.status = "204 No Content",                                    \
		.to = "DELETE /bucket/big?uploadId=u%2F1 ",                    \
	}
#define ERROR(code) "<Error><Code>" code "</Code></Error>"

struct fixture {
	struct test_s3 t;
	struct s3_meta written;
	struct s3_upload upload;
	char *data; /* PART of 'a', then of 'b', then "tail" */
	struct err err;
};

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	f->err = (struct err)ERR_INIT;
	f->written = (struct s3_meta)S3_META_INIT;
	f->upload = (struct s3_upload){
	    .put = {.key = "big"}, .memory_bytes = PART, .parallel = 1};
	f->data = mem_alloc(2 * PART + 5);
	memset(f->data, 'a', PART);
	memset(f->data + PART, 'b', PART);
	memcpy(f->data + 2 * PART, "tail", 5);
	test_s3_start(&f->t, replies, count);
}

static void teardown(struct fixture *f)
{
	test_s3_stop(&f->t);
	s3_meta_done(&f->written);
	free(f->data);
}

/* Written in pieces that fit no part. */
static int send(struct fixture *f, size_t len)
{
	enum { PIECE = 1000 * 1000 };
	cleanup(sink_freep) struct sink *up =
	    s3_sink(f->t.s3, &f->upload, &f->written, &f->err);

	if (!up)
		return -1;
	for (size_t at = 0; at < len; at += PIECE)
		if (sink_write(up, f->data + at,
			len - at < PIECE ? len - at : PIECE, &f->err))
			return -1;
	return sink_finish(up, &f->err);
}

#define assert_sent(f, len)                                                    \
	do {                                                                   \
		if (send(f, len))                                              \
			fail_msg("%s", (f)->err.message);                      \
	} while (0)
#define assert_not_sent(f, len, expected, says)                                \
	do {                                                                   \
		assert_int_equal(send(f, len), -1);                            \
		assert_int_equal((f)->err.code, expected);                     \
		assert_contains((f)->err.message, says);                       \
		assert_null((f)->written.etag);                                \
	} while (0)

static size_t asked(struct fixture *f, const char *start)
{
	size_t n = 0;

	for (size_t i = 0; i < script_server_count(f->t.server); i++)
		n += str_starts(script_server_request(f->t.server, i), start);
	return n;
}

static void assert_md5(const char *request, const void *data, size_t len)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	uint8_t md5[DIGEST_MD5_LEN];

	digest_of(DIGEST_MD5, data, len, md5);
	buf_add_str(&line, "\r\nContent-MD5: ");
	base64_add(&line, md5, sizeof(md5), true);
	buf_add_str(&line, "\r\n");
	assert_contains(request, buf_str(&line));
}

static void what_fits_one_part_is_one_put(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .headers = "ETag: \"e\"\r\n"},
	    {.status = "200 OK", .headers = "ETag: \"f\"\r\n"}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 2);
	f.upload.put.if_none_match = true;
	assert_sent(&f, PART);
	assert_string_equal(f.written.etag, "\"e\"");
	assert_int_equal(f.written.size, PART);
	const char *put = script_server_request(f.t.server, 0);
	assert_true(str_starts(put, "PUT /bucket/big HTTP/1.1\r\n"));
	assert_contains(put, "\r\nIf-None-Match: *\r\n");
	assert_md5(put, f.data, PART);
	assert_int_equal(strlen(script_server_body(f.t.server, 0)), PART);
	assert_sent(&f, 0);
	assert_int_equal(f.written.size, 0);
	assert_string_equal(f.written.etag, "\"f\"");
	assert_int_equal(script_server_count(f.t.server), 2);
	teardown(&f);
}

static void what_is_longer_is_sent_in_parts(void **state)
{
	static const struct script_reply replies[] = {
	    BEGUN, TAKEN("1"), TAKEN("2"), TAKEN("3"), COMPLETED};

	(void)state;
	for (int on_disk = 0; on_disk < 2; on_disk++) {
		struct fixture f;
		autofree char *dir = test_dir_make();
		char type[] = "text/x";
		const struct s3_meta meta = {.content_type = type};
		setup(&f, replies, 5);
		f.upload.put.meta = &meta;
		f.upload.scratch = on_disk ? dir : NULL;
		assert_sent(&f, 2 * PART + 4);
		assert_string_equal(f.written.etag, "\"all-3\"");
		assert_string_equal(f.written.version_id, "v");
		assert_int_equal(f.written.size, 2 * PART + 4);
		assert_int_equal(script_server_count(f.t.server), 5);
		assert_contains(script_server_request(f.t.server, 0),
		    "\r\ncontent-type: text/x\r\n");
		assert_string_equal(script_server_body(f.t.server, 0), "");
		for (size_t i = 1; i < 4; i++) {
			const char *part = script_server_request(f.t.server, i);
			size_t len = i < 3 ? PART : 4;
			const char *is = f.data + (i - 1) * PART;
			assert_null(strstr(part, "text/x"));
			assert_md5(part, is, len);
			assert_int_equal(
			    strlen(script_server_body(f.t.server, i)), len);
			assert_memory_equal(
			    script_server_body(f.t.server, i), is, len);
		}
		assert_string_equal(script_server_body(f.t.server, 4),
		    "<CompleteMultipartUpload "
		    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
		    "<Part><PartNumber>1</PartNumber><ETag>\"p1\"</ETag></Part>"
		    "<Part><PartNumber>2</PartNumber><ETag>\"p2\"</ETag></Part>"
		    "<Part><PartNumber>3</PartNumber><ETag>\"p3\"</ETag></Part>"
		    "</CompleteMultipartUpload>");
		assert_int_equal(asked(&f, "DELETE "), 0);
		teardown(&f);
		test_dir_remove(steal(dir));
	}
}

/* Parts side by side are completed in their order. */
static void parts_that_arrive_in_any_order_keep_theirs(void **state)
{
	static const struct script_reply replies[] = {
	    BEGUN, TAKEN("3"), TAKEN("2"), TAKEN("1"), COMPLETED};
	struct fixture f;

	(void)state;
	setup(&f, replies, 5);
	f.upload.parallel = 3;
	f.upload.memory_bytes = 3 * PART;
	/* Parts of what memory there is: 8 MiB, and the rest. */
	assert_sent(&f, 2 * PART + 4);
	assert_int_equal(script_server_count(f.t.server), 4);
	const char *done = script_server_body(f.t.server, 3);
	assert_contains(done,
	    "<PartNumber>1</PartNumber><ETag>\"p1\"</ETag></Part>"
	    "<Part><PartNumber>2</PartNumber><ETag>\"p2\"</ETag>");
	teardown(&f);
}

static void a_condition_is_checked_first_and_sent_last(void **state)
{
	static const struct script_reply there[] = {
	    {.status = "200 OK", .to = "HEAD /bucket/big "}};
	static const struct script_reply denied[] = {
	    {.status = "403 Forbidden", .to = "HEAD /bucket/big "}};
	static const struct script_reply free_key[] = {
	    {.status = "404 Not Found", .to = "HEAD /bucket/big "}, BEGUN,
	    TAKEN("1"), TAKEN("2"), COMPLETED};
	/* Ceph knows no condition on a Complete. */
	static const struct script_reply unknown[] = {
	    {.status = "404 Not Found", .to = "HEAD /bucket/big "}, BEGUN,
	    TAKEN("1"), TAKEN("2"),
	    {.status = "400 Bad Request",
		.to = "POST /bucket/big?uploadId=",
		.body = ERROR("NotImplemented")},
	    COMPLETED};
	struct fixture f;

	(void)state;
	setup(&f, there, 1);
	f.upload.put.if_none_match = true;
	assert_not_sent(
	    &f, PART + 1, ERR_EXISTS, "bucket/big is there already");
	assert_int_equal(script_server_count(f.t.server), 1);
	teardown(&f);
	setup(&f, denied, 1);
	f.upload.put.if_none_match = true;
	assert_not_sent(&f, PART + 1, ERR_DENIED, "403");
	assert_int_equal(script_server_count(f.t.server), 1);
	teardown(&f);
	setup(&f, free_key, 5);
	f.upload.put.if_none_match = true;
	assert_sent(&f, PART + 1);
	assert_contains(
	    script_server_request(f.t.server, 4), "\r\nIf-None-Match: *\r\n");
	teardown(&f);
	setup(&f, unknown, 6);
	f.upload.put.if_none_match = true;
	assert_sent(&f, PART + 1);
	assert_contains(
	    script_server_request(f.t.server, 4), "\r\nIf-None-Match: *\r\n");
	autofree char *condition =
	    script_server_header(f.t.server, 5, "If-None-Match");
	assert_null(condition);
	assert_string_equal(script_server_body(f.t.server, 5),
	    script_server_body(f.t.server, 4));
	teardown(&f);
}

static void what_fails_is_aborted_and_says_why(void **state)
{
	static const struct {
		struct script_reply replies[6];
		size_t count;
		enum err_code code;
		const char *says;
		size_t aborts;
	} cases[] = {
	    {{{.status = "403 Forbidden", .body = ERROR("AccessDenied")}}, 1,
		ERR_DENIED, "403 AccessDenied", 0},
	    {{{.status = "200 OK", .body = "<InitiateMultipartUploadResult/>"}},
		1, ERR_FORMAT,
		"bucket/big: the store began an upload and did not name it", 0},
	    {{{.status = "200 OK", .body = "<html/>"}}, 1, ERR_FORMAT,
		"should be <InitiateMultipartUploadResult>", 0},
	    {{BEGUN, {.status = "200 OK", .to = "partNumber=1&"}, ABORTED}, 3,
		ERR_FORMAT,
		"bucket/big: the store took a part and gave it no ETag", 1},
	    {{BEGUN,
		 {.status = "400 Bad Request",
		     .to = "partNumber=1&",
		     .body = ERROR("BadDigest")},
		 ABORTED},
		3, ERR_INTEGRITY, "400 BadDigest", 1},
	    {{BEGUN, TAKEN("1"),
		 {.status = "403 Forbidden",
		     .to = "partNumber=2&",
		     .body = ERROR("AccessDenied")},
		 ABORTED},
		4, ERR_DENIED, "upload of big to s3://bucket at http", 1},
	    {{BEGUN, TAKEN("1"), TAKEN("2"),
		 {.status = "400 Bad Request",
		     .to = "POST ",
		     .body = ERROR("InvalidPart")},
		 ABORTED},
		5, ERR_FORMAT, "400 InvalidPart", 1},
	    /* That the abort fails, too, hides no reason. */
	    {{BEGUN, TAKEN("1"), TAKEN("2"),
		 {.status = "400 Bad Request",
		     .to = "POST ",
		     .body = ERROR("InvalidPart")},
		 {.status = "403 Forbidden", .to = "DELETE "}},
		5, ERR_FORMAT, "400 InvalidPart", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		setup(&f, cases[i].replies, cases[i].count);
		assert_not_sent(&f, PART + 1, cases[i].code, cases[i].says);
		assert_int_equal(
		    asked(&f, "DELETE /bucket/big?uploadId=u%2F1 "),
		    cases[i].aborts);
		teardown(&f);
	}
}

static void what_is_given_up_is_aborted(void **state)
{
	static const struct script_reply replies[] = {
	    BEGUN, TAKEN("1"), ABORTED};

	(void)state;
	for (int by_name = 0; by_name < 2; by_name++) {
		struct fixture f;
		setup(&f, replies, 3);
		struct sink *up =
		    s3_sink(f.t.s3, &f.upload, &f.written, &f.err);
		assert_ok(sink_write(up, f.data, PART + 1, &f.err), f.err);
		if (by_name)
			sink_abort(up);
		sink_free(up);
		assert_int_equal(asked(&f, "DELETE /bucket/big?uploadId="), 1);
		assert_int_equal(asked(&f, "POST /bucket/big?uploadId="), 0);
		assert_null(f.written.etag);
		teardown(&f);
	}
	/* What was never begun leaves nothing to abort. */
	struct fixture f;
	setup(&f, NULL, 0);
	struct sink *up = s3_sink(f.t.s3, &f.upload, NULL, &f.err);
	assert_ok(sink_write(up, f.data, PART, &f.err), f.err);
	sink_free(up);
	assert_int_equal(script_server_count(f.t.server), 0);
	teardown(&f);
}

/* The answer to the first begin was lost: an upload of another id is there. */
static void an_upload_begun_twice_leaves_none_behind(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "500 Oh", .to = "POST /bucket/big?uploads="}, BEGUN,
	    TAKEN("1"), TAKEN("2"), COMPLETED,
	    {.status = "200 OK",
		.to = "GET /bucket?encoding-type=url&prefix=big&uploads= ",
		.body =
		    "<ListMultipartUploadsResult>"
		    "<Upload><Key>big</Key><UploadId>lost</UploadId></Upload>"
		    "<Upload><Key>big</Key><UploadId>u/1</UploadId></Upload>"
		    "<Upload><Key>bigger</Key><UploadId>x</UploadId></Upload>"
		    "</ListMultipartUploadsResult>"},
	    {.status = "204 No Content",
		.to = "DELETE /bucket/big?uploadId=lost "}};
	struct fixture f;

	(void)state;
	setup(&f, replies, 7);
	assert_sent(&f, PART + 1);
	assert_int_equal(asked(&f, "DELETE "), 1);
	assert_int_equal(asked(&f, "DELETE /bucket/big?uploadId=lost "), 1);
	teardown(&f);
}

static void what_cannot_fit_is_refused_before_anything_is_sent(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL, 0);
	f.upload.expected_bytes = s3_parts_hold(0, PART) + 1;
	assert_null(s3_sink(f.t.s3, &f.upload, NULL, &f.err));
	assert_int_equal(f.err.code, ERR_USAGE);
	assert_contains(f.err.message,
	    "bucket/big: 52428800001 bytes do not fit 10000 parts of at most "
	    "5 MiB: give uploads more memory");
	assert_int_equal(script_server_count(f.t.server), 0);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_fits_one_part_is_one_put),
	    cmocka_unit_test(what_is_longer_is_sent_in_parts),
	    cmocka_unit_test(parts_that_arrive_in_any_order_keep_theirs),
	    cmocka_unit_test(a_condition_is_checked_first_and_sent_last),
	    cmocka_unit_test(what_fails_is_aborted_and_says_why),
	    cmocka_unit_test(what_is_given_up_is_aborted),
	    cmocka_unit_test(an_upload_begun_twice_leaves_none_behind),
	    cmocka_unit_test(
		what_cannot_fit_is_refused_before_anything_is_sent),
	};

	return cmocka_run_group_tests_name("s3 upload", tests, NULL, NULL);
}
