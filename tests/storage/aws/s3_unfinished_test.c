#include "storage/aws/s3.h"

#include "storage/base/cleanup.h"
#include "tests/support/s3_script.h"

#define UPLOADS(xml)                                                           \
	{                                                                      \
		.status = "200 OK",                                            \
		.body = "<ListMultipartUploadsResult>" xml                     \
			"</ListMultipartUploadsResult>",                       \
	}
#define GOES_ON(key, id)                                                       \
	"<IsTruncated>true</IsTruncated><NextKeyMarker>" key                   \
	"</NextKeyMarker><NextUploadIdMarker>" id "</NextUploadIdMarker>"

static void all_pages_are_listed(void **state)
{
	static const struct script_reply replies[] = {
	    UPLOADS("<EncodingType>url</EncodingType>" GOES_ON("a%2Fb+c",
		"up/1") "<Upload><Key>a%2Fb+c</Key><UploadId>up/1</UploadId>"
			"<Initiated>2023-11-14T22:13:20.000Z</Initiated>"
			"</Upload>"),
	    UPLOADS("<IsTruncated>false</IsTruncated>"
		    "<Upload><Key>a%2Fd</Key><UploadId>2</UploadId>"
		    "<Initiated>yesterday</Initiated></Upload>"
		    "<Upload><Key>e</Key><UploadId>3</UploadId></Upload>"),
	};
	struct test_s3 t;
	struct err err = ERR_INIT;
	cleanup(s3_multiparts_done) struct s3_multipart_vec all = VEC_INIT;

	(void)state;
	test_s3_start(&t, replies, 2);
	assert_ok(s3_list_multiparts(t.s3, "a/", &all, &err), err);
	assert_contains(script_server_request(t.server, 0),
	    "GET /bucket?encoding-type=url&prefix=a%2F&uploads= HTTP/1.1\r\n");
	assert_contains(script_server_request(t.server, 1),
	    "GET /bucket?encoding-type=url&key-marker=a%2Fb%20c&prefix=a%2F&"
	    "upload-id-marker=up%2F1&uploads= HTTP/1.1\r\n");
	assert_int_equal(all.len, 3);
	assert_string_equal(all.items[0].key, "a/b c");
	assert_string_equal(all.items[0].upload_id, "up/1");
	assert_int_equal(all.items[0].started, 1700000000);
	/* This page does not say that its keys are encoded. */
	assert_string_equal(all.items[1].key, "a%2Fd");
	assert_int_equal(all.items[1].started, 0);
	assert_string_equal(all.items[2].upload_id, "3");
	assert_int_equal(all.items[2].started, 0);
	test_s3_stop(&t);
}

/* The marker of the upload is for those of one key: a store may leave it out,
 * and the list goes on behind the key. */
static void a_key_alone_says_from_where(void **state)
{
	static const struct script_reply replies[] = {
	    UPLOADS("<IsTruncated>true</IsTruncated>"
		    "<NextKeyMarker>a</NextKeyMarker>"
		    "<Upload><Key>a</Key><UploadId>1</UploadId></Upload>"),
	    UPLOADS("<Upload><Key>b</Key><UploadId>2</UploadId></Upload>"),
	};
	struct test_s3 t;
	struct err err = ERR_INIT;
	cleanup(s3_multiparts_done) struct s3_multipart_vec all = VEC_INIT;

	(void)state;
	test_s3_start(&t, replies, 2);
	assert_ok(s3_list_multiparts(t.s3, NULL, &all, &err), err);
	assert_contains(script_server_request(t.server, 1),
	    "GET /bucket?encoding-type=url&key-marker=a&uploads= HTTP/1.1\r\n");
	assert_int_equal(all.len, 2);
	test_s3_stop(&t);
}

static void what_is_no_whole_list_is_refused(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {UPLOADS("<IsTruncated>true</IsTruncated>"), ERR_FORMAT,
		": uploads: the list goes on "
		"and does not say from where"},
	    {UPLOADS("<Upload><Key>a</Key></Upload>"), ERR_FORMAT,
		"an upload of the list has no key or no id"},
	    {UPLOADS("<Upload><UploadId>1</UploadId></Upload>"), ERR_FORMAT,
		"an upload of the list has no key or no id"},
	    {{.status = "200 OK", .body = "<ListBucketResult/>"}, ERR_FORMAT,
		"the answer is <ListBucketResult> and should be "
		"<ListMultipartUploadsResult>: is that endpoint S3?"},
	    {{.status = "200 OK", .body = "<ListMultipartUploadsResult>"},
		ERR_FORMAT, "s3://bucket at http"},
	    {{.status = "403 Forbidden",
		 .body = "<Error><Code>AccessDenied</Code><Message>no"
			 "</Message></Error>"},
		ERR_DENIED, "403 AccessDenied: no"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_s3 t;
		struct err err = ERR_INIT;
		cleanup(s3_multiparts_done) struct s3_multipart_vec all =
		    VEC_INIT;
		test_s3_start(&t, &cases[i].reply, 1);
		assert_fails(s3_list_multiparts(t.s3, NULL, &all, &err), err,
		    cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_int_equal(script_server_count(t.server), 1);
		test_s3_stop(&t);
	}
}

static void a_list_in_circles_ends(void **state)
{
	static const struct script_reply page = UPLOADS(
	    GOES_ON("a", "1") "<Upload><Key>a</Key><UploadId>1</UploadId>"
			      "</Upload>");
	struct script_reply replies[20];
	struct test_s3 t;
	struct err err = ERR_INIT;
	cleanup(s3_multiparts_done) struct s3_multipart_vec all = VEC_INIT;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		replies[i] = page;
	test_s3_start(&t, replies, 20);
	assert_fails(
	    s3_list_multiparts(t.s3, NULL, &all, &err), err, ERR_FORMAT);
	assert_contains(err.message, ": uploads: ");
	assert_true(script_server_count(t.server) < 20);
	test_s3_stop(&t);
}

static void an_abort_is_done_if_the_upload_is_gone(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "204 No Content"},
	    {.status = "404 Not Found",
		.body = "<Error><Code>NoSuchUpload</Code></Error>"},
	    {.status = "404 Not Found",
		.body = "<Error><Code>NoSuchBucket</Code></Error>"},
	    {.status = "403 Forbidden",
		.body = "<Error><Code>AccessDenied</Code></Error>"},
	    {.status = "503 Slow Down"},
	    {.status = "204 No Content"},
	};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 6);
	assert_ok(s3_abort_multipart(t.s3, "a/b c", "up/1", &err), err);
	assert_contains(script_server_request(t.server, 0),
	    "DELETE /bucket/a/b%20c?uploadId=up%2F1 HTTP/1.1\r\n");
	assert_ok(s3_abort_multipart(t.s3, "a", "1", &err), err);
	assert_fails(
	    s3_abort_multipart(t.s3, "a", "1", &err), err, ERR_NOT_FOUND);
	assert_fails(s3_abort_multipart(t.s3, "a", "1", &err), err, ERR_DENIED);
	err = (struct err)ERR_INIT;
	assert_ok(s3_abort_multipart(t.s3, "a", "1", &err), err);
	assert_int_equal(script_server_count(t.server), 6);
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_pages_are_listed),
	    cmocka_unit_test(a_key_alone_says_from_where),
	    cmocka_unit_test(what_is_no_whole_list_is_refused),
	    cmocka_unit_test(a_list_in_circles_ends),
	    cmocka_unit_test(an_abort_is_done_if_the_upload_is_gone),
	};

	return cmocka_run_group_tests_name("s3 unfinished", tests, NULL, NULL);
}
