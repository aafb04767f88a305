#include "storage/aws/credentials.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/aws.h"

#include <stdlib.h>
#include <string.h>

static void the_environment_is_used_before_a_profile(void **state)
{
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	test_aws_write(&f, "credentials",
	    "[default]\naws_access_key_id = FILE\n"
	    "aws_secret_access_key = HUSH\n");
	test_aws_set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	test_aws_set(&f, "AWS_SECRET_ACCESS_KEY", "HUSH");
	test_aws_set(&f, "AWS_SESSION_TOKEN", "session");
	assert_credentials(&f, "environment", "ENV");
	assert_contains(script_server_request(f.store, 0),
	    "X-Amz-Security-Token: session\r\n");
	test_aws_done(&f);
	test_aws_init(&f);
	test_aws_set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	assert_no_credentials(&f, ERR_USAGE, "AWS_SECRET_ACCESS_KEY is not");
	test_aws_done(&f);
}

static void a_web_identity_is_read_anew_and_sent_unsigned(void **state)
{
	struct test_aws f;
	autofree char *first = test_aws_sts_reply(
	    "AssumeRoleWithWebIdentity", "WEB1", "2023-11-14T23:13:20Z");
	autofree char *second = test_aws_sts_reply(
	    "AssumeRoleWithWebIdentity", "WEB2", "2023-11-15T01:13:20Z");
	const struct script_reply replies[] = {
	    {.bytes = first}, {.bytes = second}};
	struct script_server *sts = script_server_start(replies, 2);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	test_aws_init(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(file_write_durably(token, "jwt-1\n", 6, &f.err), f.err);
	test_aws_set(&f, "AWS_WEB_IDENTITY_TOKEN_FILE", token);
	test_aws_set(&f, "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
	test_aws_set(&f, "AWS_ROLE_SESSION_NAME", "pod-7");
	test_aws_set(&f, "AWS_ENDPOINT_URL_STS", url);
	assert_credentials(
	    &f, "web identity: role arn:aws:iam::1:role/pod", "WEB1");
	const char *asked = script_server_request(sts, 0);
	assert_contains(asked, "Action=AssumeRoleWithWebIdentity&");
	assert_contains(asked, "WebIdentityToken=jwt-1");
	assert_contains(asked, "RoleSessionName=pod-7");
	assert_null(strstr(asked, "Authorization:"));
	/* Not yet five minutes before the end: the same. */
	f.clock.now_ms = TEST_AWS_NOW_MS + 54 * 60 * 1000;
	assert_credentials(&f, "web identity", "WEB1");
	/* Kubernetes has renewed the token by now. */
	assert_ok(file_write_durably(token, "jwt-2\n", 6, &f.err), f.err);
	f.clock.now_ms = TEST_AWS_NOW_MS + 56 * 60 * 1000;
	assert_credentials(&f, "web identity", "WEB2");
	assert_contains(
	    script_server_request(sts, 1), "WebIdentityToken=jwt-2");
	script_server_stop(sts);
	test_aws_done(&f);
}

static void a_half_of_them_is_an_error_that_names_the_other(void **state)
{
	static const char *const halves[][2] = {
	    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY is not"},
	    {"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID is not"},
	    {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN is not"}};

	(void)state;
	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++) {
		struct test_aws f;
		test_aws_init(&f);
		test_aws_set(&f, halves[i][0], "HUSH");
		assert_no_credentials(&f, ERR_USAGE, halves[i][1]);
		test_aws_done(&f);
	}
	/* An empty variable is none. */
	struct test_aws f;
	test_aws_init(&f);
	test_aws_set(&f, "AWS_ACCESS_KEY_ID", "");
	test_aws_set(&f, "AWS_SECRET_ACCESS_KEY", "");
	assert_no_credentials(&f, ERR_USAGE, "no AWS credentials: searched");
	test_aws_done(&f);
}

static void a_web_identity_without_its_token_is_an_error(void **state)
{
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	test_aws_set(&f, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/jwt");
	test_aws_set(&f, "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
	assert_no_credentials(&f, ERR_NOT_FOUND, "/nonexistent/jwt");
	assert_contains(f.err.message, "web identity token");
	test_aws_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_environment_is_used_before_a_profile),
	    cmocka_unit_test(a_web_identity_is_read_anew_and_sent_unsigned),
	    cmocka_unit_test(a_half_of_them_is_an_error_that_names_the_other),
	    cmocka_unit_test(a_web_identity_without_its_token_is_an_error),
	};

	return cmocka_run_group_tests_name(
	    "credentials_keep", tests, NULL, NULL);
}
