#include "restore/objects/exclude.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/built_in.h"
#include "tests/support/test.h"

#include <string.h>

static void some_objects_are_made_by_others(void **state)
{
	static const struct {
		const char *text;
		bool left;
	} cases[] = {
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Event\"}", true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	     "\"name\":\"kube-root-ca.crt\"}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	     "\"name\":\"openshift-service-ca.crt\"}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	     "\"name\":\"mine\"}}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	     "\"name\":\"extension-apiserver-authentication\","
	     "\"namespace\":\"kube-system\"}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	     "\"name\":\"extension-apiserver-authentication\","
	     "\"namespace\":\"team\"}}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	     "\"name\":\"kube-apiserver-legacy-service-account-token-"
	     "tracking\","
	     "\"namespace\":\"kube-system\"}}",
		true},
	    {"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":"
	     "\"ServiceCIDR\",\"metadata\":{\"name\":\"kubernetes\"}}",
		true},
	    {"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":"
	     "\"ServiceCIDR\",\"metadata\":{\"name\":\"more\"}}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"
	     "\"name\":\"default\"}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"
	     "\"name\":\"default\"},\"imagePullSecrets\":[{\"name\":\"p\"}]}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"
	     "\"name\":\"default\"},\"secrets\":[{\"name\":"
	     "\"default-token-ab1cd\"}]}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"
	     "\"name\":\"default\"},\"secrets\":[{\"name\":\"mine\"}]}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
	     "\"ownerReferences\":[{\"controller\":true}]}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
	     "\"ownerReferences\":[{\"uid\":\"u\"}]}}",
		false},
	    {"{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"metadata\":"
	     "{\"ownerReferences\":[{\"controller\":true}]}}",
		true},
	    {"{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"status\":{"
	     "\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}}",
		true},
	    {"{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\"}", false},
	    {"{\"apiVersion\":\"apiregistration.k8s.io/v1\",\"kind\":"
	     "\"APIService\",\"spec\":{}}",
		true},
	    {"{\"apiVersion\":\"apiregistration.k8s.io/v1\",\"kind\":"
	     "\"APIService\",\"spec\":{\"service\":{}}}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":"
	     "\"kubernetes.io/service-account-token\",\"metadata\":{\"name\":"
	     "\"a-token-x1y2z\",\"annotations\":{\"kubernetes.io/service-"
	     "account.name\":\"a\"}}}",
		false},
	    {"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	     "\"ClusterRole\",\"metadata\":{\"labels\":{\"kubernetes.io/"
	     "bootstrapping\":\"rbac-defaults\"},\"annotations\":{\"rbac."
	     "authorization.kubernetes.io/autoupdate\":\"true\"}}}",
		true},
	    {"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	     "\"ClusterRole\",\"metadata\":{\"labels\":{\"kubernetes.io/"
	     "bootstrapping\":\"rbac-defaults\"},\"annotations\":{\"rbac."
	     "authorization.kubernetes.io/autoupdate\":\"false\"}}}",
		false},
	    {"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	     "\"ClusterRole\",\"metadata\":{\"name\":\"mine\"}}",
		false},
	    {"{\"apiVersion\":\"flowcontrol.apiserver.k8s.io/v1beta1\",\"kind\""
	     ":\"FlowSchema\",\"metadata\":{\"annotations\":{\"apf.kubernetes."
	     "io/autoupdate-spec\":\"true\"}}}",
		true},
	    {"{\"apiVersion\":\"scheduling.k8s.io/v1\",\"kind\":"
	     "\"PriorityClass\",\"metadata\":{\"name\":\"system-node-critical"
	     "\"}}",
		true},
	    {"{\"kind\":\"PriorityClass\",\"metadata\":{}}", false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
	     "\"name\""
	     ":\"kubernetes\",\"namespace\":\"default\"}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
	     "\"name\""
	     ":\"kubernetes\",\"namespace\":\"mine\"}}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
	     "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}",
		true},
	};
	static const struct exclude_options none = {
	    .derived = false, .rules = &built_in};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].text);
		if ((exclude_object(object, &none).reason != NULL) !=
		    cases[i].left)
			fail_msg("%s", cases[i].text);
	}
}

/* Also what an older agent captured, or one that was asked for all. */
static void what_one_cluster_has_for_itself_stays_there(void **state)
{
	static const struct exclude_options all = {
	    .derived = true, .finished = true, .rules = &built_in};
	static const char *const kinds[][2] = {
	    {"coordination.k8s.io/v1beta1", "LeaseCandidate"},
	    {"storage.k8s.io/v1", "CSIStorageCapacity"},
	    {"resource.k8s.io/v1", "ResourceSlice"},
	    {"resource.k8s.io/v1alpha3", "ResourcePoolStatusRequest"},
	    {"networking.k8s.io/v1", "IPAddress"},
	    {"storagemigration.k8s.io/v1beta1", "StorageVersionMigration"},
	    {"certificates.k8s.io/v1beta1", "PodCertificateRequest"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{"
		    "\"name\":\"a\"}}",
		    kinds[i][0], kinds[i][1]);
		cleanup(json_freep) struct json_object *object =
		    test_json(text);
		if (!exclude_object(object, &all).reason)
			fail_msg("%s is restored", kinds[i][1]);
	}
}

static const char *reason(const char *text, const struct exclude_options *o)
{
	cleanup(json_freep) struct json_object *object = test_json(text);

	return exclude_object(object, o).reason;
}

static void what_ended_and_what_is_made_again_comes_on_demand(void **state)
{
	static const struct exclude_options none = {
	    .derived = false, .rules = &built_in};
	static const struct exclude_options finished = {
	    .finished = true, .rules = &built_in};
	static const struct exclude_options derived = {
	    .derived = true, .rules = &built_in};
	static const char run[] =
	    "{\"apiVersion\":\"tekton.dev/v1\",\"kind\":\"PipelineRun\","
	    "\"status\":{\"completionTime\":\"2026-01-01T00:00:00Z\"}}";
	static const char *const made[] = {
	    "{\"apiVersion\":\"karpenter.sh/v1\",\"kind\":\"NodeClaim\"}",
	    "{\"apiVersion\":\"resource.k8s.io/v1\",\"kind\":\"ResourceClaim\","
	    "\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\","
	    "\"kind\":\"Pod\",\"controller\":true}]}}",
	    "{\"apiVersion\":\"kubevirt.io/v1\",\"kind\":"
	    "\"VirtualMachineInstance\",\"metadata\":{\"ownerReferences\":[{"
	    "\"apiVersion\":\"kubevirt.io/v1\",\"kind\":\"VirtualMachine\","
	    "\"controller\":true}]}}",
	    "{\"apiVersion\":\"wgpolicyk8s.io/v1alpha2\",\"kind\":"
	    "\"ClusterPolicyReport\"}",
	    "{\"apiVersion\":\"operators.coreos.com/v1alpha1\",\"kind\":"
	    "\"ClusterServiceVersion\",\"metadata\":{\"labels\":{"
	    "\"olm.copiedFrom\":\"olm\"}}}",
	    "{\"apiVersion\":\"status.gatekeeper.sh/v1beta1\",\"kind\":"
	    "\"ConstraintTemplatePodStatus\"}",
	};
	static const char *const kept[] = {
	    "{\"apiVersion\":\"resource.k8s.io/v1\",\"kind\":"
	    "\"ResourceClaim\",\"metadata\":{\"name\":\"shared\"}}",
	    "{\"apiVersion\":\"kubevirt.io/v1\",\"kind\":"
	    "\"VirtualMachineInstance\"}",
	    "{\"apiVersion\":\"operators.coreos.com/v1alpha1\",\"kind\":"
	    "\"ClusterServiceVersion\",\"status\":{\"phase\":\"Succeeded\"}}",
	    "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
	    "\"ValidatingAdmissionPolicy\"}",
	};

	(void)state;
	assert_string_equal(
	    reason(run, &none), "has ended, and would run again");
	assert_null(reason(run, &finished));
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		assert_non_null(reason(made[i], &none));
		assert_null(reason(made[i], &derived));
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		assert_null(reason(kept[i], &none));
}

static void endpoints_go_with_the_selector_of_their_service(void **state)
{
	static const struct exclude_options none = {
	    .derived = false, .rules = &built_in};
	cleanup(json_freep) struct json_object *endpoints =
	    test_json("{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\","
		      "\"metadata\":{\"name\":\"db\",\"namespace\":\"n\"}}");
	const struct exclude_condition c = exclude_condition(endpoints, &none);

	(void)state;
	assert_null(exclude_object(endpoints, &none).reason);
	assert_string_equal(c.kind, "Selected");
	assert_string_equal(c.namespace, "n");
	assert_string_equal(c.name, "db");
	assert_false(c.sources);
}

static void a_label_alone_makes_no_secret_derived(void **state)
{
	static const struct exclude_options none = {
	    .derived = false, .rules = &built_in};
	static const struct exclude_options derived = {
	    .derived = true, .rules = &built_in};
	cleanup(json_freep) struct json_object *labelled = test_json(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
	    "\"labels\":{\"reconcile.external-secrets.io/managed\":"
	    "\"true\"}}}");
	cleanup(json_freep) struct json_object *owned = test_json(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
	    "\"ownerReferences\":[{\"apiVersion\":\"external-secrets.io/v1\","
	    "\"kind\":\"ExternalSecret\",\"uid\":\"u\",\"controller\":true}]"
	    "}}");

	(void)state;
	assert_null(exclude_condition(labelled, &none).kind);
	assert_null(exclude_object(labelled, &none).reason);
	const struct exclude_condition c = exclude_condition(owned, &none);
	assert_string_equal(c.kind, "Target");
	assert_string_equal(c.name, "u");
	assert_true(c.sources);
	assert_null(exclude_condition(owned, &derived).kind);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(some_objects_are_made_by_others),
	    cmocka_unit_test(what_one_cluster_has_for_itself_stays_there),
	    cmocka_unit_test(what_ended_and_what_is_made_again_comes_on_demand),
	    cmocka_unit_test(endpoints_go_with_the_selector_of_their_service),
	    cmocka_unit_test(a_label_alone_makes_no_secret_derived),
	};

	return cmocka_run_group_tests_name(
	    "exclude", tests, built_in_set_up, built_in_tear_down);
}
