#include "restore/things.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct example {
	const char *path;
	const char *facts; /* or NULL */
};

static const struct example deployment = {
    "kubernetes/prod/namespaces/shop/deployments.apps/web.json",
    "{\"kind\":\"Deployment\",\"resource\":\"deployments.apps\","
    "\"namespace\":\"shop\",\"name\":\"web\"}"};
static const struct example role = {
    "kubernetes/prod/cluster/clusterroles.rbac.authorization.k8s.io/admin.json",
    "{\"kind\":\"ClusterRole\",\"resource\":"
    "\"clusterroles.rbac.authorization.k8s.io\",\"name\":\"admin\"}"};
static const struct example namespace = {
    "kubernetes/prod/cluster/namespaces/shop.json",
    "{\"kind\":\"Namespace\",\"resource\":\"namespaces\",\"name\":\"shop\"}"};
static const struct example repository = {"git/h/org/app.git/HEAD", NULL};
static const struct example state = {"terraform/live/env/a.tfstate",
    "{\"bucket\":\"live\",\"key\":\"env/a.tfstate\"}"};
static const struct example older = {"terraform/live/%25versions/env/x",
    "{\"bucket\":\"live\",\"key\":\"env/a.tfstate\",\"older\":true}"};

static bool match(const char *text, const struct example *e)
{
	cleanup(facts_done) struct facts facts = test_facts(e->facts);
	const struct contents_entry entry = {
	    .path = (char *)(uintptr_t)e->path, .facts = &facts};

	return things_match(text, &entry);
}

static void a_thing_is_meant_by_its_parts(void **unused)
{
	static const struct {
		const char *text;
		const struct example *of;
		bool is;
	} rows[] = {
	    {"kubernetes", &deployment, true},
	    {"git", &deployment, false},
	    {"kubernetes:shop/Deployment/web", &deployment, true},
	    {"kubernetes:prod/shop/Deployment/web", &deployment, true},
	    {"kubernetes:test/shop/Deployment/web", &deployment, false},
	    {"kubernetes:shop/deployment/web", &deployment, true},
	    {"kubernetes:shop/Deployment.apps/web", &deployment, true},
	    {"kubernetes:shop/deployments.apps/web", &deployment, true},
	    {"kubernetes:shop/deployments/w?b", &deployment, true},
	    {"kubernetes:*/*/web", &deployment, true},
	    {"kubernetes:shop/Deployment.extensions/web", &deployment, false},
	    {"kubernetes:shop/Deployment/WEB", &deployment, false},
	    {"kubernetes:/Deployment/web", &deployment, false},
	    {"kubernetes:shop", &deployment, true},
	    {"kubernetes:sho", &deployment, false},
	    {"kubernetes:prod/shop", &deployment, true},
	    {"kubernetes:prod/", &deployment, true},
	    {"kubernetes:pro/", &deployment, false},
	    {"kubernetes:/ClusterRole/admin", &role, true},
	    {"kubernetes:prod//ClusterRole/admin", &role, true},
	    {"kubernetes:shop/ClusterRole/admin", &role, false},
	    {"kubernetes:shop", &role, false},
	    /* With a namespace comes its own object. */
	    {"kubernetes:shop", &namespace, true},
	    {"kubernetes:/Namespace/shop", &namespace, true},
	    {"git", &repository, true},
	    {"git:h/org/app", &repository, true},
	    {"git:h/*/app", &repository, true},
	    {"git:h/org", &repository, false},
	    {"terraform:live", &state, true},
	    {"terraform:live/env/a.tfstate", &state, true},
	    {"terraform:live/env/", &state, true},
	    {"terraform:live/env", &state, false},
	    {"terraform:live/env/*", &state, true},
	    {"terraform:liv", &state, false},
	    /* An older version is part of the bucket, and not the state. */
	    {"terraform:live", &older, true},
	    {"terraform:live/env/a.tfstate", &older, false},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (match(rows[i].text, rows[i].of) != rows[i].is)
			fail_msg("%s and %s", rows[i].text, rows[i].of->path);
}

static void or_by_its_path(void **unused)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
	    {"kubernetes/prod", true},
	    {"kubernetes/prod/", true},
	    {"kubernetes/pro", false},
	    {"kubernetes/prod/namespaces/shop/deployments.apps/web.json", true},
	    {"prod/namespaces", false},
	    /* Without a slash, any part of it. */
	    {"web", true},
	    {"ments.ap", true},
	    {"nothing", false},
	    {"*.json", true},
	    {"*.yaml", false},
	    {"kubernetes/*/web.json", true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (match(rows[i].text, &deployment) != rows[i].is)
			fail_msg("%s", rows[i].text);
}

static void what_means_nothing_is_refused(void **unused)
{
	struct err err = ERR_INIT;

	(void)unused;
	assert_fails(things_check("", &err), err, ERR_USAGE);
	assert_fails(things_check("git:", &err), err, ERR_USAGE);
	assert_contains(err.message, "'git:' has no name");
	assert_fails(
	    things_check("kubernetes:a/b/c/d/e", &err), err, ERR_USAGE);
	assert_contains(err.message, "too many parts");
	assert_ok(things_check("kubernetes:a/b/c/d", &err), err);
	assert_ok(things_check("terraform:a/b/c/d/e", &err), err);
	assert_ok(things_check("gitlab:", &err), err);
	assert_ok(things_check("git", &err), err);
	assert_true(things_is_named("git"));
	assert_true(things_is_named("terraform:b"));
	assert_false(things_is_named("gitlab"));
	assert_false(things_is_named("gi"));
	assert_false(things_is_named("git/h"));
}

/* The name that is printed can be given back, and means that thing. */
static void a_name_leads_back(void **unused)
{
	static const struct {
		const struct example *of;
		const char *name;
	} rows[] = {
	    {&deployment, "kubernetes:prod/shop/Deployment.apps/web"},
	    {&role, "kubernetes:prod//ClusterRole.rbac.authorization.k8s.io/"
		    "admin"},
	    {&namespace, "kubernetes:prod//Namespace/shop"},
	    {&repository, "git:h/org/app"},
	    {&state, "terraform:live/env/a.tfstate"},
	    {&older, "terraform/live/%25versions/env/x"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(facts_done) struct facts facts =
		    test_facts(rows[i].of->facts);
		const struct contents_entry e = {
		    .path = (char *)(uintptr_t)rows[i].of->path,
		    .facts = &facts};
		autofree char *name = things_name(&e);
		assert_string_equal(name, rows[i].name);
		assert_true(things_match(name, &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thing_is_meant_by_its_parts),
	    cmocka_unit_test(or_by_its_path),
	    cmocka_unit_test(what_means_nothing_is_refused),
	    cmocka_unit_test(a_name_leads_back),
	};

	return cmocka_run_group_tests_name("things", tests, NULL, NULL);
}
