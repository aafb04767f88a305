#include "storage/aws/s3.h"

#include "tests/support/s3_script.h"

#define CHECKED "GET /bucket?list-type=2&max-keys=1 HTTP/1.1\r\n"
#define ERROR(code) "<Error><Code>" code "</Code></Error>"

static void a_cheap_list_proves_the_bucket(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {{.status = "200 OK", .body = "<ListBucketResult/>"}, ERR_NONE, ""},
	    {{.status = "404 Not Found", .body = ERROR("NoSuchBucket")},
		ERR_NOT_FOUND,
		"404 NoSuchBucket: make the bucket, or put its name or "
		"endpoint right"},
	    {{.status = "403 Forbidden", .body = ERROR("InvalidAccessKeyId")},
		ERR_DENIED, "check the access key id and the endpoint"},
	    {{.status = "200 OK", .body = "<html>log in</html>"}, ERR_FORMAT,
		"the answer is <html> and should be <ListBucketResult>: is "
		"that endpoint S3?"},
	    {{.status = "200 OK", .body = "{}"}, ERR_FORMAT,
		"s3://bucket at http"},
	    {{.status = "200 OK"}, ERR_FORMAT, "s3://bucket at http"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_s3 t;
		struct err err = ERR_INIT;
		test_s3_start(&t, &cases[i].reply, 1);
		assert_int_equal(
		    s3_check(t.s3, &err), cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, cases[i].code);
		assert_contains(err.message, cases[i].says);
		assert_contains(script_server_request(t.server, 0), CHECKED);
		assert_int_equal(script_server_count(t.server), 1);
		test_s3_stop(&t);
	}
}

static void whether_objects_can_be_locked(void **state)
{
	static const struct {
		struct script_reply reply;
		enum err_code code;
		bool lockable;
	} cases[] = {
	    {{.status = "200 OK",
		 .body = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
			 "</ObjectLockEnabled></ObjectLockConfiguration>"},
		ERR_NONE, true},
	    {{.status = "200 OK",
		 .body = "<ObjectLockConfiguration><ObjectLockEnabled>Disabled"
			 "</ObjectLockEnabled></ObjectLockConfiguration>"},
		ERR_NONE, false},
	    {{.status = "200 OK", .body = "<ObjectLockConfiguration/>"},
		ERR_NONE, false},
	    {{.status = "404 Not Found",
		 .body = ERROR("ObjectLockConfigurationNotFoundError")},
		ERR_NONE, false},
	    /* No such bucket is no answer, nor is a refusal. */
	    {{.status = "404 Not Found", .body = ERROR("NoSuchBucket")},
		ERR_NOT_FOUND, false},
	    {{.status = "403 Forbidden", .body = ERROR("AccessDenied")},
		ERR_DENIED, false},
	    {{.status = "501 Not Implemented", .body = ERROR("NotImplemented")},
		ERR_NETWORK, false},
	    {{.status = "200 OK", .body = "<ListBucketResult/>"}, ERR_FORMAT,
		false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct test_s3 t;
		struct err err = ERR_INIT;
		bool lockable = true;
		test_s3_start(&t, &cases[i].reply, 1);
		assert_int_equal(s3_lockable(t.s3, &lockable, &err),
		    cases[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(lockable, cases[i].lockable);
		assert_contains(script_server_request(t.server, 0),
		    "GET /bucket?object-lock= HTTP/1.1\r\n");
		test_s3_stop(&t);
	}
}

static void the_stores_time_is_its_date(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK",
		.headers = "Date: Tue, 14 Nov 2023 22:13:22 GMT\r\n"},
	    {.status = "200 OK"},
	    {.status = "200 OK", .headers = "Date: now\r\n"},
	    {.status = "403 Forbidden",
		.headers = "Date: Tue, 14 Nov 2023 22:13:22 GMT\r\n"}};
	struct test_s3 t;
	struct err err = ERR_INIT;
	int64_t now = 7;

	(void)state;
	test_s3_start(&t, replies, 4);
	assert_ok(s3_store_time(t.s3, &now, &err), err);
	/* The middle of the second that it can show. */
	assert_int_equal(now, 1700000002500);
	assert_contains(script_server_request(t.server, 0), CHECKED);
	now = 7;
	for (int i = 0; i < 2; i++) {
		assert_fails(s3_store_time(t.s3, &now, &err), err, ERR_FORMAT);
		assert_contains(err.message, "the answer has no Date header");
	}
	assert_fails(s3_store_time(t.s3, &now, &err), err, ERR_DENIED);
	assert_int_equal(now, 7);
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cheap_list_proves_the_bucket),
	    cmocka_unit_test(whether_objects_can_be_locked),
	    cmocka_unit_test(the_stores_time_is_its_date),
	};

	return cmocka_run_group_tests_name("s3 bucket", tests, NULL, NULL);
}
