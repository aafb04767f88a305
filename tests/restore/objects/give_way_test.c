#include "restore/objects/give_way.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

#define SERVICE(SPEC)                                                          \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{" SPEC "}}"

/* `part` of what is told, or NULL where nothing is given up. */
static void assert_gives(const char *before, int status, const char *message,
    const char *part, const char *after)
{
	cleanup(json_freep) struct json_object *object = test_json(before);
	const char *told = give_way(object, status, message);

	if (part)
		assert_contains(told ? told : "", part);
	else
		assert_null(told);
	assert_json(object, after);
}

/* The messages are what servers of 1.20.2 and 1.36.2 answered; of ports they
 * say the same. */
static void ports_that_are_taken_are_given_up(void **state)
{
	static const char taken[] =
	    "Service \"np\" is invalid: spec.ports[0].nodePort: Invalid value: "
	    "31700: provided port is already allocated";
	static const char range[] =
	    "Service \"np\" is invalid: spec.ports[0].nodePort: Invalid value: "
	    "1: provided port is not in the valid range. The range of valid "
	    "ports is 30000-32767";
	static const char health[] =
	    "Internal error occurred: failed to allocate requested HealthCheck "
	    "NodePort 31701: provided port is already allocated";

	(void)state;
	assert_gives(SERVICE("\"ports\":[{\"port\":80,\"nodePort\":31700}]"),
	    422, taken, "a node port", SERVICE("\"ports\":[{\"port\":80}]"));
	assert_gives(SERVICE("\"ports\":[{\"port\":80,\"nodePort\":1}]"), 422,
	    range, "a node port", SERVICE("\"ports\":[{\"port\":80}]"));
	assert_gives(SERVICE("\"healthCheckNodePort\":31701,\"ports\":[{"
			     "\"nodePort\":31702}]"),
	    500, health, "health checks",
	    SERVICE("\"ports\":[{\"nodePort\":31702}]"));
	assert_gives(
	    SERVICE("\"ports\":[]"), 422, taken, NULL, SERVICE("\"ports\":[]"));
	assert_gives(SERVICE("\"ports\":[{\"nodePort\":1}]"), 503, taken, NULL,
	    SERVICE("\"ports\":[{\"nodePort\":1}]"));
	assert_gives(
	    "{\"kind\":\"Service\",\"apiVersion\":\"serving.knative.dev/v1\"}",
	    422, taken, NULL,
	    "{\"kind\":\"Service\",\"apiVersion\":\"serving.knative.dev/v1\"}");
	assert_gives("[]", 422, NULL, NULL, "[]");
}

static void families_and_addresses_are_those_of_the_cluster(void **state)
{
	/* Of 1.36.2; one of 1.20.2 does not know them. */
	static const char both[] =
	    "Service \"both\" is invalid: [spec.ipFamilyPolicy: Invalid value: "
	    "\"RequireDualStack\": this cluster is not configured for "
	    "dual-stack "
	    "services, spec.ipFamilies[0]: Invalid value: \"IPv6\": not "
	    "configured on this cluster]";
	static const char one[] =
	    "Service \"one\" is invalid: spec.ipFamilies[0]: Invalid value: "
	    "\"IPv6\": not configured on this cluster";
	static const char old_address[] =
	    "Service \"fixed\" is invalid: spec.clusterIPs: Invalid value: "
	    "[]string{\"10.96.77.77\"}: failed to allocated ip:10.96.77.77 "
	    "with "
	    "error:provided IP is already allocated";
	static const char address[] =
	    "Service \"fixed\" is invalid: spec.clusterIPs: Invalid value: "
	    "[\"10.96.77.77\"]: failed to allocate IP 10.96.77.77: provided IP "
	    "is already allocated";
	static const char other_range[] =
	    "Service \"fixed\" is invalid: spec.clusterIPs: Invalid value: "
	    "[\"10.96.77.77\"]: failed to allocate IP 10.96.77.77: the "
	    "provided "
	    "network does not match the current range";
	static const char *const addresses[] = {
	    old_address, address, other_range};

	(void)state;
	assert_gives(SERVICE("\"ipFamilyPolicy\":\"RequireDualStack\","
			     "\"ipFamilies\":[\"IPv6\",\"IPv4\"]"),
	    422, both, "families",
	    SERVICE("\"ipFamilyPolicy\":\"PreferDualStack\""));
	assert_gives(SERVICE("\"ipFamilyPolicy\":\"SingleStack\","
			     "\"ipFamilies\":[\"IPv6\"]"),
	    422, one, "families",
	    SERVICE("\"ipFamilyPolicy\":\"SingleStack\""));
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		assert_gives(SERVICE("\"clusterIP\":\"10.96.77.77\","
				     "\"clusterIPs\":[\"10.96.77.77\"]"),
		    422, addresses[i], "cluster IP", SERVICE(""));
	assert_gives(SERVICE(""), 422, address, NULL, SERVICE(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ports_that_are_taken_are_given_up),
	    cmocka_unit_test(families_and_addresses_are_those_of_the_cluster),
	};

	return cmocka_run_group_tests_name("give_way", tests, NULL, NULL);
}
