#include "tests/support/aws.h"

#include "storage/aws/s3.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

enum {
	REPLIES = sizeof(((struct test_aws *)0)->replies) /
		  sizeof(struct script_reply)
};

static const char list[] = "HTTP/1.1 200 OK\r\nContent-Length: 37\r\n\r\n"
			   "<ListBucketResult></ListBucketResult>";

static const char *env_of(void *ctx, const char *name)
{
	struct test_aws *a = ctx;

	for (size_t i = 0; i + 1 < a->env.len; i += 2)
		if (strcmp(a->env.items[i], name) == 0)
			return a->env.items[i + 1];
	return NULL;
}

void test_aws_set(struct test_aws *a, const char *name, const char *value)
{
	strvec_add(&a->env, name);
	strvec_add(&a->env, value);
}

void test_aws_write(struct test_aws *a, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = str_printf("%s/.aws/%s", a->home, name);

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

void test_aws_init(struct test_aws *a)
{
	*a = (struct test_aws){.err = ERR_INIT};
	test_clock_init(&a->clock, TEST_AWS_NOW_MS);
	test_random_init(&a->random, 5);
	a->home = test_dir_make();
	autofree char *dir = str_printf("%s/.aws", a->home);
	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < REPLIES; i++)
		a->replies[i] = (struct script_reply){.bytes = list};
	a->store = script_server_start(a->replies, REPLIES);
	a->url = script_server_url(a->store, "");
	test_aws_set(a, "HOME", a->home);
	/* Nobody must ask the real one. */
	test_aws_set(
	    a, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
	a->settings = (struct aws_settings){
	    .s3_endpoint = a->url,
	    .env = env_of,
	    .env_ctx = a,
	    .clock = &a->clock.clock,
	    .random = &a->random.random,
	    .cancel = &a->cancel,
	};
}

void test_aws_done(struct test_aws *a)
{
	aws_close(a->aws);
	script_server_stop(a->store);
	strvec_done(&a->env);
	test_dir_remove(a->home);
	free(a->url);
}

static char *origin(struct test_aws *a)
{
	if (!a->aws)
		a->aws = aws_open(&a->settings, &a->err);
	return a->aws ? aws_credentials_origin(a->aws, &a->err) : NULL;
}

void assert_credentials(struct test_aws *a, const char *from, const char *id)
{
	autofree char *is = origin(a);
	struct err err = ERR_INIT;

	if (!is)
		fail_msg("%s", a->err.message);
	assert_contains(is, from);
	assert_null(strstr(is, "HUSH"));
	cleanup(s3_freep) struct s3 *s = s3_new(a->aws, "bucket", &err);
	size_t i = script_server_count(a->store);
	assert_ok(s3_check(s, &err), err);
	autofree char *credential = str_printf("Credential=%s/", id);
	assert_contains(script_server_request(a->store, i), credential);
}

void assert_no_credentials(
    struct test_aws *a, enum err_code code, const char *why)
{
	autofree char *is = origin(a);

	assert_null(is);
	assert_int_equal(a->err.code, code);
	assert_contains(a->err.message, why);
	assert_null(strstr(a->err.message, "HUSH"));
}

char *test_aws_reply(const char *status, const char *body)
{
	return str_printf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
	    status, strlen(body), body);
}

char *test_aws_sts_reply(
    const char *action, const char *id, const char *expiration)
{
	autofree char *body = str_printf(
	    "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
	    "<%sResult><Credentials><AccessKeyId>%s</AccessKeyId>"
	    "<SecretAccessKey>HUSH</SecretAccessKey><SessionToken>tok"
	    "</SessionToken><Expiration>%s</Expiration></Credentials>"
	    "</%sResult></%sResponse>",
	    action, action, id, expiration, action, action);

	return test_aws_reply("200 OK", body);
}
