/*
 * A bucket and a lock table whose store is script_server.h: "bucket", "locks".
 * Its clock stands still.
 */
#ifndef TESTS_SUPPORT_S3_SCRIPT_H
#define TESTS_SUPPORT_S3_SCRIPT_H

#include "storage/aws/dynamodb.h"
#include "storage/aws/s3.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

/* An answer with headers, each with its end, and a body of that length. */
#define S3_REPLY(STATUS, HEADERS, LEN, BODY)                                   \
	"HTTP/1.1 " STATUS "\r\n" HEADERS "Content-Length: " LEN "\r\n\r"      \
	"\n" BODY
#define S3_GONE S3_REPLY("404 Not Found", "", "0", "")
#define S3_DONE S3_REPLY("200 OK", "ETag: \"e\"\r\n", "0", "")
#define S3_DENIED S3_REPLY("403 Forbidden", "", "0", "")

/* May not be moved while it lives. */
struct test_s3 {
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct secret *secret;
	struct script_server *server;
	struct aws_settings settings;
	struct aws *aws;
	struct s3 *s3;
	struct dynamodb *locks;
	char *url;
};
/* Replies as script_server_start. */
void test_s3_start(
    struct test_s3 *t, const struct script_reply *replies, size_t count);
void test_s3_stop(struct test_s3 *t);
/* The first request with that in it, or NULL. */
const char *test_s3_request(const struct test_s3 *t, const char *part);

#endif
