#include "storage/kube/path.h"

#include "tests/support/test.h"

#include <stdlib.h>

static void assert_path(char *path, const char *expected)
{
	assert_string_equal(path, expected);
	free(path);
}

static void collections_and_objects(void **state)
{
	(void)state;
	assert_path(
	    kube_path("v1", "nodes", NULL, NULL, NULL), "/api/v1/nodes");
	assert_path(kube_path("apps/v1", "deployments", NULL, NULL, NULL),
	    "/apis/apps/v1/deployments");
	assert_path(kube_path("apps/v1", "deployments", "web", "a", NULL),
	    "/apis/apps/v1/namespaces/web/deployments/a");
	assert_path(kube_path("apps/v1", "deployments", "web", "a", "status"),
	    "/apis/apps/v1/namespaces/web/deployments/a/status");
}

static void names_are_encoded(void **state)
{
	(void)state;
	assert_path(kube_path("rbac.authorization.k8s.io/v1", "clusterroles",
			NULL, "a:b c", NULL),
	    "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab%20c");
	assert_path(kube_path("v1", "secrets", "../x", "a/b?c", NULL),
	    "/api/v1/namespaces/..%2Fx/secrets/a%2Fb%3Fc");
}

static void no_subresource_without_an_object(void **state)
{
	(void)state;
	assert_path(kube_path("v1", "pods", "web", NULL, "status"),
	    "/api/v1/namespaces/web/pods");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(collections_and_objects),
	    cmocka_unit_test(names_are_encoded),
	    cmocka_unit_test(no_subresource_without_an_object),
	};

	return cmocka_run_group_tests_name("kube/path", tests, NULL, NULL);
}
