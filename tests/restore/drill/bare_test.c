/* How each object of a plan goes into namespaces beside a living platform. */
#include "restore/drill/bare.h"

#include "storage/base/cleanup.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

#include <stdlib.h>

struct fixture {
	struct test_plan plan;
	struct test_tree tree;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	test_tree_init(&f->tree);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_plan_done(&f->plan);
	test_tree_done(&f->tree);
	free(f);
	return 0;
}

static void mark(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(bare_mark(f->plan.p, "drill-", &err), err);
}

static const struct plan_node *node(const struct fixture *f, uint32_t i)
{
	return test_plan_node(&f->plan, i);
}

static void only_what_is_inert_and_in_a_copy_is_made(void **state)
{
	static const struct {
		const char *api_version, *kind, *ns;
		enum plan_copy copy;
	} rows[] = {
	    {"v1", "ConfigMap", "drill-web", PLAN_COPY_BARE},
	    {"v1", "ServiceAccount", "drill-web", PLAN_COPY_BARE},
	    {"rbac.authorization.k8s.io/v1", "RoleBinding", "drill-web",
		PLAN_COPY_BARE},
	    /* A controller would act upon it. */
	    {"apps/v1", "Deployment", "drill-web", PLAN_COPY_DRY},
	    {"v1", "Pod", "drill-web", PLAN_COPY_DRY},
	    /* Another's kind of that name. */
	    {"example.org/v1", "ConfigMap", "drill-web", PLAN_COPY_DRY},
	    /* The platform's own namespaces, and the cluster's. */
	    {"v1", "ConfigMap", "web", PLAN_COPY_DRY},
	    {"v1", "ConfigMap", "web-drill-", PLAN_COPY_DRY},
	    {"v1", "ConfigMap", "drill", PLAN_COPY_DRY},
	    {"v1", "ConfigMap", NULL, PLAN_COPY_DRY},
	    {"rbac.authorization.k8s.io/v1", "ClusterRole", NULL,
		PLAN_COPY_DRY},
	};
	struct fixture *f = *state;
	const size_t count = sizeof(rows) / sizeof(*rows);

	for (size_t i = 0; i < count; i++)
		test_plan_add_object(&f->plan, 0, rows[i].api_version,
		    rows[i].kind, rows[i].ns, "a");
	mark(f);
	for (uint32_t i = 0; i < count; i++)
		if (node(f, i)->copy != rows[i].copy)
			fail_msg("%s %s in %s: %d", rows[i].api_version,
			    rows[i].kind, rows[i].ns, (int)node(f, i)->copy);
}

static void what_is_no_object_is_not_a_copy(void **state)
{
	struct fixture *f = *state;
	uint32_t git = test_plan_add_git(&f->plan, "drill-web");
	uint32_t states = test_plan_add_state(&f->plan, "drill-b/k");

	mark(f);
	assert_int_equal(node(f, git)->copy, PLAN_COPY_NOT);
	assert_int_equal(node(f, states)->copy, PLAN_COPY_NOT);
	assert_int_equal(node(f, git)->action, PLAN_APPLY);
}

/* The namespaces of the drill are there already, and are not to become those
 * of the snapshot. */
static void its_own_namespaces_are_left_out(void **state)
{
	struct fixture *f = *state;
	uint32_t own = test_plan_add_object(
	    &f->plan, 0, "v1", "Namespace", NULL, "drill-web");
	uint32_t other =
	    test_plan_add_object(&f->plan, 0, "v1", "Namespace", NULL, "web");
	uint32_t out = test_plan_add_object(
	    &f->plan, 0, "v1", "Namespace", NULL, "drill-db");
	uint32_t alien = test_plan_add_object(
	    &f->plan, 0, "example.org/v1", "Namespace", NULL, "drill-web");

	test_plan_node(&f->plan, out)->action = PLAN_CANNOT;
	test_plan_node(&f->plan, out)->reason = str_dup("it is forbidden");
	mark(f);
	assert_int_equal(node(f, own)->action, PLAN_EXCLUDE);
	assert_string_equal(node(f, own)->reason,
	    "the drill makes it itself, with labels of its own and a quota "
	    "without Pods");
	assert_int_equal(node(f, other)->action, PLAN_APPLY);
	assert_null(node(f, other)->reason);
	assert_int_equal(node(f, alien)->action, PLAN_APPLY);
	/* Whatever kept it out before is what is told. */
	assert_int_equal(node(f, out)->action, PLAN_CANNOT);
	assert_string_equal(node(f, out)->reason, "it is forbidden");
}

/* ---- Secrets ------------------------------------------------------------- */

static uint32_t add_secret(
    struct fixture *f, const char *ns, const char *name, const char *type)
{
	uint32_t i =
	    test_plan_add_object(&f->plan, 0, "v1", "Secret", ns, name);
	autofree char *text = str_printf(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
	    "\"name\":\"%s\",\"namespace\":\"%s\"},\"type\":\"%s\"}",
	    name, ns, type);

	test_tree_add_object(&f->tree, "prod", "secrets", ns, name, text);
	return i;
}

static void a_secret_that_lets_somebody_in_is_not_made(void **state)
{
	static const struct {
		const char *name, *type;
		enum plan_copy copy;
	} rows[] = {{"a", "Opaque", PLAN_COPY_BARE},
	    {"b", "kubernetes.io/tls", PLAN_COPY_BARE},
	    {"c", "kubernetes.io/service-account-token", PLAN_COPY_DRY},
	    {"d", "bootstrap.kubernetes.io/token", PLAN_COPY_DRY}};
	static const char *const paths[] = {
	    "kubernetes/prod/namespaces/drill-web/secrets/a.json",
	    "kubernetes/prod/namespaces/drill-web/secrets/b.json",
	    "kubernetes/prod/namespaces/drill-web/secrets/c.json",
	    "kubernetes/prod/namespaces/drill-web/secrets/d.json"};
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		uint32_t n =
		    add_secret(f, "drill-web", rows[i].name, rows[i].type);
		test_plan_node(&f->plan, n)->path = paths[i];
	}
	f->plan.o.tree = test_tree_get(&f->tree);
	mark(f);
	for (uint32_t i = 0; i < 4; i++)
		if (node(f, i)->copy != rows[i].copy)
			fail_msg("%s: %d", rows[i].type, (int)node(f, i)->copy);
}

/* Nothing is guessed of one, and those of other namespaces are not read. */
static void a_secret_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	uint32_t other =
	    test_plan_add_object(&f->plan, 0, "v1", "Secret", "web", "gone");

	test_plan_node(&f->plan, other)->path = "kubernetes/gone";
	add_secret(f, "drill-web", "there", "Opaque");
	test_plan_node(&f->plan, 1)->path =
	    "kubernetes/prod/namespaces/drill-web/secrets/there.json";
	f->plan.o.tree = test_tree_get(&f->tree);
	mark(f);
	assert_int_equal(node(f, other)->copy, PLAN_COPY_DRY);
	uint32_t gone = test_plan_add_object(
	    &f->plan, 0, "v1", "Secret", "drill-web", "gone");
	test_plan_node(&f->plan, gone)->path = "kubernetes/gone";
	assert_fails(bare_mark(f->plan.p, "drill-", &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "kubernetes/gone");
	assert_int_not_equal(node(f, gone)->copy, PLAN_COPY_BARE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_what_is_inert_and_in_a_copy_is_made),
	    TEST(what_is_no_object_is_not_a_copy),
	    TEST(its_own_namespaces_are_left_out),
	    TEST(a_secret_that_lets_somebody_in_is_not_made),
	    TEST(a_secret_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests_name("drill/bare", tests, NULL, NULL);
}
