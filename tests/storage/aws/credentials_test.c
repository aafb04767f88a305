/* Where credentials come from, in AWS's own order, and that they are renewed
 * in time: by a scripted server in the place of each service that hands them
 * out. A real STS is asked in tests/e2e/state.bats. */
#include "storage/aws/s3.h"
#include "storage/aws/session.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/secret.h"
#include "tests/support/aws.h"

#include <stdlib.h>
#include <string.h>

static void settings_are_used_before_all(void **state)
{
	struct test_aws f;
	cleanup(secret_freep) struct secret *key = secret_new("HUSH", 4);

	(void)state;
	test_aws_init(&f);
	test_aws_set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	test_aws_set(&f, "AWS_SECRET_ACCESS_KEY", "HUSH");
	f.settings.access_key_id = "SET";
	f.settings.secret_access_key = key;
	assert_credentials(&f, "the configuration", "SET");
	test_aws_done(&f);
}

/* A file of profiles that cannot be read, as another account's, is in the way
 * only where something is to be had from it alone. */
static void settings_need_no_profiles(void **state)
{
	struct secret *hush = secret_new("HUSH", 4);
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	test_aws_set(&f, "AWS_CONFIG_FILE", f.home); /* a directory */
	test_aws_set(&f, "AWS_PROFILE", "another");
	f.settings.access_key_id = "SETTINGS";
	f.settings.secret_access_key = hush;
	assert_no_credentials(&f, ERR_SYSTEM,
	    "with access_key_id, secret_access_key "
	    "and region of its own does without");
	f.settings.region = "us-east-1";
	assert_credentials(&f, "the configuration", "SETTINGS");
	test_aws_done(&f);
	secret_free(hush);
}

static void a_profile_that_is_asked_for_is_not_passed_over(void **state)
{
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	test_aws_write(&f, "credentials",
	    "# two of them\n[default]\naws_access_key_id=A\n"
	    "aws_secret_access_key=HUSH\n\n[ops]\n"
	    "aws_access_key_id = B ; a comment\n"
	    "aws_secret_access_key = HUSH\naws_session_token = t\n");
	test_aws_write(&f, "config", "[profile ops]\nregion = eu-west-3\n");
	test_aws_set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	test_aws_set(&f, "AWS_SECRET_ACCESS_KEY", "HUSH");
	f.settings.profile = "ops";
	assert_credentials(&f, "profile 'ops'", "B");
	assert_string_equal(f.aws->region, "eu-west-3");
	test_aws_done(&f);
	test_aws_init(&f);
	f.settings.profile = "nobody";
	assert_no_credentials(&f, ERR_USAGE, "there is no profile 'nobody'");
	test_aws_done(&f);
}

static void a_renewal_that_fails_early_costs_nothing(void **state)
{
	struct test_aws f;
	autofree char *first = test_aws_sts_reply(
	    "AssumeRoleWithWebIdentity", "WEB1", "2023-11-14T23:13:20Z");
	static const char body[] =
	    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no more"
	    "</Message></Error></ErrorResponse>";
	autofree char *denied = test_aws_reply("403 Forbidden", body);
	const struct script_reply replies[] = {
	    {.bytes = first}, {.bytes = denied}, {.bytes = denied}};
	struct script_server *sts = script_server_start(replies, 3);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	test_aws_init(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(file_write_durably(token, "jwt", 3, &f.err), f.err);
	test_aws_set(&f, "AWS_WEB_IDENTITY_TOKEN_FILE", token);
	test_aws_set(&f, "AWS_ROLE_ARN", "arn");
	test_aws_set(&f, "AWS_ENDPOINT_URL_STS", url);
	assert_credentials(&f, "web identity", "WEB1");
	f.clock.now_ms = TEST_AWS_NOW_MS + 58 * 60 * 1000;
	assert_credentials(&f, "web identity", "WEB1");
	assert_int_equal(script_server_count(sts), 2);
	f.clock.now_ms = TEST_AWS_NOW_MS + 61 * 60 * 1000;
	assert_no_credentials(&f, ERR_DENIED, "AccessDenied");
	script_server_stop(sts);
	test_aws_done(&f);
}

/* ---- expiry ---- */

static char *expired(void)
{
	static const char body[] = "<Error><Code>ExpiredToken</Code><Message>"
				   "over</Message></Error>";

	return test_aws_reply("400 Bad Request", body);
}

static void expired_keys_are_renewed_once(void **state)
{
	struct test_aws f;
	autofree char *one = test_aws_reply(
	    "200 OK", TEST_AWS_KEYS("OLD", "2023-11-15T23:13:20Z"));
	autofree char *two = test_aws_reply(
	    "200 OK", TEST_AWS_KEYS("NEW", "2023-11-15T23:13:20Z"));
	autofree char *over = expired();
	const struct script_reply keys[] = {
	    {.bytes = one}, {.bytes = two}, {.bytes = two}};
	struct script_server *agent = script_server_start(keys, 3);
	autofree char *url = script_server_url(agent, "/");

	(void)state;
	test_aws_init(&f);
	test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	f.replies[0].bytes = f.replies[2].bytes = f.replies[3].bytes = over;
	f.aws = aws_open(&f.settings, &f.err);
	cleanup(s3_freep) struct s3 *s = s3_new(f.aws, "bucket", &f.err);
	assert_ok(s3_check(s, &f.err), f.err);
	assert_contains(script_server_request(f.store, 0), "Credential=OLD/");
	assert_contains(script_server_request(f.store, 1), "Credential=NEW/");
	struct err err = ERR_INIT;
	assert_fails(s3_check(s, &err), err, ERR_DENIED);
	assert_contains(err.message, "renew the session");
	assert_int_equal(script_server_count(f.store), 4);
	script_server_stop(agent);
	test_aws_done(&f);
}

/* Somebody else's tool renews the file: what expired is read again from it. */
static void a_credentials_file_is_read_again(void **state)
{
	struct test_aws f;
	autofree char *over = expired();

	(void)state;
	test_aws_init(&f);
	test_aws_write(&f, "credentials",
	    "[default]\naws_access_key_id = OLD\naws_secret_access_key = HUSH"
	    "\naws_session_token = t\n");
	f.replies[1].bytes = over;
	assert_credentials(&f, "profile 'default'", "OLD");
	test_aws_write(&f, "credentials",
	    "[default]\naws_access_key_id = NEW\naws_secret_access_key = HUSH"
	    "\naws_session_token = u\n");
	cleanup(s3_freep) struct s3 *s = s3_new(f.aws, "bucket", &f.err);
	assert_ok(s3_check(s, &f.err), f.err);
	assert_contains(script_server_request(f.store, 2), "Credential=NEW/");
	test_aws_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(settings_are_used_before_all),
	    cmocka_unit_test(settings_need_no_profiles),
	    cmocka_unit_test(a_profile_that_is_asked_for_is_not_passed_over),
	    cmocka_unit_test(a_renewal_that_fails_early_costs_nothing),
	    cmocka_unit_test(expired_keys_are_renewed_once),
	    cmocka_unit_test(a_credentials_file_is_read_again),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
