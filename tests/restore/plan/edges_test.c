#include "restore/plan/edges.h"

#include "restore/objects/references.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct test_plan plan;
	struct pending w;
	struct layers layers;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	pending_init(&f->w, f->plan.p);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pending_done(&f->w);
	test_plan_done(&f->plan);
	layers_done(&f->layers);
	free(f);
	return 0;
}

static uint32_t add(struct fixture *f, const char *kind, const char *name)
{
	return test_plan_add_object(&f->plan, 0, "v1", kind, "ns", name);
}

static uint32_t add_deployment(struct fixture *f, const char *name)
{
	return test_plan_add_object(
	    &f->plan, 0, "apps/v1", "Deployment", "ns", name);
}

static uint32_t key(struct fixture *f, const char *group, const char *kind,
    const char *ns, const char *name)
{
	uint32_t at = (uint32_t)f->w.texts.len;

	names_add(&f->w.texts, 0, group, kind, ns, name);
	buf_add_char(&f->w.texts, '\0');
	return at;
}

/* A reference to an object of the core group in the same namespace; more of it
 * can be set until the next is added. */
static struct pending_reference *refer(struct fixture *f, uint32_t node,
    const char *kind, const char *name, enum edge_strength strength)
{
	struct pending_reference *r = vec_add(&f->w.references);

	*r = (struct pending_reference){.node = node,
	    .key = key(f, "", kind, "ns", name),
	    .strength = strength,
	    .reason = "/spec/x"};
	return r;
}

static void select_pods(
    struct fixture *f, uint32_t node, const char *label, const char *reason)
{
	*vec_add(&f->w.selectors) = (struct pending_reference){.node = node,
	    .key = key(f, "@", "Pods", "ns", label),
	    .strength = EDGE_HOLDS,
	    .reason = reason};
}

static void run_pods(struct fixture *f, uint32_t node, const char *label)
{
	names_provide(f->plan.p, node, 0, "@", "Pods", "ns", label);
}

static void resolve(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(edges_resolve(&f->w, &err), err);
}

static void assert_before(
    const struct fixture *f, uint32_t first, uint32_t second)
{
	assert_true(test_plan_level(&f->plan, first) <
		    test_plan_level(&f->plan, second));
}

/* ---- references ---------------------------------------------------------- */

static void a_name_leads_to_its_node(void **state)
{
	struct fixture *f = *state;
	uint32_t pod = add(f, "Pod", "web"), map = add(f, "ConfigMap", "m");
	uint32_t other = add(f, "Secret", "m");

	refer(f, pod, "ConfigMap", "m", EDGE_REFERENCE)->ready = true;
	resolve(f);
	const struct graph_edge *e = test_plan_edge(&f->plan, pod, map);
	assert_non_null(e);
	assert_int_equal(e->strength, EDGE_REFERENCE);
	assert_true(e->ready);
	assert_string_equal(graph_reason(&f->plan.p->graph, e), "/spec/x");
	assert_null(test_plan_edge(&f->plan, pod, other));
	assert_before(f, map, pod);
	assert_false(test_plan_node(&f->plan, map)->wanted_uid);
}

static void a_name_that_leads_nowhere_is_no_edge(void **state)
{
	struct fixture *f = *state;
	uint32_t pod = add(f, "Pod", "web");

	refer(f, pod, "ConfigMap", "absent", EDGE_REQUIRED);
	resolve(f);
	/* That of all nodes alone: "after terraform", and no tier. */
	assert_int_equal(f->plan.p->graph.nodes.items[pod].edges.len, 1);
	assert_warned(&f->plan, NULL);
}

/* The second name is for where the first leads nowhere, and not beside it. */
static void the_alternative_is_for_want_of_the_first(void **state)
{
	struct fixture *f = *state;
	uint32_t pod = add(f, "Pod", "web"), map = add(f, "ConfigMap", "m");
	uint32_t shared =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", NULL, "m");
	uint32_t second =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", NULL, "n");

	uint32_t at = key(f, "", "ConfigMap", NULL, "m");
	refer(f, pod, "ConfigMap", "m", EDGE_REFERENCE)->alternative = at;
	at = key(f, "", "ConfigMap", NULL, "n");
	refer(f, pod, "ConfigMap", "n", EDGE_REFERENCE)->alternative = at;
	resolve(f);
	assert_non_null(test_plan_edge(&f->plan, pod, map));
	assert_null(test_plan_edge(&f->plan, pod, shared));
	assert_non_null(test_plan_edge(&f->plan, pod, second));
}

/* It will not be there; and what is found all the same has no alternative. */
static void what_is_left_out_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	uint32_t pod = add(f, "Pod", "web"), out = add(f, "ConfigMap", "m");
	uint32_t cannot = add(f, "ConfigMap", "n");
	uint32_t shared =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", NULL, "m");

	test_plan_node(&f->plan, out)->action = PLAN_EXCLUDE;
	test_plan_node(&f->plan, cannot)->action = PLAN_CANNOT;
	uint32_t at = key(f, "", "ConfigMap", NULL, "m");
	refer(f, pod, "ConfigMap", "m", EDGE_OWNER)->alternative = at;
	refer(f, pod, "ConfigMap", "n", EDGE_OWNER);
	resolve(f);
	assert_null(test_plan_edge(&f->plan, pod, out));
	assert_null(test_plan_edge(&f->plan, pod, shared));
	assert_false(test_plan_node(&f->plan, out)->wanted_uid);
	/* That it failed is to hold back who needs it. */
	assert_non_null(test_plan_edge(&f->plan, pod, cannot));
}

static void an_owner_and_a_volume_are_noted(void **state)
{
	struct fixture *f = *state;
	uint32_t pod = add(f, "Pod", "web"), owner = add(f, "Thing", "o");
	uint32_t claim = add(f, "PersistentVolumeClaim", "c");
	uint32_t lost = add(f, "PersistentVolumeClaim", "lost");

	add(f, "PersistentVolume", "v");
	refer(f, pod, "Thing", "o", EDGE_OWNER);
	refer(f, claim, "PersistentVolume", "v", EDGE_REFERENCE)->reason =
	    "/spec/volumeName";
	refer(f, lost, "PersistentVolume", "gone", EDGE_REFERENCE)->reason =
	    "/spec/volumeName";
	resolve(f);
	assert_true(test_plan_node(&f->plan, owner)->wanted_uid);
	assert_false(test_plan_node(&f->plan, pod)->wanted_uid);
	assert_true(test_plan_node(&f->plan, claim)->volume_restored);
	assert_false(test_plan_node(&f->plan, lost)->volume_restored);
}

/* ---- pods ---------------------------------------------------------------- */

/* A webhook answers once what runs its pods is ready. */
static void the_pods_of_a_backend_count_too(void **state)
{
	struct fixture *f = *state;
	uint32_t hook = add(f, "Hook", "h"), service = add(f, "Service", "s");
	uint32_t both = add_deployment(f, "both");
	uint32_t half = add_deployment(f, "half");
	uint32_t none = add(f, "Service", "without-selector");

	select_pods(f, service, "app=web", "/spec/selector");
	select_pods(f, service, "tier=x", "/spec/selector");
	run_pods(f, both, "tier=x");
	run_pods(f, both, "app=web");
	run_pods(f, half, "app=web");
	refer(f, hook, "Service", "s", EDGE_REFERENCE)->backend = true;
	refer(f, hook, "Service", "without-selector", EDGE_REFERENCE)->backend =
	    true;
	resolve(f);
	assert_non_null(test_plan_edge(&f->plan, hook, service));
	assert_non_null(test_plan_edge(&f->plan, hook, none));
	const struct graph_edge *e = test_plan_edge(&f->plan, hook, both);
	assert_non_null(e);
	assert_true(e->ready);
	assert_null(test_plan_edge(&f->plan, hook, half));
	/* What only names a Service has no need of pods. */
	assert_null(test_plan_edge(&f->plan, service, both));
}

static void a_service_that_is_only_named_needs_no_pods(void **state)
{
	struct fixture *f = *state;
	uint32_t ingress = add(f, "Ingress", "i");
	uint32_t service = add(f, "Service", "s");
	uint32_t web = add_deployment(f, "web");

	select_pods(f, service, "app=web", "/spec/selector");
	run_pods(f, web, "app=web");
	refer(f, ingress, "Service", "s", EDGE_REFERENCE);
	resolve(f);
	assert_null(test_plan_edge(&f->plan, ingress, web));
	assert_null(test_plan_edge(&f->plan, web, service));
}

static void pods_wait_for_the_policy_that_selects_them(void **state)
{
	struct fixture *f = *state;
	uint32_t first = add(f, "NetworkPolicy", "first");
	uint32_t second = add(f, "NetworkPolicy", "second");
	uint32_t both = add_deployment(f, "both");
	uint32_t half = add_deployment(f, "half");

	select_pods(f, first, "app=web", references_policy);
	select_pods(f, first, "tier=x", references_policy);
	/* The labels of the next one begin where another node does. */
	select_pods(f, second, "*", references_policy);
	run_pods(f, both, "app=web");
	run_pods(f, both, "tier=x");
	run_pods(f, both, "*");
	run_pods(f, half, "app=web");
	run_pods(f, half, "*");
	resolve(f);
	const struct graph_edge *e = test_plan_edge(&f->plan, both, first);
	assert_non_null(e);
	assert_int_equal(e->strength, EDGE_HOLDS);
	assert_null(test_plan_edge(&f->plan, half, first));
	assert_non_null(test_plan_edge(&f->plan, both, second));
	assert_non_null(test_plan_edge(&f->plan, half, second));
}

/* ---- order --------------------------------------------------------------- */

static void repositories_then_states_then_objects_then_tiers(void **state)
{
	struct fixture *f = *state;
	uint32_t hook =
	    test_plan_add_object(&f->plan, 0, "admissionregistration.k8s.io/v1",
		"ValidatingWebhookConfiguration", NULL, "h");
	uint32_t quota = add(f, "ResourceQuota", "q");
	uint32_t map = add(f, "ConfigMap", "m");
	uint32_t terraform = test_plan_add_state(&f->plan, "b/k");
	uint32_t git = test_plan_add_git(&f->plan, "team/web");

	assert_int_equal(test_plan_node(&f->plan, map)->k->tier, 0);
	resolve(f);
	assert_before(f, git, terraform);
	assert_before(f, terraform, map);
	assert_int_equal(test_plan_node(&f->plan, quota)->k->tier, 1);
	assert_int_equal(test_plan_node(&f->plan, hook)->k->tier, 2);
	assert_before(f, map, quota);
	assert_before(f, quota, hook);
	/* Nobody waits for layers where there are none. */
	assert_false(test_plan_node(&f->plan, map)->awaited);
}

static void add_layer(struct fixture *f, const char *name, const char *after)
{
	struct layer *l = vec_add(&f->layers.items);

	l->name = str_dup(name);
	if (after)
		strvec_add(&l->depends_on, after);
}

/* The repository of a later layer comes after all objects of an earlier one. */
static void each_layer_has_that_order_of_its_own(void **state)
{
	struct fixture *f = *state;
	uint32_t git = test_plan_add_git(&f->plan, "apps");
	uint32_t quota = add(f, "ResourceQuota", "q");
	uint32_t service = add(f, "Service", "s");
	uint32_t left = add(f, "ConfigMap", "left");

	add_layer(f, "base", NULL);
	add_layer(f, "apps", "base");
	f->plan.o.layers = &f->layers;
	/* Of a part of a snapshot it is not concluded that its layers select
	 * nothing: these nodes were not read, but put into them. */
	f->plan.o.without_terraform = true;
	test_plan_node(&f->plan, git)->layer = 1;
	test_plan_node(&f->plan, left)->layer = 2;
	resolve(f);
	assert_before(f, quota, git);
	assert_before(f, git, left);
	assert_true(test_plan_node(&f->plan, quota)->awaited);
	assert_false(test_plan_node(&f->plan, service)->awaited);
	VEC_EACH (&f->plan.p->nodes, n)
		if (n->kind == PLAN_BARRIER)
			assert_contains(n->name, " of layer ");
	assert_warned(&f->plan, NULL);
}

/* ---- cycles -------------------------------------------------------------- */

static void a_cycle_is_broken_where_least_is_lost_and_named(void **state)
{
	struct fixture *f = *state;
	uint32_t a = add(f, "ConfigMap", "a"), b = add(f, "Secret", "b");

	refer(f, a, "Secret", "b", EDGE_REFERENCE);
	refer(f, b, "ConfigMap", "a", EDGE_HOLDS);
	resolve(f);
	assert_before(f, a, b);
	assert_warned(&f->plan,
	    "a cycle was broken: ConfigMap ns/a does not wait for Secret ns/b "
	    "(/spec/x)");
}

/* A cycle of an owner and what must be there before it. */
static void come_before_owner(struct fixture *f, const char *kind)
{
	uint32_t owned = add(f, kind, "c"), owner = add(f, "Set", "s");

	refer(f, owned, "Set", "s", EDGE_OWNER);
	refer(f, owner, kind, "c", EDGE_HOLDS);
	resolve(f);
	assert_int_equal(f->plan.p->graph.broken.len, 1);
	assert_before(f, owned, owner);
}

/* It gets its owner afterwards, as is usual. */
static void a_claim_that_waits_for_no_owner_is_no_warning(void **state)
{
	come_before_owner(*state, "PersistentVolumeClaim");
	assert_warned(&((struct fixture *)*state)->plan, NULL);
}

static void any_other_that_waits_for_no_owner_is_one(void **state)
{
	come_before_owner(*state, "Thing");
	assert_warned(&((struct fixture *)*state)->plan,
	    "a cycle was broken: Thing ns/c does not wait for Set ns/s "
	    "(/spec/x)");
}

/* Many ExternalSecrets and their Secrets make one line. */
static void cycles_alike_are_one_line(void **state)
{
	struct fixture *f = *state;
	uint32_t a = add(f, "ConfigMap", "z"), b = add(f, "Thing", "z");
	char name[] = "a";

	for (; *name < 'l'; ++*name) {
		uint32_t owned = add(f, "Secret", name);

		refer(f, owned, "Set", name, EDGE_OWNER);
		refer(f, add(f, "Set", name), "Secret", name, EDGE_HOLDS);
	}
	refer(f, a, "Thing", "z", EDGE_REFERENCE);
	refer(f, b, "ConfigMap", "z", EDGE_HOLDS);
	resolve(f);
	assert_int_equal(f->plan.p->graph.broken.len, 12);
	assert_int_equal(f->plan.p->warnings.len, 2);
	assert_string_equal(f->plan.p->warnings.items[1],
	    "a cycle was broken: Secret ns/a does not wait for Set ns/a "
	    "(/spec/x); so it is with 10 more: Secret ns/b, Secret ns/c, "
	    "Secret ns/d, Secret ns/e, Secret ns/f, Secret ns/g, Secret ns/h, "
	    "Secret ns/i, and 2 others");
	assert_string_equal(f->plan.p->warnings.items[0],
	    "a cycle was broken: ConfigMap ns/z does not wait for Thing ns/z "
	    "(/spec/x)");
}

/* What the API itself demands cannot be given up. */
static void a_cycle_of_what_is_required_is_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t a = add(f, "A", "a"), b = add(f, "B", "b");
	struct err err = ERR_INIT;

	refer(f, a, "B", "b", EDGE_REQUIRED);
	refer(f, b, "A", "a", EDGE_REQUIRED);
	assert_fails(edges_resolve(&f->w, &err), err, ERR_USAGE);
	assert_contains(err.message, "A ns/a");
	assert_contains(err.message, "B ns/b");
	assert_contains(
	    err.message, "need each other, which cannot be restored in any");
	assert_null(strstr(err.message, "restore.edges"));
}

/* A namespace that waits for what is in it would never be made; that is so
 * because of the rule, and the rule is what can be mended. */
static void a_rule_that_makes_a_namespace_wait_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct rule_edge rule = {.pointer = "/metadata/labels/x"};
	uint32_t ns =
	    test_plan_add_object(&f->plan, 0, "v1", "Namespace", NULL, "ns");
	uint32_t map = add(f, "ConfigMap", "m");
	struct err err = ERR_INIT;

	f->plan.o.edges = &rule;
	f->plan.o.edge_count = 1;
	*vec_add(&f->w.references) = (struct pending_reference){.node = map,
	    .key = key(f, "", "Namespace", NULL, "ns"),
	    .strength = EDGE_REQUIRED,
	    .reason = "namespace"};
	refer(f, ns, "ConfigMap", "m", EDGE_REFERENCE)->reason = rule.pointer;
	assert_fails(edges_resolve(&f->w, &err), err, ERR_USAGE);
	assert_contains(err.message, "Namespace ns and ConfigMap ns/m");
	assert_contains(err.message, "(/metadata/labels/x)");
	assert_contains(err.message, "take the edge out of restore.edges");
}

/* The same cycle by a rule of ours is broken there, and so is one of the
 * user's that touches no namespace. */
static void any_other_cycle_of_a_rule_is_broken(void **state)
{
	struct fixture *f = *state;
	const struct rule_edge rule = {.pointer = "/metadata/labels/x"};
	uint32_t a = add(f, "ConfigMap", "a"), b = add(f, "Secret", "b");

	f->plan.o.edges = &rule;
	f->plan.o.edge_count = 1;
	refer(f, a, "Secret", "b", EDGE_REFERENCE)->reason = rule.pointer;
	refer(f, b, "ConfigMap", "a", EDGE_REQUIRED);
	resolve(f);
	assert_before(f, a, b);
	assert_int_equal(f->plan.p->warnings.len, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_name_leads_to_its_node),
	    TEST(a_name_that_leads_nowhere_is_no_edge),
	    TEST(the_alternative_is_for_want_of_the_first),
	    TEST(what_is_left_out_is_not_waited_for),
	    TEST(an_owner_and_a_volume_are_noted),
	    TEST(the_pods_of_a_backend_count_too),
	    TEST(a_service_that_is_only_named_needs_no_pods),
	    TEST(pods_wait_for_the_policy_that_selects_them),
	    TEST(repositories_then_states_then_objects_then_tiers),
	    TEST(each_layer_has_that_order_of_its_own),
	    TEST(a_cycle_is_broken_where_least_is_lost_and_named),
	    TEST(cycles_alike_are_one_line),
	    TEST(a_claim_that_waits_for_no_owner_is_no_warning),
	    TEST(any_other_that_waits_for_no_owner_is_one),
	    TEST(a_cycle_of_what_is_required_is_refused),
	    TEST(a_rule_that_makes_a_namespace_wait_is_refused),
	    TEST(any_other_cycle_of_a_rule_is_broken),
	};

	return cmocka_run_group_tests_name("plan/edges", tests, NULL, NULL);
}
