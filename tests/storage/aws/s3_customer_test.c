#include "tests/support/script_server.h"
#include "tests/support/test.h"

#include "storage/aws/s3.h"
#include "storage/aws/s3_customer.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

/* 32 times 'k'. */
static const char key_text[] = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";

static void what_is_no_key_is_refused(void **state)
{
	static const char *const wrong[] = {"", "k",
	    "a2trawo=", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
	    "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		cleanup(secret_freep) struct secret *key =
		    secret_new(wrong[i], strlen(wrong[i]));
		struct s3_customer c = {0};
		struct err err = ERR_INIT;
		assert_fails(
		    s3_customer_init(&c, key, NULL, &err), err, ERR_USAGE);
		assert_contains(err.message, "32 bytes in base64");
		s3_customer_done(&c);
	}
}

static void a_key_crosses_no_network_in_the_clear(void **state)
{
	static const struct {
		const char *endpoint;
		bool taken;
	} cases[] = {{NULL, true}, {"https://s3.example.com", true},
	    {"http://127.0.0.1:9000", true}, {"http://localhost", true},
	    {"http://s3.example.com", false}, {"http://10.0.0.1:80", false}};
	cleanup(secret_freep) struct secret *key =
	    secret_new(key_text, strlen(key_text));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_customer c = {0};
		struct err err = ERR_INIT;
		int failed = s3_customer_init(&c, key, cases[i].endpoint, &err);
		assert_int_equal(!failed, cases[i].taken);
		if (failed)
			assert_contains(err.message, "in the clear");
		else
			assert_string_equal(c.md5, "mT2HRsMGJ5IX5C+0rreZ8Q==");
		s3_customer_done(&c);
	}
}

/* ---- objects with the key beside others ---- */

static const char *no_environment(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static const char refused[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: "
			      "52\r\n\r\n<Error><Code>InvalidRequest</Code>"
			      "<Message/></Error>";
static const char found[] =
    "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 2\r\n\r\n{}";

static bool had_key(struct script_server *server, size_t i)
{
	return strstr(script_server_request(server, i),
		   "x-amz-server-side-encryption-customer-key: a2tr") != NULL;
}

/* A store of which the objects are read with the key. */
struct fixture {
	struct test_clock clock;
	struct script_server *server;
	struct secret *secret;
	struct secret *key;
	struct aws *aws;
	struct s3 *s3;
};

static void start(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	f->server = script_server_start(replies, count);
	f->secret = secret_new("secret", 6);
	f->key = secret_new(key_text, strlen(key_text));
	test_clock_init(&f->clock, 1700000000000);
	autofree char *url = script_server_url(f->server, "");
	const struct aws_settings settings = {
	    .access_key_id = "AKIATEST",
	    .secret_access_key = f->secret,
	    .s3_endpoint = url,
	    .region = "us-east-1",
	    .customer_key = f->key,
	    .env = no_environment,
	    .clock = &f->clock.clock,
	};
	f->aws = aws_open(&settings, &err);
	assert_non_null(f->aws);
	f->s3 = s3_new(f->aws, "bucket", &err);
	assert_non_null(f->s3);
}

static void stop(struct fixture *f)
{
	s3_free(f->s3);
	aws_close(f->aws);
	script_server_stop(f->server);
	secret_free(f->key);
	secret_free(f->secret);
}

/* The first object is not under the key, the second neither, the third is. */
static void an_object_is_read_both_ways(void **state)
{
	static const struct script_reply replies[] = {{.bytes = refused},
	    {.bytes = found}, {.bytes = found}, {.bytes = refused},
	    {.bytes = found}};
	static const bool with_key[] = {true, false, false, false, true};
	struct fixture f;
	struct err err = ERR_INIT;

	(void)state;
	start(&f, replies, sizeof(replies) / sizeof(*replies));
	for (int i = 0; i < 3; i++) {
		cleanup(buf_done) struct buf body = BUF_INIT;
		const struct s3_get g = {.key = "a"};
		assert_int_equal(s3_get(f.s3, &g, 100, &body, NULL, &err), 0);
	}
	assert_int_equal(script_server_count(f.server), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(had_key(f.server, i), with_key[i]);
	stop(&f);
}

/* A HEAD that came to another region is refused without a reason, and the key
 * is not it. */
static void the_region_is_learnt_before_the_key_is_dropped(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 400 Bad Request\r\nx-amz-bucket-region: "
		      "eu-central-1\r\nContent-Length: 0\r\n\r\n"},
	    {.bytes = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: "
		      "2\r\n\r\n"}};
	struct fixture f;
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	struct err err = ERR_INIT;

	(void)state;
	start(&f, replies, sizeof(replies) / sizeof(*replies));
	assert_ok(s3_head(f.s3, "a", NULL, &meta, &err), err);
	assert_int_equal(script_server_count(f.server), 2);
	assert_true(had_key(f.server, 0));
	assert_true(had_key(f.server, 1));
	assert_non_null(strstr(script_server_request(f.server, 1),
	    "/eu-central-1/s3/aws4_request"));
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(a_key_crosses_no_network_in_the_clear),
	    cmocka_unit_test(an_object_is_read_both_ways),
	    cmocka_unit_test(the_region_is_learnt_before_the_key_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
