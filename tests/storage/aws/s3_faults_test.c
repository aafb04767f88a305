/* What no real server does on demand, by a scripted server over TLS: the
 * client's answer to each, and that it never takes a failure for a success. */
#include "tests/support/script_server.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include "storage/aws/s3.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD(status, more) "HTTP/1.1 " status "\r\n" more "Content-Length: "
#define EMPTY(status, more)                                                    \
	{                                                                      \
		.bytes = HEAD(status, more) "0\r\n\r\n"                        \
	}
#define LIST                                                                   \
	{                                                                      \
		.bytes = HEAD("200 OK", "") "37\r\n\r\n"                       \
					    "<ListBucketResult></"             \
					    "ListBucketResult>"                \
	}

struct fixture {
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct aws_settings settings;
	struct secret *secret;
	struct script_server *server;
	struct aws *aws;
	struct s3 *s3;
	char *url;
};

/* 2023-11-14T22:13:20Z */
static const int64_t now_ms = 1700000000000;

static const char *no_environment(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	test_clock_init(&f->clock, now_ms);
	test_random_init(&f->random, 11);
	f->server = script_server_start_tls(replies, count);
	f->url = script_server_url(f->server, "");
	f->secret = secret_new("secret", 6);
	f->settings = (struct aws_settings){
	    .access_key_id = "AKIATEST",
	    .secret_access_key = f->secret,
	    .s3_endpoint = f->url,
	    .region = "us-east-1",
	    .ca_file = script_server_ca(f->server),
	    .env = no_environment,
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .cancel = &f->cancel,
	};
	f->aws = aws_open(&f->settings, &err);
	assert_non_null(f->aws);
	f->s3 = s3_new(f->aws, "bucket", &err);
	assert_non_null(f->s3);
}

#define SETUP(f, replies)                                                      \
	setup(&(f), replies, sizeof(replies) / sizeof(*(replies)))

static void teardown(struct fixture *f)
{
	s3_free(f->s3);
	aws_close(f->aws);
	secret_free(f->secret);
	script_server_stop(f->server);
	free(f->url);
}

static size_t asked(struct fixture *f)
{
	return script_server_count(f->server);
}

/* The value of a header of the i-th request. */
static char *header_of(struct fixture *f, size_t i, const char *name)
{
	const char *at = script_server_request(f->server, i);
	autofree char *start = str_printf("\r\n%s: ", name);

	at = strstr(at, start);
	assert_non_null(at);
	at += strlen(start);
	return str_ndup(at, strcspn(at, "\r\n"));
}

static char *error_reply(
    const char *status, const char *code, const char *more, const char *headers)
{
	autofree char *body = str_printf(
	    "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>so it is"
	    "</Message>%s</Error>",
	    code, more);

	return str_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
	    status, headers, strlen(body), body);
}

/* ---- what passes is tried again, and signed anew ---- */

static void passing_failures_are_tried_again_and_signed_anew(void **state)
{
	autofree char *slow =
	    error_reply("503 Slow Down", "SlowDown", "", "Retry-After: 3\r\n");
	autofree char *timeout =
	    error_reply("400 Bad Request", "RequestTimeout", "", "");
	autofree char *internal =
	    error_reply("500 Internal Server Error", "InternalError", "", "");
	const struct script_reply replies[] = {
	    {.bytes = internal},
	    {.bytes = slow},
	    {.bytes = timeout},
	    {.bytes = NULL, .close = 2},
	    LIST,
	};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_check(f.s3, &err), err);
	assert_true(asked(&f) >= 5);
	assert_true(f.clock.now_ms - now_ms >= 3000);
	autofree char *first = header_of(&f, 0, "X-Amz-Date");
	autofree char *last = header_of(&f, asked(&f) - 1, "X-Amz-Date");
	assert_string_equal(first, "20231114T221320Z");
	assert_true(strcmp(last, first) > 0);
	autofree char *one = header_of(&f, 0, "Authorization");
	autofree char *two = header_of(&f, asked(&f) - 1, "Authorization");
	assert_string_not_equal(one, two);
	teardown(&f);
}

static void what_never_passes_is_given_up(void **state)
{
	autofree char *slow = error_reply("503 Slow Down", "SlowDown", "", "");
	struct script_reply replies[20];
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		replies[i] = (struct script_reply){.bytes = slow};
	setup(&f, replies, 20);
	assert_fails(s3_check(f.s3, &err), err, ERR_NETWORK);
	assert_contains(err.message, "SlowDown");
	assert_contains(err.message, "after 6 attempts");
	assert_int_equal(asked(&f), 6);
	teardown(&f);
}

static void a_refusal_is_not_tried_again(void **state)
{
	autofree char *denied = error_reply("403 Forbidden", "AccessDenied", "",
	    "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n");
	const struct script_reply replies[] = {{.bytes = denied}, LIST};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_fails(s3_check(f.s3, &err), err, ERR_DENIED);
	assert_int_equal(asked(&f), 1);
	teardown(&f);
}

/* Other words for a disk that is full, of Ceph and of MinIO. */
static void a_store_without_room_says_so(void **state)
{
	static const char *const said[][2] = {
	    {"403 Forbidden", "QuotaExceeded"},
	    {"400 Bad Request", "XMinioAdminBucketQuotaExceeded"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		autofree char *full =
		    error_reply(said[i][0], said[i][1], "", "");
		const struct script_reply replies[] = {{.bytes = full}};
		struct fixture f = {0};
		struct err err = ERR_INIT;
		SETUP(f, replies);
		assert_fails(s3_check(f.s3, &err), err, ERR_SYSTEM);
		assert_int_equal(err.sys_errno, EDQUOT);
		assert_contains(err.message, "make room there");
		teardown(&f);
	}
}

static void a_customers_key_is_named_as_what_is_lacking(void **state)
{
	static const char body[] =
	    "<?xml version=\"1.0\"?><Error><Code>InvalidRequest</Code><Message>"
	    "The object was stored using a form of Server Side Encryption. The "
	    "correct parameters must be provided to retrieve the object."
	    "</Message></Error>";
	autofree char *refused = str_printf(
	    "HTTP/1.1 400 Bad Request\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	const struct script_reply replies[] = {{.bytes = refused}};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_fails(s3_check(f.s3, &err), err, ERR_FORMAT);
	assert_contains(err.message, "a customer's key (SSE-C)");
	teardown(&f);
}

/* ---- broken off ---- */

static void a_body_that_breaks_off_is_got_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "10\r\n\r\n12345",
		.close = 2},
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "10\r\n\r\n1234567",
		.close = 1},
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "10\r\n\r\n1234567890"},
	};
	const struct s3_get g = {.key = "k", .if_match = "\"e\""};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_get(f.s3, &g, 100, &body, NULL, &err), err);
	assert_string_equal(buf_str(&body), "1234567890");
	assert_int_equal(asked(&f), 3);
	teardown(&f);
}

static void a_range_that_breaks_off_goes_on_where_it_was(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = HEAD("206 Partial",
		 "ETag: \"e\"\r\n"
		 "Content-Range: bytes 0-9/10\r\n") "10\r\n\r\n12345",
		.close = 1},
	    {.bytes = HEAD("206 Partial",
		 "ETag: \"e\"\r\n"
		 "Content-Range: bytes 5-9/10\r\n") "5\r\n\r\n67890"},
	};
	const struct s3_get g = {.key = "k", .if_match = "\"e\""};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	char back[11] = "";
	autofree char *dir = test_dir_make();
	autoclose int fd = file_unnamed(dir, &err);

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_get_to_fd(f.s3, &g, 10, fd, 0, "scratch", 1, &err), err);
	assert_int_equal(pread(fd, back, 10, 0), 10);
	assert_string_equal(back, "1234567890");
	autofree char *range = header_of(&f, 1, "Range");
	assert_string_equal(range, "bytes=5-9");
	teardown(&f);
	test_dir_remove(steal(dir));
}

static void a_stream_that_breaks_off_goes_on_where_it_was(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "10\r\n\r\n12345",
		.close = 1},
	    {.bytes = HEAD("206 Partial",
		 "ETag: \"e\"\r\n"
		 "Content-Range: bytes 5-9/10\r\n") "5\r\n\r\n67890"},
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "10\r\n\r\n12345",
		.close = 1},
	    {.bytes = HEAD("206 Partial",
		 "ETag: \"f\"\r\n"
		 "Content-Range: bytes 5-9/10\r\n") "5\r\n\r\n67890"},
	    EMPTY("200 OK", "ETag: \"e\"\r\n"),
	};
	const struct s3_get g = {.key = "k"};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;
	cleanup(sink_freep) struct sink *to = test_sink(&got);
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_get_to_sink(f.s3, &g, to, &meta, &err), err);
	assert_string_equal(buf_str(&got), "1234567890");
	assert_int_equal(meta.size, 10);
	autofree char *range = header_of(&f, 1, "Range");
	autofree char *match = header_of(&f, 1, "If-Match");
	assert_string_equal(range, "bytes=5-");
	assert_string_equal(match, "\"e\"");
	assert_fails(
	    s3_get_to_sink(f.s3, &g, to, &meta, &err), err, ERR_EXISTS);
	buf_clear(&got);
	assert_ok(s3_get_to_sink(f.s3, &g, to, &meta, &err), err);
	assert_int_equal(got.len, 0);
	teardown(&f);
}

static void another_version_or_part_is_never_mixed_in(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = HEAD("206 Partial",
		 "ETag: \"e\"\r\n"
		 "Content-Range: bytes 0-9/10\r\n") "10\r\n\r\n12345",
		.close = 1},
	    /* A store that knows no If-Match, and another version by now. */
	    {.bytes = HEAD("206 Partial",
		 "ETag: \"f\"\r\n"
		 "Content-Range: bytes 5-9/10\r\n") "5\r\n\r\n67890"},
	    /* One that knows no ranges. */
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "10\r\n\r\n1234567890"},
	};
	const struct s3_get g = {.key = "k", .if_match = "\"e\""};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	autofree char *dir = test_dir_make();
	autoclose int fd = file_unnamed(dir, &err);

	(void)state;
	SETUP(f, replies);
	assert_fails(s3_get_to_fd(f.s3, &g, 10, fd, 0, "scratch", 1, &err), err,
	    ERR_EXISTS);
	assert_fails(s3_get_to_fd(f.s3, &g, 10, fd, 0, "scratch", 1, &err), err,
	    ERR_FORMAT);
	teardown(&f);
	test_dir_remove(steal(dir));
}

static void a_list_is_whole_or_an_error(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = HEAD("200 OK", "") "90\r\n\r\n"
					 "<ListBucketResult><Contents>",
		.close = 1},
	    {.bytes = HEAD("200 OK",
		 "") "37\r\n\r\n<ListBucketResult></ListBucketResult>"},
	    {.bytes = HEAD("200 OK", "") "18\r\n\r\n<ListBucketResult>"},
	    {.bytes =
		    HEAD("200 OK", "") "27\r\n\r\n<html><h1>Login</h1></html>"},
	    {.bytes = HEAD(
		 "200 OK", "") "68\r\n\r\n<ListBucketResult><IsTruncated>true"
			       "</IsTruncated></ListBucketResult>"},
	};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	cleanup(s3_objects_done) struct s3_object_vec list = VEC_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_list_all(f.s3, NULL, &list, &err), err);
	assert_int_equal(asked(&f), 2);
	for (int i = 0; i < 3; i++)
		assert_fails(
		    s3_list_all(f.s3, NULL, &list, &err), err, ERR_FORMAT);
	assert_contains(err.message, "does not say from where");
	teardown(&f);
}

static void a_list_that_is_not_found_is_of_no_bucket(void **state)
{
	autofree char *key = error_reply("404 Not Found", "NoSuchKey", "", "");
	autofree char *bucket =
	    error_reply("404 Not Found", "NoSuchBucket", "", "");
	const struct script_reply replies[] = {{.bytes = key},
	    {.bytes = bucket},
	    {.bytes = HEAD("404 Not Found", "") "0\r\n\r\n"}};
	static const char *const says[] = {
	    "answers a list of what is not there with an empty list",
	    "make the bucket",
	    "answers a list of what is not there with an empty list"};
	cleanup(s3_objects_done) struct s3_object_vec list = VEC_INIT;
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	for (int i = 0; i < 3; i++) {
		assert_fails(s3_list_all(f.s3, "prod/", &list, &err), err,
		    ERR_NOT_FOUND);
		assert_contains(err.message, says[i]);
	}
	teardown(&f);
}

/* ---- errors in what looks like a success ---- */

static void a_200_with_an_error_in_it_is_an_error(void **state)
{
	autofree char *passing =
	    error_reply("200 OK", "InternalError", "", "ETag: \"e\"\r\n");
	autofree char *lasting =
	    error_reply("200 OK", "EntityTooLarge", "", "ETag: \"e\"\r\n");
	const struct script_reply replies[] = {
	    {.bytes = passing},
	    EMPTY("200 OK", "ETag: \"e\"\r\n"),
	    {.bytes = lasting},
	};
	const struct s3_put p = {.key = "k"};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_put(f.s3, &p, "x", 1, NULL, &err), err);
	assert_int_equal(asked(&f), 2);
	assert_int_not_equal(s3_put(f.s3, &p, "x", 1, NULL, &err), 0);
	assert_contains(err.message, "EntityTooLarge");
	assert_int_equal(asked(&f), 3);
	teardown(&f);
}

/* ---- uploads in parts ---- */

enum { PART = 8 * 1024 * 1024, WHOLE = PART + 1000 };

static const struct script_reply begun = {
    .bytes = HEAD("200 OK", "") "86\r\n\r\n<InitiateMultipartUploadResult>"
				"<UploadId>up</UploadId>"
				"</InitiateMultipartUploadResult>",
    .to = "POST /bucket/big?uploads="};
static const struct script_reply part_1 = {
    .bytes = HEAD("200 OK", "ETag: \"p1\"\r\n") "0\r\n\r\n",
    .to = "partNumber=1&"};
static const struct script_reply part_2 = {
    .bytes = HEAD("200 OK", "ETag: \"p2\"\r\n") "0\r\n\r\n",
    .to = "partNumber=2&"};
static const struct script_reply aborted = {
    .bytes = HEAD("204 No Content", "") "0\r\n\r\n",
    .to = "DELETE /bucket/big?uploadId=up"};

static int upload(struct fixture *f, struct s3_meta *written, struct err *err)
{
	const struct s3_upload u = {.put = {.key = "big"}, .parallel = 1};
	autofree char *zeros = mem_zalloc(WHOLE);
	cleanup(sink_freep) struct sink *up = s3_sink(f->s3, &u, written, err);

	return sink_write(up, zeros, WHOLE, err) || sink_finish(up, err) ? -1
									 : 0;
}

/* The ETag that S3 gives to these parts. */
static char *parts_etag(void)
{
	autofree char *zeros = mem_zalloc(PART);
	uint8_t md5[2 * DIGEST_MD5_LEN], whole[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];

	digest_of(DIGEST_MD5, zeros, PART, md5);
	digest_of(DIGEST_MD5, zeros, WHOLE - PART, md5 + DIGEST_MD5_LEN);
	digest_of(DIGEST_MD5, md5, sizeof(md5), whole);
	digest_hex(whole, sizeof(whole), hex);
	return str_printf("%s-2", hex);
}

static bool was_aborted(struct fixture *f)
{
	for (size_t i = 0; i < asked(f); i++)
		if (str_starts(script_server_request(f->server, i),
			"DELETE /bucket/big?uploadId=up"))
			return true;
	return false;
}

static void a_complete_whose_answer_is_lost_is_looked_into(void **state)
{
	autofree char *gone =
	    error_reply("404 Not Found", "NoSuchUpload", "", "");
	autofree char *etag = parts_etag();
	autofree char *ours = str_printf("HTTP/1.1 200 OK\r\nETag: \"%s\"\r\n"
					 "Content-Length: %d\r\n\r\n",
	    etag, WHOLE);
	const struct script_reply replies[] = {
	    begun,
	    part_1,
	    part_2,
	    {.to = "POST /bucket/big?uploadId=up", .close = 2},
	    {.bytes = gone, .to = "POST /bucket/big?uploadId=up"},
	    {.bytes = ours, .to = "HEAD /bucket/big "},
	};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(upload(&f, &written, &err), err);
	assert_int_equal(written.size, WHOLE);
	assert_contains(written.etag, etag);
	assert_false(was_aborted(&f));
	teardown(&f);
}

static void a_complete_of_something_else_is_no_success(void **state)
{
	autofree char *gone =
	    error_reply("404 Not Found", "NoSuchUpload", "", "");
	autofree char *other = str_printf("HTTP/1.1 200 OK\r\nETag: \"x-2\"\r\n"
					  "Content-Length: %d\r\n\r\n",
	    WHOLE);
	const struct script_reply replies[] = {
	    begun,
	    part_1,
	    part_2,
	    {.bytes = gone, .to = "POST /bucket/big?uploadId=up"},
	    {.bytes = other, .to = "HEAD /bucket/big "},
	    aborted,
	};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_fails(upload(&f, NULL, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "NoSuchUpload");
	teardown(&f);
}

static void a_complete_with_an_error_in_its_200_is_none(void **state)
{
	/* As S3 does it: the status first, white space while it works. */
	autofree char *error = error_reply("200 OK", "InternalError", "", "");
	autofree char *xml = str_dup(strstr(error, "<Error>"));
	autofree char *late = str_printf("HTTP/1.1 200 OK\r\nContent-Length: "
					 "%zu\r\n\r\n    \r\n%s",
	    strlen(xml) + 6, xml);
	static const char done[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 81\r\n\r\n"
	    "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag>"
	    "</CompleteMultipartUploadResult>";
	const struct script_reply replies[] = {
	    begun,
	    part_1,
	    part_2,
	    {.bytes = late, .to = "POST /bucket/big?uploadId=up"},
	    {.bytes = done, .to = "POST /bucket/big?uploadId=up"},
	};
	struct fixture f = {0};
	struct err err = ERR_INIT;
	cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(upload(&f, &written, &err), err);
	assert_string_equal(written.etag, "\"e-2\"");
	assert_int_equal(asked(&f), 5);
	teardown(&f);
}

static void an_upload_that_fails_or_is_stopped_is_aborted(void **state)
{
	autofree char *denied = error_reply("403 Forbidden", "AccessDenied", "",
	    "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n");
	const struct script_reply failing[] = {
	    begun,
	    {.bytes = denied, .to = "partNumber=1&"},
	    part_2,
	    aborted,
	};
	const struct script_reply stopping[] = {begun, part_1, aborted};
	const struct s3_upload u = {.put = {.key = "big"}, .parallel = 1};
	autofree char *zeros = mem_zalloc(WHOLE);
	struct fixture f = {0};
	struct fixture g = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, failing);
	assert_fails(upload(&f, NULL, &err), err, ERR_DENIED);
	assert_true(was_aborted(&f));
	teardown(&f);
	SETUP(g, stopping);
	struct sink *up = s3_sink(g.s3, &u, NULL, &err);
	assert_ok(sink_write(up, zeros, WHOLE, &err), err);
	cancel_request(&g.cancel);
	assert_fails(sink_finish(up, &err), err, ERR_CANCELLED);
	sink_free(up);
	assert_true(was_aborted(&g));
	teardown(&g);
}

/* ---- conditional puts ---- */

static void a_conditional_put_whose_answer_is_lost_is_looked_into(void **state)
{
	autofree char *taken = error_reply(
	    "412 Precondition Failed", "PreconditionFailed", "", "");
	const struct script_reply replies[] = {
	    {.close = 2, .to = "PUT /bucket/lock "},
	    {.bytes = taken, .to = "PUT /bucket/lock "},
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "4\r\n\r\nmine",
		.to = "GET /bucket/lock "},
	    {.close = 2, .to = "PUT /bucket/lock "},
	    {.bytes = taken, .to = "PUT /bucket/lock "},
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "6\r\n\r\nyours!",
		.to = "GET /bucket/lock "},
	    /* Refused at once: it is another's, whatever it holds. */
	    {.bytes = taken, .to = "PUT /bucket/lock "},
	};
	const struct s3_put p = {.key = "lock", .if_none_match = true};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_put(f.s3, &p, "mine", 4, NULL, &err), err);
	assert_fails(s3_put(f.s3, &p, "mine", 4, NULL, &err), err, ERR_EXISTS);
	size_t before = asked(&f);
	assert_fails(s3_put(f.s3, &p, "mine", 4, NULL, &err), err, ERR_EXISTS);
	assert_int_equal(asked(&f), before + 1);
	teardown(&f);
}

/* libcurl sends again by itself what it sent over a kept connection that
 * turned out to be dead. */
static void a_put_over_a_dead_connection_is_looked_into_too(void **state)
{
	autofree char *taken = error_reply(
	    "412 Precondition Failed", "PreconditionFailed", "", "");
	const struct script_reply replies[] = {
	    LIST,
	    {.close = 1, .to = "PUT /bucket/lock "},
	    {.bytes = taken, .to = "PUT /bucket/lock "},
	    {.bytes = HEAD("200 OK", "ETag: \"e\"\r\n") "4\r\n\r\nmine",
		.to = "GET /bucket/lock "},
	};
	const struct s3_put p = {.key = "lock", .if_none_match = true};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_check(f.s3, &err), err);
	assert_ok(s3_put(f.s3, &p, "mine", 4, NULL, &err), err);
	teardown(&f);
}

/* ---- regions, clocks, hosts ---- */

static void a_region_that_is_told_is_gone_to(void **state)
{
	autofree char *malformed = error_reply("400 Bad Request",
	    "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>", "");
	const struct script_reply replies[] = {
	    EMPTY("301 Moved Permanently",
		"x-amz-bucket-region: eu-central-1\r\n"),
	    LIST,
	    {.bytes = malformed},
	    LIST,
	    LIST,
	};
	static const char *const regions[] = {"us-east-1", "eu-central-1",
	    "eu-central-1", "eu-west-1", "eu-west-1"};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	for (int i = 0; i < 3; i++)
		assert_ok(s3_check(f.s3, &err), err);
	for (size_t i = 0; i < 5; i++) {
		autofree char *a = header_of(&f, i, "Authorization");
		autofree char *scope = str_printf("/%s/s3/", regions[i]);
		assert_contains(a, scope);
	}
	teardown(&f);
}

static void a_region_that_is_told_again_and_again_ends(void **state)
{
	const struct script_reply replies[] = {
	    EMPTY("301 Moved", "x-amz-bucket-region: eu-central-1\r\n"),
	    EMPTY("301 Moved", "x-amz-bucket-region: eu-west-1\r\n"),
	    LIST,
	};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_int_not_equal(s3_check(f.s3, &err), 0);
	assert_int_equal(asked(&f), 2);
	teardown(&f);
}

static void a_clock_16_minutes_off_is_corrected_by_the_stores(void **state)
{
	autofree char *skewed =
	    error_reply("403 Forbidden", "RequestTimeTooSkewed", "",
		"Date: Tue, 14 Nov 2023 22:29:20 GMT\r\n");
	const struct script_reply replies[] = {{.bytes = skewed},
	    {.bytes = HEAD("200 OK", "Date: Tue, 14 Nov 2023 22:29:20 "
				     "GMT\r\n") "37\r\n\r\n<ListBucketResult>"
						"</ListBucketResult>"}};
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	assert_ok(s3_check(f.s3, &err), err);
	assert_in_range(aws_skew_ms(f.aws), 959000, 961000);
	autofree char *date = header_of(&f, 1, "X-Amz-Date");
	assert_true(strncmp(date, "20231114T2229", 13) == 0);
	teardown(&f);
}

static void another_host_never_gets_the_signature(void **state)
{
	struct script_server *other = script_server_start(NULL, 0);
	autofree char *to = script_server_url(other, "/bucket/?list-type=2");
	static const char *const statuses[] = {"301 Moved Permanently",
	    "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fixture f = {0};
		struct err err = ERR_INIT;
		autofree char *away =
		    str_printf("HTTP/1.1 %s\r\nLocation: %s\r\n"
			       "Content-Length: 0\r\n\r\n",
			statuses[i], to);
		const struct script_reply replies[] = {{.bytes = away}, LIST};
		SETUP(f, replies);
		assert_int_not_equal(s3_check(f.s3, &err), 0);
		assert_contains(err.message, "redirects are not followed");
		assert_int_equal(asked(&f), 1);
		teardown(&f);
	}
	assert_int_equal(script_server_count(other), 0);
	script_server_stop(other);
}

static void a_server_that_is_not_trusted_gets_nothing(void **state)
{
	static const struct script_reply replies[] = {LIST};
	struct script_server *other = script_server_start_tls(NULL, 0);
	struct fixture f = {0};
	struct err err = ERR_INIT;

	(void)state;
	SETUP(f, replies);
	struct aws_settings settings = f.settings;
	settings.ca_file = script_server_ca(other);
	cleanup(aws_closep) struct aws *a = aws_open(&settings, &err);
	cleanup(s3_freep) struct s3 *s = s3_new(a, "bucket", &err);
	assert_fails(s3_check(s, &err), err, ERR_DENIED);
	assert_int_equal(asked(&f), 0);
	script_server_stop(other);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(passing_failures_are_tried_again_and_signed_anew),
	    cmocka_unit_test(what_never_passes_is_given_up),
	    cmocka_unit_test(a_refusal_is_not_tried_again),
	    cmocka_unit_test(a_store_without_room_says_so),
	    cmocka_unit_test(a_customers_key_is_named_as_what_is_lacking),
	    cmocka_unit_test(a_body_that_breaks_off_is_got_again),
	    cmocka_unit_test(a_range_that_breaks_off_goes_on_where_it_was),
	    cmocka_unit_test(a_stream_that_breaks_off_goes_on_where_it_was),
	    cmocka_unit_test(another_version_or_part_is_never_mixed_in),
	    cmocka_unit_test(a_list_is_whole_or_an_error),
	    cmocka_unit_test(a_list_that_is_not_found_is_of_no_bucket),
	    cmocka_unit_test(a_200_with_an_error_in_it_is_an_error),
	    cmocka_unit_test(a_complete_whose_answer_is_lost_is_looked_into),
	    cmocka_unit_test(a_complete_of_something_else_is_no_success),
	    cmocka_unit_test(a_complete_with_an_error_in_its_200_is_none),
	    cmocka_unit_test(an_upload_that_fails_or_is_stopped_is_aborted),
	    cmocka_unit_test(
		a_conditional_put_whose_answer_is_lost_is_looked_into),
	    cmocka_unit_test(a_put_over_a_dead_connection_is_looked_into_too),
	    cmocka_unit_test(a_region_that_is_told_is_gone_to),
	    cmocka_unit_test(a_region_that_is_told_again_and_again_ends),
	    cmocka_unit_test(a_clock_16_minutes_off_is_corrected_by_the_stores),
	    cmocka_unit_test(another_host_never_gets_the_signature),
	    cmocka_unit_test(a_server_that_is_not_trusted_gets_nothing),
	};

	return cmocka_run_group_tests_name("s3 faults", tests, NULL, NULL);
}
