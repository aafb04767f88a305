#include "restore/objects/ratchet.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_one(bool (*normal)(const char *, struct buf *),
    const char *text, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	assert_int_equal(normal(text, &out), expected != NULL);
	assert_string_equal(buf_str(&out), expected ? expected : "");
}

static void an_address_is_written_where_it_is_certain(void **state)
{
	(void)state;
	assert_one(ratchet_address, "192.0.02.1", "192.0.2.1");
	assert_one(ratchet_address, "00.0.0.07", "0.0.0.7");
	assert_one(ratchet_address, "192.0.2.1", NULL);
	/* Octal to some, decimal to others. */
	assert_one(ratchet_address, "010.0.0.1", NULL);
	assert_one(ratchet_address, "1.2.3.08", NULL);
	assert_one(ratchet_address, "::ffff:1.2.3.4", NULL);
	assert_one(ratchet_address, "1.2.3", NULL);
	assert_one(ratchet_address, "1.2.3.4.05", NULL);
	assert_one(ratchet_address, "256.0.0.01", NULL);
	assert_one(ratchet_address, "", NULL);
}

static void a_network_loses_the_bits_of_its_host(void **state)
{
	(void)state;
	assert_one(ratchet_network, "192.0.2.17/24", "192.0.2.0/24");
	assert_one(ratchet_network, "192.0.02.0/24", "192.0.2.0/24");
	assert_one(ratchet_network, "10.1.2.3/9", "10.0.0.0/9");
	assert_one(ratchet_network, "1.2.3.4/0", "0.0.0.0/0");
	assert_one(ratchet_network, "192.0.2.17/32", NULL);
	assert_one(ratchet_network, "192.0.2.0/24", NULL);
	assert_one(ratchet_network, "2001:db8::1/32", "2001:db8::/32");
	assert_one(ratchet_network, "2001:db8::/32", NULL);
	assert_one(ratchet_network, "::ffff:1.2.3.4/112", NULL);
	assert_one(ratchet_network, "010.0.0.1/24", NULL);
	assert_one(ratchet_network, "192.0.2.17/33", NULL);
	assert_one(ratchet_network, "192.0.2.17/024", NULL);
	assert_one(ratchet_network, "192.0.2.17/", NULL);
	assert_one(ratchet_network, "/24", NULL);
	assert_one(ratchet_network, "2001:db8::1/129", NULL);
}

static void assert_written(
    const char *before, int minor, const char *after, size_t told)
{
	cleanup(json_freep) struct json_object *object = test_json(before);
	cleanup(strvec_done) struct strvec notes = VEC_INIT;

	ratchet_object(object, minor, &notes);
	assert_json(object, after);
	assert_int_equal(notes.len, told);
	ratchet_object(object, minor, NULL);
	assert_json(object, after);
}

#define POLICY(CIDR, EXCEPT)                                                   \
	"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\"," \
	"\"spec\":{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"" CIDR     \
	"\",\"except\":[" EXCEPT "]}}]}]}}"

static void addresses_are_written_where_they_stand(void **state)
{
	(void)state;
	assert_written(POLICY("192.0.2.17/16", "\"192.0.2.9/24\",3"), 36,
	    POLICY("192.0.0.0/16", "\"192.0.2.0/24\",3"), 2);
	assert_written(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{"
	    "\"externalIPs\":[\"192.0.2.3\",\"192.0.02.1\",\"010.0.0.1\"],"
	    "\"loadBalancerSourceRanges\":[\"192.0.2.17/24\"]}}",
	    36,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{"
	    "\"externalIPs\":[\"192.0.2.3\",\"192.0.2.1\",\"010.0.0.1\"],"
	    "\"loadBalancerSourceRanges\":[\"192.0.2.0/24\"]}}",
	    2);
	assert_written("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		       "\"spec\":{\"template\":{\"spec\":{\"hostAliases\":["
		       "{\"ip\":\"127.0.0.01\"}]}}}}",
	    36,
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	    "\"spec\":{\"template\":{\"spec\":{\"hostAliases\":["
	    "{\"ip\":\"127.0.0.1\"}]}}}}",
	    1);
	/* Of another kind it may mean anything. */
	assert_written("{\"apiVersion\":\"x/v1\",\"kind\":\"Service\",\"spec\":"
		       "{\"externalIPs\":[\"192.0.02.1\"]}}",
	    36,
	    "{\"apiVersion\":\"x/v1\",\"kind\":\"Service\",\"spec\":"
	    "{\"externalIPs\":[\"192.0.02.1\"]}}",
	    0);
	assert_written(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":3}", 36,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":3}", 0);
}

#define CRON(SPEC)                                                             \
	"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"spec\":{" SPEC "}}"

static void a_zone_has_a_member_where_the_server_knows_it(void **state)
{
	(void)state;
	assert_written(CRON("\"schedule\":\"TZ=UTC 0 3 * * *\""), 36,
	    CRON("\"schedule\":\"0 3 * * *\",\"timeZone\":\"UTC\""), 1);
	assert_written(CRON("\"schedule\":\"CRON_TZ=Asia/Tokyo  @daily\""), 27,
	    CRON("\"schedule\":\"@daily\",\"timeZone\":\"Asia/Tokyo\""), 1);
	assert_written(CRON("\"schedule\":\"TZ=UTC 0 3 * * *\""), 20,
	    CRON("\"schedule\":\"TZ=UTC 0 3 * * *\""), 0);
	assert_written(CRON("\"schedule\":\"TZ=UTC\""), 36,
	    CRON("\"schedule\":\"TZ=UTC\""), 0);
}

#define CRD(SPEC)                                                              \
	"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"                \
	"\"CustomResourceDefinition\",\"spec\":{" SPEC "}}"
#define KEEP "\"x-kubernetes-preserve-unknown-fields\":true"

static void a_definition_gets_the_schema_that_it_needs(void **state)
{
	(void)state;
	assert_written(CRD("\"versions\":[{\"name\":\"v1\"}]"), 36,
	    CRD("\"versions\":[{\"name\":\"v1\",\"schema\":{"
		"\"openAPIV3Schema\":{\"type\":\"object\"," KEEP "}}}]"),
	    1);
	/* What was kept below its known members is kept on. */
	assert_written(
	    CRD("\"preserveUnknownFields\":true,\"versions\":[{\"schema\":{"
		"\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{"
		"\"a\":{\"type\":\"object\"},\"b\":{\"type\":\"string\"}}}}}]"),
	    36,
	    CRD("\"preserveUnknownFields\":false,\"versions\":[{\"schema\":{"
		"\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{"
		"\"a\":{\"type\":\"object\"," KEEP
		"},\"b\":{\"type\":\"string\"}}," KEEP "}}}]"),
	    1);
	assert_written(CRD("\"versions\":[{\"schema\":{\"openAPIV3Schema\":{"
			   "\"type\":\"object\"}}}]"),
	    36,
	    CRD("\"versions\":[{\"schema\":{\"openAPIV3Schema\":{"
		"\"type\":\"object\"}}}]"),
	    0);
}

#define HOOKS(VERSION, HOOK)                                                   \
	"{\"apiVersion\":\"admissionregistration.k8s.io/" VERSION              \
	"\",\"kind\":\"ValidatingWebhookConfiguration\",\"webhooks\":[{" HOOK  \
	"}]}"

static void a_webhook_says_what_it_does_besides(void **state)
{
	(void)state;
	assert_written(
	    HOOKS("v1", "\"name\":\"a\",\"sideEffects\":\"Unknown\""), 20,
	    HOOKS("v1", "\"name\":\"a\",\"sideEffects\":\"NoneOnDryRun\""), 1);
	assert_written(HOOKS("v1", "\"sideEffects\":\"Some\""), 36,
	    HOOKS("v1", "\"sideEffects\":\"NoneOnDryRun\""), 1);
	assert_written(HOOKS("v1", "\"sideEffects\":\"None\""), 36,
	    HOOKS("v1", "\"sideEffects\":\"None\""), 0);
	assert_written(HOOKS("v1beta1", "\"sideEffects\":\"Unknown\""), 20,
	    HOOKS("v1beta1", "\"sideEffects\":\"Unknown\""), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_written_where_it_is_certain),
	    cmocka_unit_test(a_network_loses_the_bits_of_its_host),
	    cmocka_unit_test(addresses_are_written_where_they_stand),
	    cmocka_unit_test(a_zone_has_a_member_where_the_server_knows_it),
	    cmocka_unit_test(a_definition_gets_the_schema_that_it_needs),
	    cmocka_unit_test(a_webhook_says_what_it_does_besides),
	};

	return cmocka_run_group_tests_name("ratchet", tests, NULL, NULL);
}
