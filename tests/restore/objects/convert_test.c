#include "restore/objects/convert.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_converted(
    const char *before, const char *to, const char *after)
{
	cleanup(json_freep) struct json_object *object = test_json(before);

	convert_object(object, to);
	assert_json(object, after);
}

#define INGRESS(VERSION)                                                       \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"Ingress\",\"spec\":"

static void an_ingress_gets_the_form_of_v1(void **state)
{
	(void)state;
	assert_converted(
	    INGRESS(
		"extensions/v1beta1") "{"
				      "\"backend\":{\"serviceName\":\"a\","
				      "\"servicePort\":80},"
				      "\"rules\":[{\"http\":{\"paths\":[{"
				      "\"path\":\"/\",\"backend\":"
				      "{\"serviceName\":\"b\",\"servicePort\":"
				      "\"http\"}},{\"pathType\":"
				      "\"Prefix\",\"backend\":{\"resource\":{"
				      "\"name\":\"r\"}}}]}}]}}",
	    "networking.k8s.io/v1",
	    INGRESS(
		"networking.k8s.io/v1") "{"
					"\"rules\":[{\"http\":{\"paths\":[{"
					"\"path\":\"/\",\"backend\":"
					"{\"service\":{\"name\":\"b\",\"port\":"
					"{\"name\":\"http\"}}},"
					"\"pathType\":"
					"\"ImplementationSpecific\"},{"
					"\"pathType\":"
					"\"Prefix\",\"backend\":{\"resource\":{"
					"\"name\":\"r\"}}}]}}],"
					"\"defaultBackend\":{\"service\":{"
					"\"name\":\"a\",\"port\":"
					"{\"number\":80}}}}}");
}

#define PDB(VERSION, SELECTOR)                                                 \
	"{\"apiVersion\":\"policy/" VERSION                                    \
	"\",\"kind\":\"PodDisruptionBudget\","                                 \
	"\"spec\":{\"selector\":" SELECTOR "}}"
#define NO_POD(OPERATOR)                                                       \
	"{\"matchExpressions\":[{\"key\":\"pdb.kubernetes.io/"                 \
	"deprecated-v1beta1-empty-selector-match\",\"operator\":\"" OPERATOR   \
	"\"}]}"

static void a_budget_of_no_pod_does_not_become_one_of_all(void **state)
{
	(void)state;
	assert_converted(
	    PDB("v1beta1", "{}"), "policy/v1", PDB("v1", NO_POD("Exists")));
	/* And what had become the other is itself again. */
	assert_converted(PDB("v1beta1", NO_POD("DoesNotExist")), "policy/v1",
	    PDB("v1", "{}"));
	assert_converted(PDB("v1", NO_POD("Exists")), "policy/v1beta1",
	    PDB("v1beta1", "{}"));
	assert_converted(PDB("v1", "{}"), "policy/v1beta1",
	    PDB("v1beta1", NO_POD("DoesNotExist")));
	assert_converted(PDB("v1beta1", "{\"matchLabels\":{\"a\":\"b\"}}"),
	    "policy/v1", PDB("v1", "{\"matchLabels\":{\"a\":\"b\"}}"));
	assert_converted(PDB("v1", "{}"), "policy/v1", PDB("v1", "{}"));
	assert_converted(
	    PDB("v1beta1", "null"), "policy/v1", PDB("v1", "null"));
}

#define LEVEL(VERSION, MEMBER)                                                 \
	"{\"apiVersion\":\"flowcontrol.apiserver.k8s.io/" VERSION              \
	"\",\"kind\":\"PriorityLevelConfiguration\","                          \
	"\"spec\":{\"limited\":{\"" MEMBER "\":77}}}"

static void a_priority_level_keeps_its_shares(void **state)
{
	(void)state;
	assert_converted(LEVEL("v1beta1", "assuredConcurrencyShares"),
	    "flowcontrol.apiserver.k8s.io/v1",
	    LEVEL("v1", "nominalConcurrencyShares"));
	assert_converted(LEVEL("v1", "nominalConcurrencyShares"),
	    "flowcontrol.apiserver.k8s.io/v1beta1",
	    LEVEL("v1beta1", "assuredConcurrencyShares"));
	assert_converted(LEVEL("v1beta3", "nominalConcurrencyShares"),
	    "flowcontrol.apiserver.k8s.io/v1",
	    LEVEL("v1", "nominalConcurrencyShares"));
}

static void all_else_changes_its_name_alone(void **state)
{
	static const char *const odd[] = {INGRESS("x/v1beta1") "3}",
	    INGRESS("x/v1beta1") "{\"backend\":[],\"rules\":{}}}", "{}", "[]"};

	(void)state;
	assert_converted(INGRESS("networking.k8s.io/v1") "{\"backend\":1}}",
	    "networking.k8s.io/v1",
	    INGRESS("networking.k8s.io/v1") "{\"backend\":1}}");
	assert_converted(
	    "{\"apiVersion\":\"batch/v1beta1\",\"kind\":\"CronJob\"}",
	    "batch/v1", "{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\"}");
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cleanup(json_freep) struct json_object *object =
		    test_json(odd[i]);

		if (json_kind(object) == JSON_OBJECT)
			convert_object(object, "networking.k8s.io/v1");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ingress_gets_the_form_of_v1),
	    cmocka_unit_test(a_budget_of_no_pod_does_not_become_one_of_all),
	    cmocka_unit_test(a_priority_level_keeps_its_shares),
	    cmocka_unit_test(all_else_changes_its_name_alone),
	};

	return cmocka_run_group_tests_name("convert", tests, NULL, NULL);
}
