#include "storage/aws/keys.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static int from_json(struct aws_keys *k, const char *text, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return aws_keys_from_json(k, text, strlen(text), err);
}

static int from_sts(struct aws_keys *k, const char *text, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return aws_keys_from_sts(k, text, strlen(text), err);
}

#define BOTH "\"AccessKeyId\":\"id\",\"SecretAccessKey\":\"hidden\""

static void keys_of_each_service(void **state)
{
	struct aws_keys k = AWS_KEYS_INIT, copy = AWS_KEYS_INIT;
	struct err err;

	(void)state;
	assert_ok(from_json(&k,
		      "{\"Code\":\"Success\"," BOTH ",\"Token\":\"t\","
		      "\"Expiration\":\"1970-01-01T00:01:00Z\"}",
		      &err),
	    err);
	assert_string_equal(k.access_key_id, "id");
	assert_string_equal(secret_reveal(k.secret_access_key), "hidden");
	assert_string_equal(secret_reveal(k.session_token), "t");
	assert_int_equal(k.expires, 60);
	aws_keys_copy(&copy, &k);
	/* Nothing of them stays. */
	assert_ok(from_json(&k, "{" BOTH ",\"SessionToken\":\"\"}", &err), err);
	assert_null(k.session_token);
	assert_int_equal(k.expires, 0);
	assert_string_equal(secret_reveal(copy.session_token), "t");
	assert_ok(from_sts(&k,
		      "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
		      "<AccessKeyId>i</AccessKeyId><SecretAccessKey>s"
		      "</SecretAccessKey><SessionToken>t</SessionToken>"
		      "<Expiration>1970-01-01T00:00:01Z</Expiration>"
		      "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
		      &err),
	    err);
	assert_string_equal(k.access_key_id, "i");
	assert_int_equal(k.expires, 1);
	aws_keys_done(&k);
	aws_keys_done(&copy);
	assert_null(k.access_key_id);
}

/* No error shows a value, and what was there stays. */
static void what_are_no_keys_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *wrong;
	} rows[] = {
	    {"", "not JSON"},
	    {"{\"AccessKeyId\":\"id\"}", "no SecretAccessKey"},
	    {"{\"SecretAccessKey\":\"hidden\"}", "no AccessKeyId"},
	    {"{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"hidden\"}",
		"characters that none may have"},
	    {"{\"AccessKeyId\":\"i\\r\\nX: y\",\"SecretAccessKey\":\"hidden\"}",
		"characters"},
	    {"{\"AccessKeyId\":\"i\",\"SecretAccessKey\":\"hidden \"}",
		"characters"},
	    {"{" BOTH ",\"Token\":\"hidden\\u007f\"}", "characters"},
	    {"{" BOTH ",\"Expiration\":\"soon\"}", "not an RFC 3339 time"},
	    {"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no\"}",
		"AssumeRoleUnauthorizedAccess: no"},
	    {"{\"code\":\"Failed\"}", "Failed: no reason given"},
	};
	struct aws_keys k = AWS_KEYS_INIT;
	struct err err;

	(void)state;
	aws_keys_set(&k, "kept", "s", NULL, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (from_json(&k, rows[i].text, &err) == 0)
			fail_msg("taken: %s", rows[i].text);
		assert_contains(err.message, rows[i].wrong);
		assert_null(strstr(err.message, "hidden"));
		assert_string_equal(k.access_key_id, "kept");
	}
	assert_int_equal(from_sts(&k, "<R/>", &err), -1);
	assert_int_equal(from_sts(&k, "<R", &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	aws_keys_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_of_each_service),
	    cmocka_unit_test(what_are_no_keys_is_refused),
	};

	return cmocka_run_group_tests_name("aws/keys", tests, NULL, NULL);
}
