/* What a client that is confined to some namespaces may send. */
#include "storage/kube/confine.h"

#include "storage/base/cleanup.h"
#include "storage/kube/client.h"
#include "tests/support/test.h"

#include <string.h>

struct fixture {
	struct strvec namespaces;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){.namespaces = VEC_INIT};
	strvec_add(&f.namespaces, "drill-web");
	strvec_add(&f.namespaces, "drill-db");
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	strvec_done(&f->namespaces);
	return 0;
}

static bool may(void **state, const char *method, const char *path,
    const char *query, const char *body)
{
	struct fixture *f = *state;
	const struct kube_request r = {.method = method,
	    .path = path,
	    .query = query,
	    .body = body,
	    .body_len = body ? strlen(body) : 0};
	struct err err = ERR_INIT;

	if (kube_confine_check(&f->namespaces, &r, &err) == 0)
		return true;
	assert_int_equal(err.code, ERR_DENIED);
	return false;
}

static void what_reads_goes_anywhere(void **state)
{
	assert_true(may(state, NULL, "/api/v1/secrets", NULL, NULL));
	assert_true(
	    may(state, "GET", "/api/v1/namespaces/web/secrets/a", NULL, NULL));
}

static void a_dry_run_goes_anywhere(void **state)
{
	static const char path[] = "/apis/apps/v1/namespaces/web/deployments";

	assert_true(may(state, "POST", path, "dryRun=All", "{}"));
	assert_true(may(
	    state, "POST", path, "fieldManager=b&dryRun=All&force=true", "{}"));
	assert_true(may(state, "DELETE", "/api/v1/nodes/a", "dryRun=All", ""));
	assert_false(may(state, "POST", path, NULL, "{}"));
	assert_false(may(state, "POST", path, "dryRun=", "{}"));
	assert_false(may(state, "POST", path, "dryRun=Allx", "{}"));
	assert_false(may(state, "POST", path, "fieldManager=dryRun=All", "{}"));
	assert_false(may(state, "POST", path, "xdryRun=All", "{}"));
	assert_false(may(state, "POST", path, "dryRun=All&dryRun=", "{}"));
}

static void a_write_stays_in_its_namespaces(void **state)
{
	assert_true(may(state, "POST",
	    "/api/v1/namespaces/drill-web/configmaps", NULL, "{}"));
	assert_true(may(state, "PATCH",
	    "/apis/policy/v1/namespaces/drill-db/poddisruptionbudgets/a", NULL,
	    "{}"));
	assert_true(
	    may(state, "DELETE", "/api/v1/namespaces/drill-web", NULL, ""));
	assert_false(may(state, "DELETE", "/api/v1/namespaces/web", NULL, ""));
	assert_false(may(
	    state, "POST", "/api/v1/namespaces/drill-/secrets", NULL, "{}"));
	assert_false(may(state, "POST",
	    "/api/v1/namespaces/drill-webber/secrets", NULL, "{}"));
	assert_false(may(state, "POST",
	    "/apis/rbac.authorization.k8s.io/v1/clusterroles", NULL, "{}"));
	assert_false(may(state, "DELETE", "/api/v1/secrets", NULL, ""));
	assert_false(may(state, "DELETE", "/api/v1/namespaces", NULL, ""));
	/* A kind of somebody whose name is made to look like it. */
	assert_false(may(state, "POST",
	    "/apis/a.example/v1/things/namespaces/drill-web", NULL, "{}"));
	assert_false(may(state, "PUT", "/namespaces/drill-web/x", NULL, "{}"));
}

static void dots_do_not_lead_out(void **state)
{
	assert_false(may(state, "POST",
	    "/api/v1/namespaces/drill-web/../web/secrets", NULL, "{}"));
	assert_false(may(state, "POST",
	    "/api/v1/namespaces/drill-web/%2e%2e/web/secrets", NULL, "{}"));
	assert_false(may(state, "POST",
	    "/api/v1/namespaces/drill-web%2F..%2Fweb/secrets", NULL, "{}"));
}

static void a_namespace_is_made_by_its_name(void **state)
{
	static const char path[] = "/api/v1/namespaces";

	assert_true(may(state, "POST", path, NULL,
	    "{\"metadata\": {\"name\": \"drill-web\"}}"));
	assert_false(may(
	    state, "POST", path, NULL, "{\"metadata\": {\"name\": \"web\"}}"));
	assert_false(may(state, "POST", path, NULL,
	    "{\"metadata\": {\"generateName\": \"drill-web\"}}"));
	assert_false(may(state, "POST", path, NULL, "no JSON"));
	assert_false(may(state, "POST", path, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_reads_goes_anywhere, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_dry_run_goes_anywhere, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_write_stays_in_its_namespaces, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		dots_do_not_lead_out, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_namespace_is_made_by_its_name, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
