#include "tests/support/s3_script.h"

#include <stdlib.h>
#include <string.h>

static const char *no_environment(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

void test_s3_start(
    struct test_s3 *t, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	*t = (struct test_s3){.aws = NULL};
	test_clock_init(&t->clock, 1700000000000);
	test_random_init(&t->random, 3);
	t->server = script_server_start(replies, count);
	t->url = script_server_url(t->server, "");
	t->secret = secret_new("secret", 6);
	t->settings = (struct aws_settings){
	    .access_key_id = "AKIATEST",
	    .secret_access_key = t->secret,
	    .s3_endpoint = t->url,
	    .dynamodb_endpoint = t->url,
	    .env = no_environment,
	    .clock = &t->clock.clock,
	    .random = &t->random.random,
	    .cancel = &t->cancel,
	};
	t->aws = aws_open(&t->settings, &err);
	t->s3 = s3_new(t->aws, "bucket", &err);
	t->locks = dynamodb_new(t->aws, "locks", &err);
	assert_non_null(t->locks);
}

void test_s3_stop(struct test_s3 *t)
{
	dynamodb_free(t->locks);
	s3_free(t->s3);
	aws_close(t->aws);
	secret_free(t->secret);
	script_server_stop(t->server);
	free(t->url);
}

const char *test_s3_request(const struct test_s3 *t, const char *part)
{
	for (size_t i = 0; i < script_server_count(t->server); i++)
		if (strstr(script_server_request(t->server, i), part))
			return script_server_request(t->server, i);
	return NULL;
}
