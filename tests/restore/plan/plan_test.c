/* Plans over trees of a few objects, with no target asked. */
#include "restore/plan/plan.h"

#include "restore/plan/load.h"
#include "restore/plan/names.h"
#include "restore/plan/selection.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_tree tree;
	struct plan_cluster clusters[2];
	struct ruleset rules;
	struct plan_options o;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	test_tree_init(&f->tree);
	f->clusters[0].name = "prod";
	f->clusters[1].name = "edge";
	assert_int_equal(ruleset_init(&f->rules,
			     &(struct ruleset_options){.count = 0}, &err),
	    0);
	f->o = (struct plan_options){.snapshot = "s",
	    .clusters = f->clusters,
	    .cluster_count = 1,
	    .rules = &f->rules};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_tree_done(&f->tree);
	ruleset_done(&f->rules);
	free(f);
	return 0;
}

/* ---- a tree -------------------------------------------------------------- */

static void add_object(struct fixture *f, const char *cluster,
    const char *resource, const char *ns, const char *name, const char *text)
{
	test_tree_add_object(&f->tree, cluster, resource, ns, name, text);
}

static void add_state(
    struct fixture *f, const char *bucket, const char *key, const char *facts)
{
	autofree char *path = str_printf("terraform/%s/%s", bucket, key);

	test_tree_add(&f->tree, path, facts, "{}");
}

static struct plan *try(struct fixture *f, struct err *err)
{
	f->o.tree = test_tree_get(&f->tree);
	return plan_make(&f->o, err);
}

static struct plan *make(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct plan *p = try(f, &err);

	if (!p)
		fail_msg("%s", err.message);
	return p;
}

static void assert_refused(
    struct fixture *f, enum err_code code, const char *part)
{
	struct err err = ERR_INIT;

	assert_null(try(f, &err));
	assert_int_equal(err.code, code);
	assert_contains(err.message, part);
}

/* ---- what a plan says ---------------------------------------------------- */

static const struct plan_node *find(const struct plan *p, const char *what)
{
	VEC_EACH (&p->nodes, n) {
		cleanup(buf_done) struct buf text = BUF_INIT;

		names_describe(p, n, &text);
		if (str_eq(buf_str(&text), what))
			return n;
	}
	return NULL;
}

static const struct plan_node *node(const struct plan *p, const char *what)
{
	const struct plan_node *n = find(p, what);

	if (!n)
		fail_msg("no node '%s'", what);
	return n;
}

static uint32_t level(const struct plan *p, const char *what)
{
	return p->graph.nodes.items[node(p, what) - p->nodes.items].level;
}

static bool needs(
    const struct plan *p, const char *what, const char *other, int strength)
{
	const struct plan_node *to = node(p, other);

	VEC_EACH (
	    &p->graph.nodes.items[node(p, what) - p->nodes.items].edges, e)
		if (&p->nodes.items[e->needs] == to)
			return e->strength == (enum edge_strength)strength;
	return false;
}

static void add_team(struct fixture *f)
{
	add_object(f, "prod", "namespaces", NULL, "team",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
	    "\"metadata\":{\"name\":\"team\",\"uid\":\"u-team\"}}");
	add_object(f, "prod", "configmaps", "team", "settings",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"settings\",\"namespace\":\"team\",\"uid\":\"u-set\"}}");
	add_object(f, "prod", "deployments.apps", "team", "web",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	    "\"metadata\":{\"name\":\"web\",\"namespace\":\"team\","
	    "\"uid\":\"u-web\"},\"spec\":{\"template\":{\"spec\":{"
	    "\"containers\":[{\"name\":\"c\",\"image\":\"old.example/web:1\","
	    "\"envFrom\":[{\"configMapRef\":{\"name\":\"settings\"}}]}]}}}}");
}

static void what_is_named_comes_before_who_names_it(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	cleanup(plan_freep) struct plan *p = make(f);
	assert_true(needs(
	    p, "ConfigMap team/settings", "Namespace team", EDGE_REQUIRED));
	assert_true(needs(p, "Deployment.apps team/web",
	    "ConfigMap team/settings", EDGE_REFERENCE));
	assert_true(
	    level(p, "Namespace team") < level(p, "ConfigMap team/settings"));
	assert_true(level(p, "ConfigMap team/settings") <
		    level(p, "Deployment.apps team/web"));
}

static void an_owner_is_found_by_its_uid(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	add_object(f, "prod", "configmaps", "team", "owned",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"owned\",\"namespace\":\"team\",\"uid\":\"u-owned\","
	    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\","
	    "\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"u-web\"}]}}");
	cleanup(plan_freep) struct plan *p = make(f);
	assert_true(needs(
	    p, "ConfigMap team/owned", "Deployment.apps team/web", EDGE_OWNER));
	assert_ptr_equal(
	    names_by_uid(p, 0, "u-web"), node(p, "Deployment.apps team/web"));
	assert_null(names_by_uid(p, 0, "u-other"));
}

static void add_kind(
    struct fixture *f, const char *resource, const char *name, const char *text)
{
	add_object(f, "prod", resource, "team", name, text);
}

/* The controller would make the claims first, and empty. */
static void claims_come_before_their_stateful_set(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	add_kind(f, "statefulsets.apps", "db",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":"
	    "{\"name\":\"db\",\"namespace\":\"team\",\"uid\":\"u-db\"},"
	    "\"spec\":{\"template\":{},\"volumeClaimTemplates\":[{"
	    "\"metadata\":{\"name\":\"data\"}}]}}");
	add_kind(f, "persistentvolumeclaims", "data-db-0",
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","
	    "\"metadata\":{\"name\":\"data-db-0\",\"namespace\":\"team\","
	    "\"uid\":\"u-claim\",\"ownerReferences\":[{\"apiVersion\":"
	    "\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"db\","
	    "\"uid\":\"u-db\"}]},\"spec\":{}}");
	cleanup(plan_freep) struct plan *p = make(f);
	assert_true(level(p, "PersistentVolumeClaim team/data-db-0") <
		    level(p, "StatefulSet.apps team/db"));
	/* Its owner is set afterwards, and nobody need be told. */
	assert_int_equal(p->graph.broken.len, 1);
	assert_int_equal(p->graph.broken.items[0].strength, EDGE_OWNER);
	assert_int_equal(p->warnings.len, 0);
}

#define APP(NAME, LABELS)                                                      \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"   \
	"\"name\":\"" NAME                                                     \
	"\",\"namespace\":\"team\"},\"spec\":{\"template\":"                   \
	"{\"metadata\":{\"labels\":{" LABELS "}}}}}"
#define POLICY(NAME, SELECTOR)                                                 \
	"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\"," \
	"\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"team\"},"         \
	"\"spec\":{\"podSelector\":{" SELECTOR "}}}"

static void a_workload_waits_for_the_policies_that_select_it(void **state)
{
	static const char a[] = "Deployment.apps team/a";
	static const char b[] = "Deployment.apps team/b";
	struct fixture *f = *state;

	add_team(f);
	add_kind(f, "deployments.apps", "a",
	    APP("a", "\"app\":\"a\",\"tier\":\"x\""));
	add_kind(f, "deployments.apps", "b", APP("b", "\"app\":\"b\""));
	add_kind(
	    f, "networkpolicies.networking.k8s.io", "all", POLICY("all", ""));
	add_kind(f, "networkpolicies.networking.k8s.io", "one",
	    POLICY("one", "\"matchLabels\":{\"app\":\"a\",\"tier\":\"x\"}"));
	add_kind(f, "networkpolicies.networking.k8s.io", "other",
	    POLICY("other", "\"matchLabels\":{\"app\":\"b\",\"tier\":\"x\"}"));
	add_kind(f, "networkpolicies.networking.k8s.io", "perhaps",
	    POLICY("perhaps", "\"matchExpressions\":[{\"key\":\"app\","
			      "\"operator\":\"Exists\"}]"));
	cleanup(plan_freep) struct plan *p = make(f);
#define NETWORK "NetworkPolicy.networking.k8s.io team/"
	assert_true(needs(p, a, NETWORK "all", EDGE_HOLDS));
	assert_true(needs(p, b, NETWORK "all", EDGE_HOLDS));
	assert_true(needs(p, a, NETWORK "one", EDGE_HOLDS));
	assert_false(needs(p, b, NETWORK "one", EDGE_HOLDS));
	assert_false(needs(p, a, NETWORK "other", EDGE_HOLDS));
	assert_false(needs(p, b, NETWORK "other", EDGE_HOLDS));
	assert_true(needs(p, a, NETWORK "perhaps", EDGE_ORDER));
}

#define PLAIN(KIND, NAME)                                                      \
	"{\"apiVersion\":\"v1\",\"kind\":\"" KIND "\",\"metadata\":{\"name\":" \
	"\"" NAME "\",\"namespace\":\"team\"},\"spec\":{}}"

/* They held objects that they would refuse or change as new ones. */
static void limits_come_after_what_they_limit(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	add_kind(f, "resourcequotas", "few", PLAIN("ResourceQuota", "few"));
	add_kind(f, "limitranges", "lim", PLAIN("LimitRange", "lim"));
	add_kind(f, "pods", "bare", PLAIN("Pod", "bare"));
	add_kind(f, "persistentvolumeclaims", "big",
	    PLAIN("PersistentVolumeClaim", "big"));
	cleanup(plan_freep) struct plan *p = make(f);
	uint32_t limits = level(p, "LimitRange team/lim");
	assert_true(level(p, "Pod team/bare") < limits);
	assert_true(level(p, "PersistentVolumeClaim team/big") < limits);
	assert_true(level(p, "Deployment.apps team/web") < limits);
	assert_true(level(p, "Deployment.apps team/web") <
		    level(p, "ResourceQuota team/few"));
}

#define MOUNTS(SECRET)                                                         \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"   \
	"\"name\":\"" SECRET                                                   \
	"\",\"namespace\":\"team\"},\"spec\":{\"template\":{\"spec\":{"        \
	"\"volumes\":[{\"secret\":{\"secretName\":\"" SECRET "\"}}]}}}}"

/* Nothing makes one by that name again. */
static void a_token_that_is_named_and_not_there_is_told(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	add_kind(f, "serviceaccounts", "ci", PLAIN("ServiceAccount", "ci"));
	add_kind(
	    f, "secrets", "ci-token-4n2bd", PLAIN("Secret", "ci-token-4n2bd"));
	add_kind(
	    f, "deployments.apps", "ci-token-4n2bd", MOUNTS("ci-token-4n2bd"));
	add_kind(
	    f, "deployments.apps", "ci-token-x7bnc", MOUNTS("ci-token-x7bnc"));
	add_kind(
	    f, "deployments.apps", "ci-token-vrfzn", MOUNTS("ci-token-vrfzn"));
	add_kind(
	    f, "deployments.apps", "no-token-vrfzn", MOUNTS("no-token-vrfzn"));
	add_kind(f, "deployments.apps", "default-token-vrfzn",
	    MOUNTS("default-token-vrfzn"));
	cleanup(plan_freep) struct plan *p = make(f);
	assert_int_equal(p->warnings.len, 3);
	assert_contains(p->warnings.items[0], "names the Secret team/");
	assert_contains(
	    p->warnings.items[0], "kubernetes.io/service-account.name: ");
	assert_contains(p->warnings.items[1], "-token-");
}

#define WIDGETS                                                                \
	"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"                \
	"\"CustomResourceDefinition\",\"metadata\":{\"name\":"                 \
	"\"widgets.example.org\"},\"spec\":{\"group\":\"example.org\","        \
	"\"scope\":\"Namespaced\",\"names\":{\"plural\":\"widgets\","          \
	"\"kind\":\"Widget\"},\"versions\":[{\"name\":\"v1\","                 \
	"\"served\":true}]}}"

static void add_widget(struct fixture *f)
{
	add_object(f, "prod", "customresourcedefinitions.apiextensions.k8s.io",
	    NULL, "widgets.example.org", WIDGETS);
	add_object(f, "prod", "widgets.example.org", "team", "w",
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\","
	    "\"metadata\":{\"name\":\"w\",\"namespace\":\"team\"}}");
}

static void a_definition_comes_before_its_objects(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	add_widget(f);
	cleanup(plan_freep) struct plan *p = make(f);
	assert_true(needs(p, "Widget.example.org team/w",
	    "CustomResourceDefinition.apiextensions.k8s.io widgets.example.org",
	    EDGE_REQUIRED));
	const struct plan_kind *k = node(p, "Widget.example.org team/w")->k;
	assert_true(k->defined);
	assert_true(k->namespaced);
	assert_string_equal(k->resource, "widgets");
}

static void a_choice_takes_the_definitions_it_needs_along(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec only = VEC_INIT;
	cleanup(selection_done) struct selection s = {.git = VEC_INIT};
	struct err err = ERR_INIT;

	add_team(f);
	add_widget(f);
	add_object(f, "prod", "namespaces", NULL, "other",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
	    "\"metadata\":{\"name\":\"other\"}}");
	add_state(f, "b", "k", NULL);
	strvec_add(&only, "kubernetes:team");
	assert_ok(selection_parse(&only, &s, &f->o, &err), err);
	cleanup(plan_freep) struct plan *p = make(f);
	assert_non_null(find(p, "Namespace team"));
	assert_non_null(find(p, "Widget.example.org team/w"));
	assert_null(find(p, "Namespace other"));
	assert_null(find(p, "state b/k"));
	assert_true(node(p,
	    "CustomResourceDefinition.apiextensions.k8s.io widgets.example.org")
			->companion);
	assert_ok(selection_check(p, &err), err);
}

static void a_state_goes_by_what_was_noted_of_it(void **state)
{
	struct fixture *f = *state;

	add_state(f, "b", "x", "{\"bucket\":\"b\",\"key\":\"a/b.tfstate\"}");
	add_state(
	    f, "b", "y", "{\"bucket\":\"b\",\"key\":\"old\",\"older\":true}");
	cleanup(plan_freep) struct plan *p = make(f);
	assert_int_equal(plan_count(p, PLAN_APPLY), 1);
	const struct plan_node *n = node(p, "state b/a/b.tfstate");
	assert_string_equal(json_get_str(n->facts, "bucket"), "b");
	assert_string_equal(json_get_str(n->facts, "key"), "a/b.tfstate");
	assert_null(json_get_str(n->facts, "url"));
	assert_string_equal(n->source, "test");
}

static void maps_are_made_and_two_that_meet_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct transform_map map = {.from = "team", .to = "dest"};
	const struct transform_map image = {
	    .from = "old.example/", .to = "new.example/"};
	const struct transform_options t = {.namespaces = &map,
	    .namespace_count = 1,
	    .images = &image,
	    .image_count = 1};
	struct err err = ERR_INIT;

	add_team(f);
	f->o.transforms = &t;
	{
		cleanup(plan_freep) struct plan *p = make(f);
		const struct plan_node *n = node(p, "Deployment.apps dest/web");
		cleanup(json_freep) struct json_object *object =
		    load_node(p, n, NULL, &err);
		cleanup(buf_done) struct buf text = BUF_INIT;

		assert_non_null(object);
		json_write(&text, object, JSON_COMPACT);
		assert_contains(buf_str(&text), "new.example/web:1");
		assert_null(strstr(buf_str(&text), "team"));
	}
	test_tree_again(&f->tree);
	add_object(f, "prod", "configmaps", "dest", "settings",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"settings\",\"namespace\":\"dest\"}}");
	assert_refused(f, ERR_USAGE, "become one object");
}

static void what_a_controller_makes_is_left_out(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	add_object(f, "prod", "configmaps", "team", "kube-root-ca.crt",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"kube-root-ca.crt\",\"namespace\":\"team\"}}");
	cleanup(plan_freep) struct plan *p = make(f);
	const struct plan_node *n = node(p, "ConfigMap team/kube-root-ca.crt");
	assert_int_equal(n->action, PLAN_EXCLUDE);
	assert_non_null(n->reason);
	assert_int_equal(plan_count(p, PLAN_EXCLUDE), 1);
	assert_int_equal(plan_count(p, PLAN_APPLY), 3);
}

static void an_object_in_anothers_place_is_refused(void **state)
{
	struct fixture *f = *state;

	add_object(f, "prod", "configmaps", "team", "other",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"settings\",\"namespace\":\"team\"}}");
	assert_refused(f, ERR_INTEGRITY, "configmaps/other.json");
}

static void a_cluster_without_a_target_is_refused(void **state)
{
	struct fixture *f = *state;

	add_object(f, "edge", "namespaces", NULL, "team",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
	    "\"metadata\":{\"name\":\"team\"}}");
	assert_refused(f, ERR_USAGE, "cluster 'edge'");
	f->o.cluster_count = 2;
	cleanup(plan_freep) struct plan *p = make(f);
	assert_non_null(find(p, "Namespace team (edge)"));
}

static void options_that_do_not_fit_together_are_refused(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec some = VEC_INIT;

	add_team(f);
	strvec_add(&some, "Kind");
	f->o.prune_kinds = &some;
	assert_refused(f, ERR_USAGE, "kinds are named but no namespaces");
	f->o.prune_namespaces = &some;
	f->o.partial = true;
	assert_refused(f, ERR_USAGE, "the snapshot is partial");
}

/* The journal goes by it: a run is gone on with only by the same plan. */
static void the_digest_is_that_of_what_is_planned(void **state)
{
	struct fixture *f = *state;

	add_team(f);
	cleanup(plan_freep) struct plan *one = make(f);
	cleanup(plan_freep) struct plan *again = make(f);
	f->o.existing = PLAN_EXISTING_UPDATE;
	cleanup(plan_freep) struct plan *other = make(f);
	assert_string_equal(one->digest, again->digest);
	assert_string_not_equal(one->digest, other->digest);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_named_comes_before_who_names_it),
	    TEST(an_owner_is_found_by_its_uid),
	    TEST(claims_come_before_their_stateful_set),
	    TEST(a_workload_waits_for_the_policies_that_select_it),
	    TEST(limits_come_after_what_they_limit),
	    TEST(a_token_that_is_named_and_not_there_is_told),
	    TEST(a_definition_comes_before_its_objects),
	    TEST(a_choice_takes_the_definitions_it_needs_along),
	    TEST(a_state_goes_by_what_was_noted_of_it),
	    TEST(maps_are_made_and_two_that_meet_are_refused),
	    TEST(what_a_controller_makes_is_left_out),
	    TEST(an_object_in_anothers_place_is_refused),
	    TEST(a_cluster_without_a_target_is_refused),
	    TEST(options_that_do_not_fit_together_are_refused),
	    TEST(the_digest_is_that_of_what_is_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
