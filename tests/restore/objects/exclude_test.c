#include "restore/objects/exclude.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static struct json_object *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *j = json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s: %s", err.message, text);
	return j;
}

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
	     "\"name\":\"mine\"}}",
		false},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"
	     "\"name\":\"default\"}}",
		true},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"
	     "\"name\":\"default\"},\"imagePullSecrets\":[{\"name\":\"p\"}]}",
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
		true},
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
	static const char derived[] =
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
	    "\"d\",\"ownerReferences\":[{\"kind\":\"ExternalSecret\"}]}}";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *object =
		    parse(cases[i].text);
		if ((exclude_reason(object, true) != NULL) != cases[i].left)
			fail_msg("%s", cases[i].text);
	}
	cleanup(json_freep) struct json_object *secret = parse(derived);
	assert_non_null(exclude_reason(secret, false));
	assert_null(exclude_reason(secret, true));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(some_objects_are_made_by_others),
	};

	return cmocka_run_group_tests_name("leave", tests, NULL, NULL);
}
