/* What a session is opened with: which setting wins, what contradicts another,
 * and that nothing is asked of anybody. Which credentials it finds is in
 * credentials_test.c, when it renews them in session_test.c. */
#include "storage/aws/aws.h"

#include "storage/aws/s3.h"
#include "storage/aws/session.h"
#include "storage/base/cleanup.h"
#include "tests/support/aws.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_aws a;
	struct secret *key;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_aws_init(&f->a);
	f->key = secret_new("HUSH", 4);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	test_aws_done(&f->a);
	secret_free(f->key);
	free(f);
	aws_close(NULL);
	return 0;
}

/* Over what the variable was before. */
static void set_env(struct fixture *f, const char *name, const char *value)
{
	for (size_t i = 0; i < f->a.env.len; i += 2)
		if (str_eq(f->a.env.items[i], name))
			f->a.env.items[i][0] = '\0';
	test_aws_set(&f->a, name, value);
}

static struct aws *opened(struct fixture *f)
{
	aws_close(f->a.aws);
	f->a.aws = aws_open(&f->a.settings, &f->a.err);
	if (!f->a.aws)
		fail_msg("%s", f->a.err.message);
	return f->a.aws;
}

static void refused(struct fixture *f, const char *why)
{
	struct err err = ERR_INIT;

	assert_null(aws_open(&f->a.settings, &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, why);
	assert_null(strstr(err.message, "HUSH"));
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
	struct fixture *f = *state;
	struct aws_settings *s = &f->a.settings;

	s->access_key_id = "ID";
	refused(f, "given together or not at all");
	s->access_key_id = NULL;
	s->secret_access_key = f->key;
	refused(f, "given together or not at all");
	s->access_key_id = "ID";
	s->profile = "ops";
	refused(f, "both an access key and a profile");
	s->profile = NULL;
	opened(f);
}

/* One that is asked for, by the settings or by the environment: an empty name
 * asks for none. */
static void a_profile_has_to_exist(void **state)
{
	struct fixture *f = *state;
	struct aws_settings *s = &f->a.settings;

	opened(f); /* "default" does not */
	s->profile = "ops";
	refused(f, "there is no profile 'ops' in ");
	s->profile = NULL;
	set_env(f, "AWS_PROFILE", "");
	opened(f);
	set_env(f, "AWS_PROFILE", "env");
	refused(f, "there is no profile 'env' in ");
	/* Keys of one's own need none. */
	s->access_key_id = "ID";
	s->secret_access_key = f->key;
	opened(f);
	s->access_key_id = NULL;
	s->secret_access_key = NULL;
	test_aws_write(&f->a, "config", "[profile env]\nregion = eu-west-3\n");
	assert_string_equal(opened(f)->region, "eu-west-3");
}

static void an_endpoint_is_the_url_of_a_host(void **state)
{
	static const char *const bad[] = {"nonsense", "ftp://h", "h:9000",
	    "http://", "http://user:HUSH@h", "https://h?token=HUSH",
	    "https://h#HUSH", "user:HUSH@h"};
	static const char *const good[] = {"http://127.0.0.1:9000",
	    "https://minio.example", "http://[::1]:9000/"};
	static const char *const names[] = {
	    "the S3 endpoint", "the DynamoDB endpoint", "the STS endpoint"};
	static const char *const variables[] = {"AWS_ENDPOINT_URL_S3",
	    "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_STS"};
	struct fixture *f = *state;
	struct aws_settings *s = &f->a.settings;
	const char **const which[] = {
	    &s->s3_endpoint, &s->dynamodb_endpoint, &s->sts_endpoint};

	for (size_t k = 0; k < 3; k++) {
		const char *before = *which[k];
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			*which[k] = bad[i];
			refused(f, names[k]);
		}
		for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
			*which[k] = good[i];
			opened(f);
		}
		*which[k] = before;
	}
	/* Wherever it comes from. */
	s->s3_endpoint = NULL;
	for (size_t k = 0; k < 3; k++) {
		set_env(f, variables[k], "http://user:HUSH@h");
		refused(f, names[k]);
		set_env(f, variables[k], "http://h");
		opened(f);
	}
}

/* A setting, then the variable of the service, then that of all, then the
 * profile. */
static void an_endpoint_is_taken_from_what_is_nearest(void **state)
{
	struct fixture *f = *state;
	struct aws_settings *s = &f->a.settings;

	s->s3_endpoint = NULL;
	assert_null(opened(f)->s.s3_endpoint);
	test_aws_write(&f->a, "config",
	    "[default]\nendpoint_url = http://profile\nca_bundle = /p.pem\n");
	assert_string_equal(opened(f)->s.s3_endpoint, "http://profile");
	assert_string_equal(f->a.aws->s.sts_endpoint, "http://profile");
	assert_string_equal(f->a.aws->s.ca_file, "/p.pem");
	test_aws_set(&f->a, "AWS_ENDPOINT_URL", "http://all");
	assert_string_equal(opened(f)->s.s3_endpoint, "http://all");
	assert_string_equal(f->a.aws->s.dynamodb_endpoint, "http://all");
	test_aws_set(&f->a, "AWS_ENDPOINT_URL_S3", "http://s3");
	test_aws_set(&f->a, "AWS_ENDPOINT_URL_DYNAMODB", "http://dynamodb");
	test_aws_set(&f->a, "AWS_ENDPOINT_URL_STS", "http://sts");
	test_aws_set(&f->a, "AWS_CA_BUNDLE", "/e.pem");
	assert_string_equal(opened(f)->s.s3_endpoint, "http://s3");
	assert_string_equal(f->a.aws->s.dynamodb_endpoint, "http://dynamodb");
	assert_string_equal(f->a.aws->s.sts_endpoint, "http://sts");
	assert_string_equal(f->a.aws->s.ca_file, "/e.pem");
	s->s3_endpoint = "http://setting";
	s->ca_file = "/s.pem";
	assert_string_equal(opened(f)->s.s3_endpoint, "http://setting");
	assert_string_equal(f->a.aws->s.sts_endpoint, "http://sts");
	assert_string_equal(f->a.aws->s.ca_file, "/s.pem");
}

static void a_region_is_taken_from_what_is_nearest(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(opened(f)->region, "us-east-1");
	test_aws_write(&f->a, "config", "[default]\nregion = profile-1\n");
	assert_string_equal(opened(f)->region, "profile-1");
	test_aws_set(&f->a, "AWS_DEFAULT_REGION", "default-1");
	assert_string_equal(opened(f)->region, "default-1");
	test_aws_set(&f->a, "AWS_REGION", "env-1");
	assert_string_equal(opened(f)->region, "env-1");
	f->a.settings.region = "setting-1";
	assert_string_equal(opened(f)->region, "setting-1");
}

/* The service of an instance is asked there and nowhere else, and not for
 * long: outside of EC2 nobody answers. */
static void nobody_is_asked_until_somebody_asks(void **state)
{
	struct fixture *f = *state;

	f->a.settings.proxy = "http://127.0.0.1:1";
	f->a.settings.stall_timeout_ms = 7000;
	const struct aws *a = opened(f);
	assert_int_equal(script_server_count(f->a.store), 0);
	const struct http_options *http = http_options_of(a->http);
	const struct http_options *metadata = http_options_of(a->metadata);
	assert_string_equal(http->proxy, "http://127.0.0.1:1");
	assert_int_equal(http->stall_timeout_ms, 7000);
	assert_string_equal(metadata->proxy, "");
	assert_int_equal(metadata->connect_timeout_ms, 1000);
	assert_int_equal(metadata->stall_timeout_ms, 2000);
}

/* Date has whole seconds: less than one is no difference. */
static void a_difference_of_clocks_is_a_second_or_more(void **state)
{
	static const int64_t cases[][2] = {{0, 0}, {999, 0}, {-999, 0},
	    {1000, 1000}, {-1000, -1000}, {3600000, 3600000}};
	struct fixture *f = *state;
	struct aws *a = opened(f);

	assert_int_equal(aws_skew_ms(a), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		atomic_store(&a->skew_ms, cases[i][0]);
		assert_true(aws_skew_ms(a) == cases[i][1]);
	}
}

static void a_stopped_run_asks_only_to_clean_up(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	f->a.settings.access_key_id = "ID";
	f->a.settings.secret_access_key = f->key;
	struct aws *a = opened(f);
	cleanup(s3_freep) struct s3 *s = s3_new(a, "bucket", &err);
	assert_ok(s3_check(s, &err), err);
	cancel_request(&f->a.cancel);
	assert_fails(s3_check(s, &err), err, ERR_CANCELLED);
	aws_cleanup_begin(a);
	aws_cleanup_begin(a);
	aws_cleanup_end(a);
	assert_ok(s3_check(s, &err), err);
	aws_cleanup_end(a);
	assert_fails(s3_check(s, &err), err, ERR_CANCELLED);
	assert_int_equal(script_server_count(f->a.store), 2);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(settings_that_contradict_each_other_are_refused),
	    TEST(a_profile_has_to_exist),
	    TEST(an_endpoint_is_the_url_of_a_host),
	    TEST(an_endpoint_is_taken_from_what_is_nearest),
	    TEST(a_region_is_taken_from_what_is_nearest),
	    TEST(nobody_is_asked_until_somebody_asks),
	    TEST(a_difference_of_clocks_is_a_second_or_more),
	    TEST(a_stopped_run_asks_only_to_clean_up),
	};

	return cmocka_run_group_tests_name("aws", tests, NULL, NULL);
}
