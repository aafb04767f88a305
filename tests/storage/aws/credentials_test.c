/* Where credentials come from, in AWS's own order, and that they are renewed
 * in time: by a scripted server in the place of each service that hands them
 * out. A real STS is asked in tests/e2e/state.bats. */
#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include "storage/aws/s3.h"
#include "storage/aws/session.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* 2023-11-14T22:13:20Z */
static const int64_t now_ms = 1700000000000;
static const char list[] = "HTTP/1.1 200 OK\r\nContent-Length: 37\r\n\r\n"
			   "<ListBucketResult></ListBucketResult>";

struct fixture {
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct strvec env; /* NAME, value, NAME, value, ... */
	char *home;
	struct aws_settings settings;
	struct script_server *store; /* answers every list */
	struct script_reply replies[12];
	char *url;
	struct aws *aws;
	struct err err;
};

static const char *env_of(void *ctx, const char *name)
{
	struct fixture *f = ctx;

	for (size_t i = 0; i + 1 < f->env.len; i += 2)
		if (strcmp(f->env.items[i], name) == 0)
			return f->env.items[i + 1];
	return NULL;
}

static void set(struct fixture *f, const char *name, const char *value)
{
	strvec_add(&f->env, name);
	strvec_add(&f->env, value);
}

static void write_home(struct fixture *f, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = str_printf("%s/.aws/%s", f->home, name);

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

static void setup(struct fixture *f)
{
	*f = (struct fixture){.err = ERR_INIT};
	test_clock_init(&f->clock, now_ms);
	test_random_init(&f->random, 5);
	f->home = test_dir_make();
	autofree char *dir = str_printf("%s/.aws", f->home);
	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < 12; i++)
		f->replies[i] = (struct script_reply){.bytes = list};
	f->store = script_server_start(f->replies, 12);
	f->url = script_server_url(f->store, "");
	set(f, "HOME", f->home);
	/* Nobody must ask the real one. */
	set(f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
	f->settings = (struct aws_settings){
	    .s3_endpoint = f->url,
	    .env = env_of,
	    .env_ctx = f,
	    .clock = &f->clock.clock,
	    .random = &f->random.random,
	    .cancel = &f->cancel,
	};
}

static void teardown(struct fixture *f)
{
	aws_close(f->aws);
	script_server_stop(f->store);
	strvec_done(&f->env);
	test_dir_remove(f->home);
	free(f->url);
}

static char *origin(struct fixture *f)
{
	if (!f->aws)
		f->aws = aws_open(&f->settings, &f->err);
	return f->aws ? aws_credentials_origin(f->aws, &f->err) : NULL;
}

/* What is taken says so, and is what a request is signed with. */
static void check_taken(struct fixture *f, const char *from, const char *id)
{
	autofree char *is = origin(f);
	struct err err = ERR_INIT;

	if (!is)
		fail_msg("%s", f->err.message);
	assert_contains(is, from);
	assert_null(strstr(is, "HUSH"));
	cleanup(s3_freep) struct s3 *s = s3_new(f->aws, "bucket", &err);
	size_t i = script_server_count(f->store);
	assert_ok(s3_check(s, &err), err);
	autofree char *credential = str_printf("Credential=%s/", id);
	assert_contains(script_server_request(f->store, i), credential);
}

static void check_refused(
    struct fixture *f, enum err_code code, const char *why)
{
	autofree char *is = origin(f);

	assert_null(is);
	assert_int_equal(f->err.code, code);
	assert_contains(f->err.message, why);
	assert_null(strstr(f->err.message, "HUSH"));
}

/* ---- settings, environment, files ---- */

static void the_environment_is_taken_before_a_profile(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	write_home(&f, "credentials",
	    "[default]\naws_access_key_id = FILE\n"
	    "aws_secret_access_key = HUSH\n");
	set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	set(&f, "AWS_SECRET_ACCESS_KEY", "HUSH");
	set(&f, "AWS_SESSION_TOKEN", "session");
	check_taken(&f, "environment", "ENV");
	assert_contains(script_server_request(f.store, 0),
	    "X-Amz-Security-Token: session\r\n");
	teardown(&f);
	setup(&f);
	set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	check_refused(&f, ERR_USAGE, "AWS_SECRET_ACCESS_KEY is not");
	teardown(&f);
}

static void settings_are_taken_before_all(void **state)
{
	struct fixture f;
	cleanup(secret_freep) struct secret *key = secret_new("HUSH", 4);

	(void)state;
	setup(&f);
	set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	set(&f, "AWS_SECRET_ACCESS_KEY", "HUSH");
	f.settings.access_key_id = "SET";
	f.settings.secret_access_key = key;
	check_taken(&f, "the configuration", "SET");
	teardown(&f);
}

/* A file of profiles that cannot be read, as another account's, is in the way
 * only where something is to be had from it alone. */
static void settings_need_no_profiles(void **state)
{
	struct secret *hush = secret_new("HUSH", 4);
	struct fixture f;

	(void)state;
	setup(&f);
	set(&f, "AWS_CONFIG_FILE", f.home); /* a directory */
	set(&f, "AWS_PROFILE", "another");
	f.settings.access_key_id = "SETTINGS";
	f.settings.secret_access_key = hush;
	check_refused(&f, ERR_SYSTEM,
	    "with access_key_id, secret_access_key "
	    "and region of its own does without");
	f.settings.region = "us-east-1";
	check_taken(&f, "the configuration", "SETTINGS");
	teardown(&f);
	secret_free(hush);
}

static void a_profile_that_is_asked_for_is_not_passed_over(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	write_home(&f, "credentials",
	    "# two of them\n[default]\naws_access_key_id=A\n"
	    "aws_secret_access_key=HUSH\n\n[ops]\n"
	    "aws_access_key_id = B ; a comment\n"
	    "aws_secret_access_key = HUSH\naws_session_token = t\n");
	write_home(&f, "config", "[profile ops]\nregion = eu-west-3\n");
	set(&f, "AWS_ACCESS_KEY_ID", "ENV");
	set(&f, "AWS_SECRET_ACCESS_KEY", "HUSH");
	f.settings.profile = "ops";
	check_taken(&f, "profile 'ops'", "B");
	assert_string_equal(f.aws->region, "eu-west-3");
	teardown(&f);
	setup(&f);
	f.settings.profile = "nobody";
	check_refused(&f, ERR_USAGE, "there is no profile 'nobody'");
	teardown(&f);
}

static void a_single_sign_on_profile_says_what_to_do(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	write_home(&f, "config",
	    "[profile sso]\nsso_session = corp\nsso_account_id = 1\n");
	f.settings.profile = "sso";
	check_refused(&f, ERR_USAGE, "credential_process");
	assert_contains(f.err.message, "single sign-on");
	teardown(&f);
	/* Terraform 1.15 takes the profiles of `aws login`. */
	setup(&f);
	write_home(&f, "config",
	    "[profile in]\nlogin_session = arn:aws:iam::1:user/u\n");
	f.settings.profile = "in";
	check_refused(&f, ERR_USAGE, "'aws login'");
	assert_contains(f.err.message, "export-credentials --profile in");
	teardown(&f);
	setup(&f);
	write_home(&f, "config",
	    "[profile sso]\nsso_session = corp\n"
	    "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\n"
	    "source_profile = sso\n");
	f.settings.profile = "ops";
	check_refused(&f, ERR_USAGE, "profile 'sso' is one of single sign-on");
	assert_contains(f.err.message, "profile 'ops'");
	teardown(&f);
}

static void a_process_prints_them(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
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
	write_home(&f, "config", config);
	check_taken(&f, "credential_process of profile 'default'", "PROCESS");
	teardown(&f);
	setup(&f);
	write_home(&f, "config",
	    "[default]\ncredential_process = /bin/sh -c 'echo HUSH; exit 3'"
	    "\n");
	check_refused(&f, ERR_DENIED, "ended with status 3");
	teardown(&f);
}

/* ---- roles ---- */

static char *sts_answer(const char *action, const char *id, const char *until)
{
	autofree char *body = str_printf(
	    "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
	    "<%sResult><Credentials><AccessKeyId>%s</AccessKeyId>"
	    "<SecretAccessKey>HUSH</SecretAccessKey><SessionToken>tok"
	    "</SessionToken><Expiration>%s</Expiration></Credentials>"
	    "</%sResult></%sResponse>",
	    action, action, id, until, action, action);

	return str_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
}

static void a_role_is_assumed_with_its_source_profile(void **state)
{
	struct fixture f;
	autofree char *answer =
	    sts_answer("AssumeRole", "ROLE", "2023-11-14T23:13:20Z");
	const struct script_reply replies[] = {{.bytes = answer}};
	struct script_server *sts = script_server_start(replies, 1);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	setup(&f);
	write_home(&f, "config",
	    "[profile base]\naws_access_key_id = BASE\n"
	    "aws_secret_access_key = HUSH\n"
	    "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\n"
	    "source_profile = base\nexternal_id = e/1\n"
	    "role_session_name = nightly\nduration_seconds = 900\n");
	f.settings.profile = "ops";
	f.settings.sts_endpoint = url;
	check_taken(&f, "role arn:aws:iam::1:role/ops", "ROLE");
	const char *asked = script_server_request(sts, 0);
	assert_contains(asked, "Credential=BASE/");
	assert_contains(asked, "/sts/aws4_request");
	assert_contains(asked, "Action=AssumeRole&");
	assert_contains(asked, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fops");
	assert_contains(asked, "ExternalId=e%2F1");
	assert_contains(asked, "RoleSessionName=nightly");
	assert_contains(asked, "DurationSeconds=900");
	script_server_stop(sts);
	teardown(&f);
}

static void what_a_role_lacks_is_said(void **state)
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
		struct fixture f;
		setup(&f);
		write_home(&f, "config", cases[i].config);
		check_refused(&f, ERR_USAGE, cases[i].why);
		teardown(&f);
	}
}

static void a_web_identity_is_read_anew_and_sent_unsigned(void **state)
{
	struct fixture f;
	autofree char *first = sts_answer(
	    "AssumeRoleWithWebIdentity", "WEB1", "2023-11-14T23:13:20Z");
	autofree char *second = sts_answer(
	    "AssumeRoleWithWebIdentity", "WEB2", "2023-11-15T01:13:20Z");
	const struct script_reply replies[] = {
	    {.bytes = first}, {.bytes = second}};
	struct script_server *sts = script_server_start(replies, 2);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	setup(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(file_write_durably(token, "jwt-1\n", 6, &f.err), f.err);
	set(&f, "AWS_WEB_IDENTITY_TOKEN_FILE", token);
	set(&f, "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
	set(&f, "AWS_ROLE_SESSION_NAME", "pod-7");
	set(&f, "AWS_ENDPOINT_URL_STS", url);
	check_taken(&f, "web identity: role arn:aws:iam::1:role/pod", "WEB1");
	const char *asked = script_server_request(sts, 0);
	assert_contains(asked, "Action=AssumeRoleWithWebIdentity&");
	assert_contains(asked, "WebIdentityToken=jwt-1");
	assert_contains(asked, "RoleSessionName=pod-7");
	assert_null(strstr(asked, "Authorization:"));
	/* Not yet five minutes before the end: the same. */
	f.clock.now_ms = now_ms + 54 * 60 * 1000;
	check_taken(&f, "web identity", "WEB1");
	/* Kubernetes has renewed the token by now. */
	assert_ok(file_write_durably(token, "jwt-2\n", 6, &f.err), f.err);
	f.clock.now_ms = now_ms + 56 * 60 * 1000;
	check_taken(&f, "web identity", "WEB2");
	assert_contains(
	    script_server_request(sts, 1), "WebIdentityToken=jwt-2");
	script_server_stop(sts);
	teardown(&f);
}

static void a_renewal_that_fails_early_costs_nothing(void **state)
{
	struct fixture f;
	autofree char *first = sts_answer(
	    "AssumeRoleWithWebIdentity", "WEB1", "2023-11-14T23:13:20Z");
	static const char body[] =
	    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no more"
	    "</Message></Error></ErrorResponse>";
	autofree char *denied = str_printf("HTTP/1.1 403 Forbidden\r\n"
					   "Content-Length: %zu\r\n\r\n%s",
	    sizeof(body) - 1, body);
	const struct script_reply replies[] = {
	    {.bytes = first}, {.bytes = denied}, {.bytes = denied}};
	struct script_server *sts = script_server_start(replies, 3);
	autofree char *url = script_server_url(sts, "");

	(void)state;
	setup(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(file_write_durably(token, "jwt", 3, &f.err), f.err);
	set(&f, "AWS_WEB_IDENTITY_TOKEN_FILE", token);
	set(&f, "AWS_ROLE_ARN", "arn");
	set(&f, "AWS_ENDPOINT_URL_STS", url);
	check_taken(&f, "web identity", "WEB1");
	f.clock.now_ms = now_ms + 58 * 60 * 1000;
	check_taken(&f, "web identity", "WEB1");
	assert_int_equal(script_server_count(sts), 2);
	f.clock.now_ms = now_ms + 61 * 60 * 1000;
	check_refused(&f, ERR_DENIED, "AccessDenied");
	script_server_stop(sts);
	teardown(&f);
}

/* ---- endpoints ---- */

#define KEYS(id, until)                                                        \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"" id                          \
	"\",\"SecretAccessKey\":\"HUSH\",\"Token\":\"t\","                     \
	"\"Expiration\":\"" until "\"}"

static char *json_reply(const char *body)
{
	return str_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
}

static void the_container_endpoint_gets_its_token_file(void **state)
{
	struct fixture f;
	autofree char *keys = json_reply(KEYS("POD", "2023-11-14T23:13:20Z"));
	const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"},
	    {.bytes = keys}};
	struct script_server *agent = script_server_start(replies, 2);
	autofree char *url = script_server_url(agent, "/v1/credentials");

	(void)state;
	setup(&f);
	autofree char *token = str_printf("%s/token", f.home);
	assert_ok(file_write_durably(token, "pod-token\n", 10, &f.err), f.err);
	set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token);
	set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "older");
	check_taken(&f, "container endpoint", "POD");
	assert_int_equal(script_server_count(agent), 2);
	assert_contains(
	    script_server_request(agent, 1), "Authorization: pod-token\r\n");
	script_server_stop(agent);
	teardown(&f);
}

static void a_token_goes_to_no_strange_host(void **state)
{
	static const char *const strange[] = {"http://192.0.2.1/x",
	    "http://169.254.170.2.example.com/x", "http://127.example.com/x",
	    "http://169.254.169.254/x", "http://localhost.example.com/",
	    "http://[fd00:ec2::24]/x"};

	(void)state;
	for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
		struct fixture f;
		setup(&f);
		set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", strange[i]);
		set(&f, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "HUSH");
		check_refused(&f, ERR_USAGE, "in clear");
		teardown(&f);
	}
	struct fixture f;
	setup(&f);
	set(&f, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@192.0.2.1/x");
	check_refused(&f, ERR_USAGE, "'/'");
	teardown(&f);
}

static void the_instance_is_asked_with_a_token(void **state)
{
	struct fixture f;
	autofree char *keys =
	    json_reply(KEYS("INSTANCE", "2023-11-14T23:13:20Z"));
	autofree char *token = json_reply("imds-token");
	autofree char *role = json_reply("backup role");
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
	setup(&f);
	strvec_done(&f.env);
	set(&f, "HOME", f.home);
	set(&f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
	check_taken(&f, "IMDSv2", "INSTANCE");
	assert_contains(script_server_request(imds, 0),
	    "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
	assert_contains(script_server_request(imds, 2),
	    "X-aws-ec2-metadata-token: imds-token\r\n");
	script_server_stop(imds);
	teardown(&f);
}

static void an_instance_service_that_never_answers_is_none(void **state)
{
	struct fixture f;
	const struct script_reply replies[] = {{.delay_ms = 600 * 1000}};
	struct script_server *imds = script_server_start(replies, 1);
	autofree char *url = script_server_url(imds, "");

	(void)state;
	setup(&f);
	strvec_done(&f.env);
	set(&f, "HOME", f.home);
	set(&f, "AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
	check_refused(&f, ERR_USAGE, "no AWS credentials: searched");
	assert_int_equal(script_server_count(imds), 1);
	script_server_stop(imds);
	teardown(&f);
}

static void what_is_no_set_of_keys_is_told_without_it(void **state)
{
	static const char *const bad[] = {"", "[]", "HUSH", "{}",
	    "{\"AccessKeyId\":\"A\"}",
	    "{\"AccessKeyId\":\"A\\r\\nX: HUSH\",\"SecretAccessKey\":\"b\"}",
	    ("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"HUSH\","
	     "\"Expiration\":\"soon\"}")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fixture f;
		autofree char *answer = json_reply(bad[i]);
		const struct script_reply replies[] = {{.bytes = answer}};
		struct script_server *agent = script_server_start(replies, 1);
		autofree char *url = script_server_url(agent, "/");
		setup(&f);
		set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
		check_refused(&f, ERR_FORMAT, "container endpoint");
		script_server_stop(agent);
		teardown(&f);
	}
}

/* ---- expiry ---- */

static char *expired(void)
{
	static const char body[] = "<Error><Code>ExpiredToken</Code><Message>"
				   "over</Message></Error>";

	return str_printf("HTTP/1.1 400 Bad\r\nContent-Length: %zu\r\n\r\n%s",
	    sizeof(body) - 1, body);
}

static void expired_keys_are_renewed_once(void **state)
{
	struct fixture f;
	autofree char *one = json_reply(KEYS("OLD", "2023-11-15T23:13:20Z"));
	autofree char *two = json_reply(KEYS("NEW", "2023-11-15T23:13:20Z"));
	autofree char *over = expired();
	const struct script_reply keys[] = {
	    {.bytes = one}, {.bytes = two}, {.bytes = two}};
	struct script_server *agent = script_server_start(keys, 3);
	autofree char *url = script_server_url(agent, "/");

	(void)state;
	setup(&f);
	set(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
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
	teardown(&f);
}

/* Somebody else's tool renews the file: what expired is read again from it. */
static void a_credentials_file_is_read_again(void **state)
{
	struct fixture f;
	autofree char *over = expired();

	(void)state;
	setup(&f);
	write_home(&f, "credentials",
	    "[default]\naws_access_key_id = OLD\naws_secret_access_key = HUSH"
	    "\naws_session_token = t\n");
	f.replies[1].bytes = over;
	check_taken(&f, "profile 'default'", "OLD");
	write_home(&f, "credentials",
	    "[default]\naws_access_key_id = NEW\naws_secret_access_key = HUSH"
	    "\naws_session_token = u\n");
	cleanup(s3_freep) struct s3 *s = s3_new(f.aws, "bucket", &f.err);
	assert_ok(s3_check(s, &f.err), f.err);
	assert_contains(script_server_request(f.store, 2), "Credential=NEW/");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_environment_is_taken_before_a_profile),
	    cmocka_unit_test(settings_are_taken_before_all),
	    cmocka_unit_test(settings_need_no_profiles),
	    cmocka_unit_test(a_profile_that_is_asked_for_is_not_passed_over),
	    cmocka_unit_test(a_single_sign_on_profile_says_what_to_do),
	    cmocka_unit_test(a_process_prints_them),
	    cmocka_unit_test(a_role_is_assumed_with_its_source_profile),
	    cmocka_unit_test(what_a_role_lacks_is_said),
	    cmocka_unit_test(a_web_identity_is_read_anew_and_sent_unsigned),
	    cmocka_unit_test(a_renewal_that_fails_early_costs_nothing),
	    cmocka_unit_test(the_container_endpoint_gets_its_token_file),
	    cmocka_unit_test(a_token_goes_to_no_strange_host),
	    cmocka_unit_test(the_instance_is_asked_with_a_token),
	    cmocka_unit_test(an_instance_service_that_never_answers_is_none),
	    cmocka_unit_test(what_is_no_set_of_keys_is_told_without_it),
	    cmocka_unit_test(expired_keys_are_renewed_once),
	    cmocka_unit_test(a_credentials_file_is_read_again),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
