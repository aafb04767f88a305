/*
 * A session with AWS in an environment and a home of the test's, by its clock:
 * its S3 is a scripted server that answers every list, and nobody asks the real
 * instance metadata service.
 */
#ifndef TESTS_SUPPORT_AWS_H
#define TESTS_SUPPORT_AWS_H

#include "storage/aws/aws.h"
#include "storage/base/cancel.h"
#include "storage/base/str.h"
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#define TEST_AWS_NOW_MS INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */

struct test_aws {
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct strvec env; /* NAME, value, NAME, value, ... */
	char *home;
	/* To be changed before the session is opened, which the first question
	 * for credentials does. */
	struct aws_settings settings;
	struct script_server *store;
	struct script_reply replies[12]; /* the store's */
	char *url;
	struct aws *aws;
	struct err err;
};

void test_aws_init(struct test_aws *a);
void test_aws_done(struct test_aws *a);
void test_aws_set(struct test_aws *a, const char *name, const char *value);
/* A file of ~/.aws. */
void test_aws_write(struct test_aws *a, const char *name, const char *text);

/* Credentials are found, are described by something with `from` in it, and are
 * what a request to the store is signed with. Each secret that a test makes
 * holds "HUSH", which is never shown. */
void assert_credentials(struct test_aws *a, const char *from, const char *id);
void assert_no_credentials(
    struct test_aws *a, enum err_code code, const char *why);

/* Whole replies; the caller frees. Of STS, to "AssumeRole" or another action,
 * and with an expiration as RFC 3339 has it. */
char *test_aws_sts_reply(
    const char *action, const char *id, const char *expiration);
char *test_aws_reply(const char *status, const char *body);
/* As the container's and the instance's service give keys out. */
#define TEST_AWS_KEYS(id, until)                                               \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"" id                          \
	"\",\"SecretAccessKey\":\"HUSH\",\"Token\":\"t\","                     \
	"\"Expiration\":\"" until "\"}"

#endif
