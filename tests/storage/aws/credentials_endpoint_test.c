#include "storage/aws/credentials.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/aws.h"

#include <stdlib.h>
#include <string.h>

static void the_container_endpoint_gets_its_token_file(void **state)
{
	struct test_aws f;
	autofree char *keys = test_aws_reply(
	    "200 OK", TEST_AWS_KEYS("POD", "2023-11-14T23:13:20Z"));
	const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"},
	    {.bytes = keys}};
	struct script_server *agent = script_server_start(replies, 2);
	autofree char *url = script_server_url(agent, "/v1/credentials");

	(void)state;
	test_aws_init(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(file_write_durably(token, "pod-token\n", 10, &f.err), f.err);
	test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	test_aws_set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token);
	test_aws_set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "older");
	assert_credentials(&f, "container endpoint", "POD");
	assert_int_equal(script_server_count(agent), 2);
	assert_contains(
	    script_server_request(agent, 1), "Authorization: pod-token\r\n");
	script_server_stop(agent);
	test_aws_done(&f);
}

static void a_token_goes_to_no_strange_host(void **state)
{
	static const char *const strange[] = {"http://192.0.2.1/x",
	    "http://169.254.170.2.example.com/x", "http://127.example.com/x",
	    "http://169.254.169.254/x", "http://localhost.example.com/",
	    "http://[fd00:ec2::24]/x"};

	(void)state;
	for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
		struct test_aws f;
		test_aws_init(&f);
		test_aws_set(
		    &f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", strange[i]);
		test_aws_set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "HUSH");
		assert_no_credentials(&f, ERR_USAGE, "in clear");
		test_aws_done(&f);
	}
	struct test_aws f;
	test_aws_init(&f);
	test_aws_set(
	    &f, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@192.0.2.1/x");
	assert_no_credentials(&f, ERR_USAGE, "'/'");
	test_aws_done(&f);
}

static void the_instance_is_asked_with_a_token(void **state)
{
	struct test_aws f;
	autofree char *keys = test_aws_reply(
	    "200 OK", TEST_AWS_KEYS("INSTANCE", "2023-11-14T23:13:20Z"));
	autofree char *token = test_aws_reply("200 OK", "imds-token");
	autofree char *role = test_aws_reply("200 OK", "backup role");
	const struct script_reply replies[] = {
	    {.bytes = token, .to = "PUT /latest/api/token "},
	    {.bytes = role,
		.to = "GET /latest/meta-data/iam/security-credentials/ "},
	    {.bytes = keys,
		.to = "GET /latest/meta-data/iam/security-credentials/"
		      "backup%20role "},
	};
	struct script_server *imds = script_server_start(replies, 3);
	autofree char *url = script_server_url(imds, "/");

	(void)state;
	test_aws_init(&f);
	strvec_done(&f.env);
	test_aws_set(&f, "HOME", f.home);
	test_aws_set(&f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
	assert_credentials(&f, "IMDSv2", "INSTANCE");
	assert_contains(script_server_request(imds, 0),
	    "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
	assert_contains(script_server_request(imds, 2),
	    "X-aws-ec2-metadata-token: imds-token\r\n");
	script_server_stop(imds);
	test_aws_done(&f);
}

static void an_instance_service_that_never_answers_is_none(void **state)
{
	struct test_aws f;
	const struct script_reply replies[] = {{.delay_ms = 600 * 1000}};
	struct script_server *imds = script_server_start(replies, 1);
	autofree char *url = script_server_url(imds, "");

	(void)state;
	test_aws_init(&f);
	strvec_done(&f.env);
	test_aws_set(&f, "HOME", f.home);
	test_aws_set(&f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
	assert_no_credentials(&f, ERR_USAGE, "no AWS credentials: searched");
	assert_int_equal(script_server_count(imds), 1);
	script_server_stop(imds);
	test_aws_done(&f);
}

static void what_is_no_set_of_keys_is_refused_and_not_shown(void **state)
{
	static const char *const bad[] = {"", "[]", "HUSH", "{}",
	    "{\"AccessKeyId\":\"A\"}",
	    "{\"AccessKeyId\":\"A\\r\\nX: HUSH\",\"SecretAccessKey\":\"b\"}",
	    ("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"HUSH\","
	     "\"Expiration\":\"soon\"}")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct test_aws f;
		autofree char *answer = test_aws_reply("200 OK", bad[i]);
		const struct script_reply replies[] = {{.bytes = answer}};
		struct script_server *agent = script_server_start(replies, 1);
		autofree char *url = script_server_url(agent, "/");
		test_aws_init(&f);
		test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
		assert_no_credentials(&f, ERR_FORMAT, "container endpoint");
		script_server_stop(agent);
		test_aws_done(&f);
	}
}

static void a_container_without_a_token_is_asked_without_one(void **state)
{
	autofree char *keys = test_aws_reply(
	    "200 OK", TEST_AWS_KEYS("POD", "2023-11-14T23:13:20Z"));
	autofree char *gone = test_aws_reply("404 Not Found", "no role");
	const struct script_reply replies[] = {
	    {.bytes = keys, .to = "GET /with "},
	    {.bytes = gone, .to = "GET /gone "}};
	struct script_server *agent = script_server_start(replies, 2);
	autofree char *with = script_server_url(agent, "/with");
	autofree char *without = script_server_url(agent, "/gone");
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", with);
	assert_credentials(&f, "container endpoint", "POD");
	assert_null(strstr(script_server_request(agent, 0), "Authorization:"));
	test_aws_done(&f);
	/* What it says counts; nothing else is searched then. */
	test_aws_init(&f);
	test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", without);
	assert_no_credentials(&f, ERR_DENIED, "404 Not Found: no role");
	test_aws_done(&f);
	script_server_stop(agent);
}

static void a_token_is_one_line_of_a_file_that_is_there(void **state)
{
	static const char url[] = "http://127.0.0.1:1/";
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(
	    file_write_durably(token, "HUSH\nX: HUSH\n", 13, &f.err), f.err);
	test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	test_aws_set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token);
	assert_no_credentials(&f, ERR_USAGE, "holds a line end");
	test_aws_done(&f);
	test_aws_init(&f);
	test_aws_set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	test_aws_set(
	    &f, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent/token");
	test_aws_set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "HUSH");
	assert_no_credentials(&f, ERR_NOT_FOUND, "/nonexistent/token");
	test_aws_done(&f);
}

/* An instance to which no role is attached has no credentials, which is not an
 * error; a refusal is one. */
static void an_instance_without_a_role_is_passed_over(void **state)
{
	static const struct {
		const char *status;
		enum err_code code;
		const char *why;
	} cases[] = {
	    {"404 Not Found", ERR_USAGE, "no AWS credentials: searched"},
	    {"403 Forbidden", ERR_DENIED, "instance metadata"},
	};
	autofree char *token = test_aws_reply("200 OK", "imds-token");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_aws f;
		autofree char *role = test_aws_reply(cases[i].status, "");
		const struct script_reply replies[] = {
		    {.bytes = token, .to = "PUT /latest/api/token "},
		    {.bytes = role, .to = "GET /latest/meta-data/"}};
		struct script_server *imds = script_server_start(replies, 2);
		autofree char *url = script_server_url(imds, "");
		test_aws_init(&f);
		strvec_done(&f.env);
		test_aws_set(&f, "HOME", f.home);
		test_aws_set(&f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
		assert_no_credentials(&f, cases[i].code, cases[i].why);
		assert_int_equal(script_server_count(imds), 2);
		script_server_stop(imds);
		test_aws_done(&f);
	}
}

static void a_service_that_is_turned_off_is_not_asked(void **state)
{
	const struct script_reply replies[] = {{.close = 1}};
	struct script_server *imds = script_server_start(replies, 1);
	autofree char *url = script_server_url(imds, "");
	struct test_aws f;

	(void)state;
	test_aws_init(&f);
	strvec_done(&f.env);
	test_aws_set(&f, "HOME", f.home);
	test_aws_set(&f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
	test_aws_set(&f, "AWS_EC2_METADATA_DISABLED", "True");
	assert_no_credentials(&f, ERR_USAGE, "no AWS credentials: searched");
	assert_int_equal(script_server_count(imds), 0);
	script_server_stop(imds);
	test_aws_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_container_endpoint_gets_its_token_file),
	    cmocka_unit_test(a_token_goes_to_no_strange_host),
	    cmocka_unit_test(the_instance_is_asked_with_a_token),
	    cmocka_unit_test(an_instance_service_that_never_answers_is_none),
	    cmocka_unit_test(what_is_no_set_of_keys_is_refused_and_not_shown),
	    cmocka_unit_test(a_container_without_a_token_is_asked_without_one),
	    cmocka_unit_test(a_token_is_one_line_of_a_file_that_is_there),
	    cmocka_unit_test(an_instance_without_a_role_is_passed_over),
	    cmocka_unit_test(a_service_that_is_turned_off_is_not_asked),
	};

	return cmocka_run_group_tests_name(
	    "credentials_endpoint", tests, NULL, NULL);
}
