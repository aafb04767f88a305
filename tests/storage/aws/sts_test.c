#include "storage/aws/sts.h"

#include "storage/aws/keys.h"
#include "storage/base/cleanup.h"
#include "storage/base/secret.h"
#include "tests/support/aws.h"

#include <stdlib.h>
#include <string.h>

static void open_session(struct test_aws *f, const char *sts_url)
{
	test_aws_init(f);
	f->settings.sts_endpoint = sts_url;
	f->settings.region = "eu-west-3";
	f->aws = aws_open(&f->settings, &f->err);
	if (!f->aws)
		fail_msg("%s", f->err.message);
}

/* The body of the i-th request, and what it was signed for. */
static const char *body_of(struct script_server *s, size_t i)
{
	return strstr(script_server_request(s, i), "\r\n\r\n") + 4;
}

/* Parameters as in the API reference of AssumeRole (version 2011-06-15). */
static void a_call_holds_what_the_role_needs(void **state)
{
	autofree char *reply =
	    test_aws_sts_reply("AssumeRole", "ROLE", "2023-11-14T23:13:20Z");
	const struct script_reply replies[] = {
	    {.bytes = reply}, {.bytes = reply}};
	struct script_server *sts = script_server_start(replies, 2);
	/* A slash at its end is not doubled. */
	autofree char *url = script_server_url(sts, "/");
	cleanup(aws_keys_done) struct aws_keys base = AWS_KEYS_INIT;
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	struct test_aws f;

	(void)state;
	open_session(&f, url);
	aws_keys_set(&base, "BASE", "HUSH", "session", 0);
	struct aws_assume r = {.role_arn = "arn:aws:iam::1:role/ops",
	    .session_name = "night&day",
	    .external_id = "e/1 +",
	    .duration_s = 900,
	    .with = &base};
	assert_ok(sts_assume_role(f.aws, &r, &keys, &f.err), f.err);
	assert_string_equal(keys.access_key_id, "ROLE");
	assert_string_equal(secret_reveal(keys.secret_access_key), "HUSH");
	assert_string_equal(secret_reveal(keys.session_token), "tok");
	assert_int_equal(keys.expires, TEST_AWS_NOW_MS / 1000 + 3600);
	assert_string_equal(body_of(sts, 0),
	    "Action=AssumeRole&Version=2011-06-15"
	    "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fops"
	    "&RoleSessionName=night%26day&ExternalId=e%2F1%20%2B"
	    "&DurationSeconds=900");
	const char *head = script_server_request(sts, 0);
	assert_true(str_starts(head, "POST / HTTP/1.1\r\n"));
	assert_contains(
	    head, "Credential=BASE/20231114/eu-west-3/sts/aws4_request");
	assert_contains(head, "X-Amz-Security-Token: session\r\n");
	assert_contains(head,
	    "Content-Type: application/x-www-form-urlencoded; "
	    "charset=utf-8\r\n");
	/* The least of it, signed for the role's own region. */
	r = (struct aws_assume){
	    .role_arn = "r", .with = &base, .region = "us-gov-west-1"};
	assert_ok(sts_assume_role(f.aws, &r, &keys, &f.err), f.err);
	assert_string_equal(body_of(sts, 1),
	    "Action=AssumeRole&Version=2011-06-15&RoleArn=r"
	    "&RoleSessionName=backstay");
	assert_contains(
	    script_server_request(sts, 1), "/us-gov-west-1/sts/aws4_request");
	script_server_stop(sts);
	test_aws_done(&f);
}

/* Whoever has no keys yet cannot sign. */
static void a_web_identity_is_sent_unsigned(void **state)
{
	autofree char *reply = test_aws_sts_reply(
	    "AssumeRoleWithWebIdentity", "WEB", "2023-11-14T23:13:20Z");
	const struct script_reply replies[] = {{.bytes = reply}};
	struct script_server *sts = script_server_start(replies, 1);
	autofree char *url = script_server_url(sts, "");
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	struct test_aws f;

	(void)state;
	open_session(&f, url);
	const struct aws_assume r = {
	    .role_arn = "r", .web_identity_token = "a.b-c/d="};
	assert_ok(sts_assume_role(f.aws, &r, &keys, &f.err), f.err);
	assert_string_equal(keys.access_key_id, "WEB");
	assert_string_equal(body_of(sts, 0),
	    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r"
	    "&RoleSessionName=backstay&WebIdentityToken=a.b-c%2Fd%3D");
	assert_null(strstr(script_server_request(sts, 0), "Authorization:"));
	script_server_stop(sts);
	test_aws_done(&f);
}

/* The role is named, what STS says is shown, and no token. */
static void a_refusal_names_the_role(void **state)
{
	static const struct {
		const char *status;
		const char *body;
		enum err_code code;
		const char *why;
	} cases[] = {
	    {"403 Forbidden",
		"<ErrorResponse><Error><Code>AccessDenied</Code>"
		"<Message>not authorized</Message></Error></ErrorResponse>",
		ERR_DENIED, "not authorized"},
	    {"200 OK", "<AssumeRoleResponse/>", ERR_FORMAT, ""},
	    {"200 OK", "no XML", ERR_FORMAT, ""},
	    {"200 OK", "", ERR_FORMAT, ""},
	    {"200 OK",
		"<AssumeRoleResponse><AssumeRoleResult><Credentials>"
		"<AccessKeyId>A</AccessKeyId></Credentials>"
		"</AssumeRoleResult></AssumeRoleResponse>",
		ERR_FORMAT, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *reply =
		    test_aws_reply(cases[i].status, cases[i].body);
		const struct script_reply replies[] = {{.bytes = reply}};
		struct script_server *sts = script_server_start(replies, 1);
		autofree char *url = script_server_url(sts, "");
		cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
		struct err err = ERR_INIT;
		struct test_aws f;
		open_session(&f, url);
		const struct aws_assume r = {
		    .role_arn = "arn:aws:iam::1:role/x",
		    .web_identity_token = "HUSH"};
		assert_fails(sts_assume_role(f.aws, &r, &keys, &err), err,
		    cases[i].code);
		assert_true(str_starts(
		    err.message, "assume role arn:aws:iam::1:role/x: "));
		assert_contains(err.message, cases[i].why);
		assert_null(strstr(err.message, "HUSH"));
		assert_null(keys.access_key_id);
		script_server_stop(sts);
		test_aws_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_holds_what_the_role_needs),
	    cmocka_unit_test(a_web_identity_is_sent_unsigned),
	    cmocka_unit_test(a_refusal_names_the_role),
	};

	return cmocka_run_group_tests_name("sts", tests, NULL, NULL);
}
