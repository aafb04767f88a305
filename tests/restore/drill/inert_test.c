/* What may be made beside a living platform. */
#include "restore/drill/inert.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

static void what_starts_nothing_is_inert(void **state)
{
	(void)state;
	assert_true(inert_is("", "ConfigMap", NULL));
	assert_true(inert_is("rbac.authorization.k8s.io", "RoleBinding", NULL));
	assert_true(inert_is("policy", "PodDisruptionBudget", NULL));
}

static void what_a_controller_acts_upon_is_not(void **state)
{
	static const char *const acting[][2] = {{"apps", "Deployment"},
	    {"", "Service"}, {"", "PersistentVolumeClaim"}, {"", "Pod"},
	    {"batch", "Job"}, {"argoproj.io", "Application"},
	    {"cert-manager.io", "Certificate"}, {"", "Endpoints"},
	    {"networking.k8s.io", "Ingress"},
	    /* A kind of another group that has such a name. */
	    {"serverless.example", "ConfigMap"},
	    {"rbac.authorization.k8s.io", "ClusterRoleBinding"}};

	(void)state;
	for (size_t i = 0; i < sizeof(acting) / sizeof(*acting); i++)
		assert_false(inert_is(acting[i][0], acting[i][1], NULL));
}

static void a_secret_is_so_by_its_type(void **state)
{
	cleanup(json_freep) struct json_object *opaque =
	    test_json("{\"type\": \"Opaque\"}");
	cleanup(json_freep) struct json_object *token =
	    test_json("{\"type\": \"kubernetes.io/service-account-token\"}");
	cleanup(json_freep) struct json_object *bootstrap =
	    test_json("{\"type\": \"bootstrap.kubernetes.io/token\"}");

	(void)state;
	assert_true(inert_is("", "Secret", opaque));
	assert_false(inert_is("", "Secret", token));
	assert_false(inert_is("", "Secret", bootstrap));
}

static void each_row_has_a_reason(void **state)
{
	(void)state;
	for (const struct inert_kind *k = inert_kinds; k->kind; k++)
		assert_true(k->why && *k->why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_starts_nothing_is_inert),
	    cmocka_unit_test(what_a_controller_acts_upon_is_not),
	    cmocka_unit_test(a_secret_is_so_by_its_type),
	    cmocka_unit_test(each_row_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
