/* How a bucket is addressed, and what is common to all requests to it. */
#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/xml.h"
#include "tests/support/s3_script.h"

#include <stdlib.h>

static const char *no_environment(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static int get(struct s3 *s, const char *key, struct err *err)
{
	cleanup(s3_call_done) struct s3_call c;

	s3_call_init(&c, s, "GET", key);
	return s3_call_send(&c, err);
}

static void a_name_is_checked(void **state)
{
	static const char *const bad[] = {
	    "", "ab", "a/b", "a b", "bu\xc3\xbc", "a?b", "a%b"};
	static const char *const good[] = {
	    "abc", "Old_Bucket", "a.b.c", "tenant:bucket"};
	autofree char *long_name = mem_alloc(257);
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, NULL, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err)ERR_INIT;
		assert_null(s3_new(t.aws, bad[i], &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message, "is not a bucket name");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cleanup(s3_freep) struct s3 *s = s3_new(t.aws, good[i], &err);
		assert_non_null(s);
		assert_string_equal(s3_bucket(s), good[i]);
		assert_ptr_equal(s3_session(s), t.aws);
		autofree char *is = str_printf("s3://%s at %s", good[i], t.url);
		assert_string_equal(s3_describe(s), is);
	}
	memset(long_name, 'a', 256);
	long_name[256] = 0;
	assert_null(s3_new(t.aws, long_name, &err));
	long_name[255] = 0;
	struct s3 *s = s3_new(t.aws, long_name, &err);
	assert_non_null(s);
	s3_free(s);
	s3_free(NULL);
	test_s3_stop(&t);
}

/* Asked through a proxy, which sees the whole URL, or the host of a tunnel. */
static void a_bucket_is_in_the_path_or_in_the_host(void **state)
{
	static const struct {
		const char *endpoint, *region, *bucket, *key;
		enum s3_addressing addressing;
		const char *line;
	} cases[] = {
	    {"http://store.test", NULL, "bucket", "a b/%/\xc3\xbc+&?",
		S3_ADDRESS_AUTO,
		"GET http://store.test/bucket/a%20b/%25/%C3%BC%2B%26%3F "},
	    {"http://store.test", NULL, "bucket", NULL, S3_ADDRESS_AUTO,
		"GET http://store.test/bucket "},
	    {"http://store.test/", NULL, "bucket", "k", S3_ADDRESS_AUTO,
		"GET http://store.test/bucket/k "},
	    {"http://store.test:81/s3/", NULL, "bucket", "//k/../",
		S3_ADDRESS_PATH, "GET http://store.test:81/s3/bucket///k/../ "},
	    {"http://store.test:81/s3", NULL, "bucket", "k", S3_ADDRESS_VIRTUAL,
		"GET http://bucket.store.test:81/s3/k "},
	    {"http://store.test", NULL, "bucket", NULL, S3_ADDRESS_VIRTUAL,
		"GET http://bucket.store.test/ "},
	    {NULL, NULL, "bucket", "k", S3_ADDRESS_AUTO,
		"CONNECT bucket.s3.us-east-1.amazonaws.com:443 "},
	    {NULL, "eu-west-1", "bucket", "k", S3_ADDRESS_PATH,
		"CONNECT s3.eu-west-1.amazonaws.com:443 "},
	    {NULL, "cn-north-1", "bucket", "k", S3_ADDRESS_AUTO,
		"CONNECT bucket.s3.cn-north-1.amazonaws.com.cn:443 "},
	    /* Under a dot no wildcard certificate holds. */
	    {NULL, NULL, "a.bucket", "k", S3_ADDRESS_AUTO,
		"CONNECT s3.us-east-1.amazonaws.com:443 "},
	    {NULL, NULL, "Old_Bucket", "k", S3_ADDRESS_AUTO,
		"CONNECT s3.us-east-1.amazonaws.com:443 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static const struct script_reply reply = {
		    .status = "403 Forbidden"};
		struct script_server *proxy = script_server_start(&reply, 1);
		autofree char *url = script_server_url(proxy, "");
		struct test_clock clock;
		struct test_random random;
		struct secret *secret = secret_new("secret", 6);
		struct err err = ERR_INIT;
		test_clock_init(&clock, 1700000000000);
		test_random_init(&random, 3);
		const struct aws_settings settings = {
		    .access_key_id = "AKIATEST",
		    .secret_access_key = secret,
		    .s3_endpoint = cases[i].endpoint,
		    .region = cases[i].region,
		    .addressing = cases[i].addressing,
		    .proxy = url,
		    .max_attempts = 1,
		    .env = no_environment,
		    .clock = &clock.clock,
		    .random = &random.random,
		};
		struct aws *aws = aws_open(&settings, &err);
		struct s3 *s = s3_new(aws, cases[i].bucket, &err);
		assert_int_equal(get(s, cases[i].key, &err), -1);
		if (!str_starts(script_server_request(proxy, 0), cases[i].line))
			fail_msg("%s: %s", cases[i].line,
			    script_server_request(proxy, 0));
		assert_int_equal(script_server_count(proxy), 1);
		s3_free(s);
		aws_close(aws);
		secret_free(secret);
		script_server_stop(proxy);
	}
}

static void a_region_is_learnt_from_header_and_body(void **state)
{
	static const struct {
		struct script_reply reply;
		const char *learnt; /* NULL: nothing, and no second request */
	} cases[] = {
	    {{.status = "301 Moved Permanently",
		 .headers = "x-amz-bucket-region: eu-west-1\r\n"},
		"eu-west-1"},
	    {{.status = "400 Bad Request",
		 .body = "<Error><Code>AuthorizationHeaderMalformed</Code>"
			 "<Region>ap-south-1</Region></Error>"},
		"ap-south-1"},
	    {{.status = "403 Forbidden",
		 .headers = "x-amz-bucket-region: us-west-2\r\n"},
		"us-west-2"},
	    {{.status = "307 Temporary Redirect",
		 .headers = "x-amz-bucket-region: us-west-2\r\n"},
		"us-west-2"},
	    /* The one that was asked, no name of a region, and no status that
	     * speaks of regions. */
	    {{.status = "301 Moved Permanently",
		 .headers = "x-amz-bucket-region: us-east-1\r\n"},
		NULL},
	    {{.status = "301 Moved Permanently",
		 .headers = "x-amz-bucket-region: evil.example/\r\n"},
		NULL},
	    {{.status = "301 Moved Permanently",
		 .headers = "x-amz-bucket-region: "
			    "a-region-whose-name-is-longer-than-any-of-them-is"
			    "\r\n"},
		NULL},
	    {{.status = "301 Moved Permanently",
		 .headers = "x-amz-bucket-region:\r\n"},
		NULL},
	    {{.status = "301 Moved Permanently", .body = "<Error><Region>"},
		NULL},
	    {{.status = "404 Not Found",
		 .headers = "x-amz-bucket-region: us-west-2\r\n"},
		NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {
		    cases[i].reply, {.status = "200 OK"}};
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, replies, 2);
		assert_int_equal(
		    get(t.s3, "k", &err), cases[i].learnt ? 0 : -1);
		assert_int_equal(
		    script_server_count(t.server), cases[i].learnt ? 2 : 1);
		for (size_t n = 0; n < script_server_count(t.server); n++) {
			autofree char *is =
			    script_server_header(t.server, n, "Authorization");
			autofree char *scope =
			    str_printf("/20231114/%s/s3/aws4_request,",
				n ? cases[i].learnt : "us-east-1");
			assert_contains(is, scope);
		}
		test_s3_stop(&t);
	}
}

static void a_conflict_of_conditions_is_asked_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "409 Conflict",
		.body = "<Error><Code>ConditionalRequestConflict</Code>"
			"</Error>"},
	    {.status = "200 OK"},
	    {.status = "409 Conflict",
		.body = "<Error><Code>BucketNotEmpty</Code></Error>"}};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 3);
	assert_ok(get(t.s3, "k", &err), err);
	assert_int_equal(script_server_count(t.server), 2);
	assert_int_equal(get(t.s3, "k", &err), -1);
	assert_int_equal(script_server_count(t.server), 3);
	test_s3_stop(&t);
}

/* A get's body is what it is; elsewhere an error may come with a 200. */
static void an_error_in_a_200_is_one_but_of_a_get(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK",
		.body = "<Error><Code>AccessDenied</Code></Error>"},
	    {.status = "200 OK",
		.body = "<Error><Code>AccessDenied</Code></Error>"}};
	struct test_s3 t;
	struct err err = ERR_INIT;
	cleanup(s3_call_done) struct s3_call c;

	(void)state;
	test_s3_start(&t, replies, 2);
	assert_ok(get(t.s3, "k", &err), err);
	s3_call_init(&c, t.s3, "POST", "k");
	assert_fails(s3_call_send(&c, &err), err, ERR_DENIED);
	assert_string_equal(c.call.code, "AccessDenied");
	test_s3_stop(&t);
}

static void an_answer_has_the_root_it_should(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "<A><B>c</B></A>"},
	    {.status = "200 OK", .body = "<A><B>c</B>"}, {.status = "200 OK"}};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 3);
	for (int i = 0; i < 3; i++) {
		cleanup(s3_call_done) struct s3_call c;
		s3_call_init(&c, t.s3, "GET", NULL);
		s3_call_query(&c, "list-type", "2");
		s3_call_query(&c, "a b", "");
		assert_ok(s3_call_send(&c, &err), err);
		assert_contains(script_server_request(t.server, (size_t)i),
		    "GET /bucket?a%20b=&list-type=2 HTTP/1.1\r\n");
		cleanup(xml_freep) struct xml *x = s3_call_xml(&c, "A", &err);
		if (i == 0) {
			assert_string_equal(xml_text(x, "B"), "c");
			assert_null(s3_call_xml(&c, "B", &err));
			assert_contains(err.message,
			    "the answer is <A> and should be <B>: is that "
			    "endpoint S3?");
		} else {
			assert_null(x);
		}
		assert_int_equal(err.code, ERR_FORMAT);
		assert_true(str_starts(err.message, "s3://bucket at http"));
		err = (struct err)ERR_INIT;
	}
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_checked),
	    cmocka_unit_test(a_bucket_is_in_the_path_or_in_the_host),
	    cmocka_unit_test(a_region_is_learnt_from_header_and_body),
	    cmocka_unit_test(a_conflict_of_conditions_is_asked_again),
	    cmocka_unit_test(an_error_in_a_200_is_one_but_of_a_get),
	    cmocka_unit_test(an_answer_has_the_root_it_should),
	};

	return cmocka_run_group_tests_name("s3", tests, NULL, NULL);
}
