#include "storage/aws/credentials.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/aws.h"

#include <stdlib.h>
#include <string.h>

static void a_single_sign_on_profile_says_what_to_do(void **state)
{
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	test_aws_write(&f, "config",
	    "[profile sso]\nsso_session = corp\nsso_account_id = 1\n");
	f.settings.profile = "sso";
	assert_no_credentials(&f, ERR_USAGE, "credential_process");
	assert_contains(f.err.message, "single sign-on");
	test_aws_done(&f);
	/* Terraform 1.15 takes the profiles of `aws login`. */
	test_aws_init(&f);
	test_aws_write(&f, "config",
	    "[profile in]\nlogin_session = arn:aws:iam::1:user/u\n");
	f.settings.profile = "in";
	assert_no_credentials(&f, ERR_USAGE, "'aws login'");
	assert_contains(f.err.message, "export-credentials --profile in");
	test_aws_done(&f);
	test_aws_init(&f);
	test_aws_write(&f, "config",
	    "[profile sso]\nsso_session = corp\n"
	    "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\n"
	    "source_profile = sso\n");
	f.settings.profile = "ops";
	assert_no_credentials(
	    &f, ERR_USAGE, "profile 'sso' is one of single sign-on");
	assert_contains(f.err.message, "profile 'ops'");
	test_aws_done(&f);
}

static void a_process_prints_them(void **state)
{
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	autofree char *script = str_printf("%s/give keys", f.home);
	autofree char *config = str_printf("[default]\ncredential_process = "
					   "/bin/sh \"%s\" 'AK IA'\n",
	    script);
	static const char text[] =
	    "echo '{\"Version\": 1, \"AccessKeyId\": \"PROCESS\", "
	    "\"SecretAccessKey\": \"HUSH\", \"SessionToken\": \"t\", "
	    "\"Expiration\": \"2023-11-14T23:13:20Z\"}'\n"
	    "[ \"$1\" = 'AK IA' ]\n";
	assert_ok(
	    file_write_durably(script, text, strlen(text), &f.err), f.err);
	test_aws_write(&f, "config", config);
	assert_credentials(
	    &f, "credential_process of profile 'default'", "PROCESS");
	test_aws_done(&f);
	test_aws_init(&f);
	test_aws_write(&f, "config",
	    "[default]\ncredential_process = /bin/sh -c 'echo HUSH; exit 3'"
	    "\n");
	assert_no_credentials(&f, ERR_DENIED, "ended with status 3");
	test_aws_done(&f);
}

static void a_role_is_assumed_with_its_source_profile(void **state)
{
	struct test_aws f;
	autofree char *answer =
	    test_aws_sts_reply("AssumeRole", "ROLE", "2023-11-14T23:13:20Z");
	const struct script_reply replies[] = {{.bytes = answer}};
	struct script_server *sts = script_server_start(replies, 1);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	test_aws_init(&f);
	test_aws_write(&f, "config",
	    "[profile base]\naws_access_key_id = BASE\n"
	    "aws_secret_access_key = HUSH\n"
	    "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\n"
	    "source_profile = base\nexternal_id = e/1\n"
	    "role_session_name = nightly\nduration_seconds = 900\n");
	f.settings.profile = "ops";
	f.settings.sts_endpoint = url;
	assert_credentials(&f, "role arn:aws:iam::1:role/ops", "ROLE");
	const char *asked = script_server_request(sts, 0);
	assert_contains(asked, "Credential=BASE/");
	assert_contains(asked, "/sts/aws4_request");
	assert_contains(asked, "Action=AssumeRole&");
	assert_contains(asked, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fops");
	assert_contains(asked, "ExternalId=e%2F1");
	assert_contains(asked, "RoleSessionName=nightly");
	assert_contains(asked, "DurationSeconds=900");
	script_server_stop(sts);
	test_aws_done(&f);
}

static void what_a_role_lacks_is_named(void **state)
{
	static const struct {
		const char *config;
		const char *why;
	} cases[] = {
	    {"[default]\nrole_arn = r\n", "needs source_profile"},
	    {"[default]\nrole_arn = r\nsource_profile = gone\n", "no such"},
	    {"[default]\nrole_arn = r\nsource_profile = b\n[profile b]\n"
	     "role_arn = s\nsource_profile = c\n[profile c]\nrole_arn = t\n"
	     "source_profile = b\n",
		"circle"},
	    {"[default]\nrole_arn = r\nmfa_serial = m\nsource_profile = b\n",
		"mfa_serial"},
	    {"[default]\naws_access_key_id = A\n", "its other half is not"},
	    {"[default]\nrole_arn = r\ncredential_source = Moon\n", "'Moon'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_aws f;
		test_aws_init(&f);
		test_aws_write(&f, "config", cases[i].config);
		assert_no_credentials(&f, ERR_USAGE, cases[i].why);
		test_aws_done(&f);
	}
}

/* The times that STS takes are its own business; what is no number is ours. */
static void a_duration_is_a_number_up_to_twelve_hours(void **state)
{
	static const char *const bad[] = {"43201", "-1", "1h", "0x10"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct test_aws f;
		autofree char *config = str_printf(
		    "[default]\nrole_arn = r\nduration_seconds = %s\n"
		    "source_profile = b\n[profile b]\n"
		    "aws_access_key_id = A\naws_secret_access_key = HUSH\n",
		    bad[i]);
		test_aws_init(&f);
		test_aws_write(&f, "config", config);
		assert_no_credentials(&f, ERR_USAGE, "up to 43200");
		assert_contains(f.err.message, bad[i]);
		test_aws_done(&f);
	}
}

/* Profiles that lead from one to the next, each with a role; the last has
 * keys. As many as eight may. */
static void a_chain_of_profiles_has_an_end(void **state)
{
	(void)state;
	for (int roles = 8; roles <= 9; roles++) {
		struct test_aws f;
		struct script_reply replies[8];
		autofree char *role = test_aws_sts_reply(
		    "AssumeRole", "CHAIN", "2023-11-14T23:13:20Z");
		cleanup(buf_done) struct buf config = BUF_INIT;
		for (size_t i = 0; i < 8; i++)
			replies[i] = (struct script_reply){.bytes = role};
		struct script_server *sts = script_server_start(replies, 8);
		autofree char *url = script_server_url(sts, "");
		buf_add_str(&config, "[default]\n");
		for (int i = 1; i <= roles; i++)
			buf_printf(&config,
			    "role_arn = r%d\nsource_profile = p%d\n"
			    "[profile p%d]\n",
			    i, i, i);
		buf_add_str(&config,
		    "aws_access_key_id = A\naws_secret_access_key = HUSH\n");
		test_aws_init(&f);
		test_aws_write(&f, "config", buf_str(&config));
		f.settings.sts_endpoint = url;
		if (roles == 8) {
			assert_credentials(&f, "profile 'default'", "CHAIN");
			assert_int_equal(script_server_count(sts), 8);
		} else {
			assert_no_credentials(
			    &f, ERR_USAGE, "source_profile leads in a circle");
			assert_int_equal(script_server_count(sts), 0);
		}
		script_server_stop(sts);
		test_aws_done(&f);
	}
}

/* If a profile names itself as its source, its own keys sign. */
static void a_profile_may_be_its_own_source(void **state)
{
	struct test_aws f;
	autofree char *answer =
	    test_aws_sts_reply("AssumeRole", "ROLE", "2023-11-14T23:13:20Z");
	const struct script_reply replies[] = {{.bytes = answer}};
	struct script_server *sts = script_server_start(replies, 1);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	test_aws_init(&f);
	test_aws_write(&f, "config",
	    "[default]\nrole_arn = r\nsource_profile = default\n"
	    "aws_access_key_id = OWN\naws_secret_access_key = HUSH\n");
	f.settings.sts_endpoint = url;
	assert_credentials(&f, "role r of profile 'default'", "ROLE");
	assert_contains(script_server_request(sts, 0), "Credential=OWN/");
	script_server_stop(sts);
	test_aws_done(&f);
}

static void a_source_without_credentials_is_refused(void **state)
{
	static const struct {
		const char *source;
		enum err_code code;
		const char *why;
	} cases[] = {
	    {"credential_source = Environment", ERR_DENIED,
		"what role_arn is to be assumed with was not found"},
	    {"credential_source = EcsContainer", ERR_DENIED, "was not found"},
	    {"source_profile = empty\n[profile empty]\nregion = eu-west-3",
		ERR_DENIED, "was not found"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_aws f;
		autofree char *config = str_printf(
		    "[default]\nrole_arn = r\n%s\n", cases[i].source);
		test_aws_init(&f);
		test_aws_write(&f, "config", config);
		assert_no_credentials(&f, cases[i].code, cases[i].why);
		assert_contains(f.err.message, "profile 'default'");
		test_aws_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_single_sign_on_profile_says_what_to_do),
	    cmocka_unit_test(a_process_prints_them),
	    cmocka_unit_test(a_role_is_assumed_with_its_source_profile),
	    cmocka_unit_test(what_a_role_lacks_is_named),
	    cmocka_unit_test(a_duration_is_a_number_up_to_twelve_hours),
	    cmocka_unit_test(a_chain_of_profiles_has_an_end),
	    cmocka_unit_test(a_profile_may_be_its_own_source),
	    cmocka_unit_test(a_source_without_credentials_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "credentials_profile", tests, NULL, NULL);
}
