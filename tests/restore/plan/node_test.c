#include "restore/plan/node.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct test_plan plan;
	struct plan_maker m;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	f->m = (struct plan_maker){
	    .p = f->plan.p, .exclude = {.rules = &f->plan.rules}};
	pending_init(&f->m.pending, f->plan.p);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pending_done(&f->m.pending);
	kinds_definitions_done(&f->m.definitions);
	test_plan_done(&f->plan);
	free(f);
	return 0;
}

static int try_add(struct fixture *f, const struct node_object *o,
    const char *text, struct err *err)
{
	cleanup(json_freep) struct json_object *object = test_json(text);

	*err = (struct err)ERR_INIT;
	return node_add_object(&f->m, o, object, err);
}

/* The node of an object that was added. */
static struct plan_node *add(
    struct fixture *f, const struct node_object *o, const char *text)
{
	struct err err;

	assert_ok(try_add(f, o, text, &err), err);
	return test_plan_node(&f->plan, f->m.current);
}

static const struct node_object plain = {
    .path = "kubernetes/x.json", .resource = "things"};

#define OBJECT(VERSION, KIND, META, REST)                                      \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"" KIND                     \
	"\",\"metadata\":{\"name\":\"a\"" META "}" REST "}"
#define IN_NS ",\"namespace\":\"ns\""

/* The reference that looks for that name, or NULL. */
static const struct pending_reference *find(struct fixture *f,
    const char *group, const char *kind, const char *ns, const char *name)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add(&key, 0, group, kind, ns, name);
	VEC_EACH (&f->m.pending.references, r)
		if (str_eq(pending_text(&f->m.pending, r->key), buf_str(&key)))
			return r;
	return NULL;
}

/* ---- facts --------------------------------------------------------------- */

static void the_first_facts_count(void **state)
{
	struct fixture *f = *state;
	cleanup(json_freep) struct json_object *one =
	    test_json("{\"bucket\":\"b\",\"key\":\"k\"}");
	cleanup(json_freep) struct json_object *two =
	    test_json("{\"url\":\"https://example.org/r\"}");
	struct plan_node *n =
	    node_add(&f->m, PLAN_STATE, "terraform:b/k", 3, "terraform/b/k", 0);

	node_set_facts(n, NULL);
	assert_null(n->facts);
	node_set_facts(n, one);
	node_set_facts(n, two);
	assert_string_equal(json_get_str(n->facts, "bucket"), "b");
	assert_string_equal(json_get_str(n->facts, "key"), "k");
	assert_null(json_get_str(n->facts, "url"));
	assert_string_equal(n->name, "b/k");
	assert_string_equal(n->path, "terraform/b/k");
	assert_string_equal(
	    f->plan.p->graph.nodes.items[f->m.current].key, "terraform:b/k");
}

/* ---- an object ----------------------------------------------------------- */

static void assert_has_key(
    struct fixture *f, const struct plan_node *n, const char *wanted)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add_key(f->plan.p, n, &key);
	assert_string_equal(buf_str(&key), wanted);
}

static void an_object_is_found_by_its_name_and_uid(void **state)
{
	struct fixture *f = *state;
	const struct node_object o = {.cluster = 0,
	    .path = "kubernetes/x.json",
	    .resource = "deployments",
	    .uid = "u-1",
	    .layer = 3};
	struct plan_node *n =
	    add(f, &o, OBJECT("apps/v1", "Deployment", IN_NS, ""));

	assert_has_key(f, n, "kubernetes:prod:apps/Deployment:ns/a");
	assert_string_equal(n->name, "a");
	assert_string_equal(n->namespace, "ns");
	assert_int_equal(n->layer, 3);
	assert_int_equal(n->action, PLAN_APPLY);
	assert_string_equal(n->k->resource, "deployments");
	assert_true(n->k->namespaced);
	assert_ptr_equal(names_by_uid(f->plan.p, 0, "u-1"), n);
	/* By which others are to find it, before its own needs. */
	cleanup(buf_done) struct buf key = BUF_INIT;
	names_add(&key, 0, "apps", "Deployment", "ns", "a");
	assert_int_not_equal(
	    index_first(f->plan.p->names, buf_str(&key)), INDEX_END);
	n = add(f, &plain, OBJECT("v1", "Node", "", ""));
	assert_has_key(f, n, "kubernetes:prod:/Node:/a");
	assert_null(n->namespace);
	assert_false(n->k->namespaced);
}

static void each_object_needs_its_namespace_and_definition(void **state)
{
	struct fixture *f = *state;

	add(f, &plain, OBJECT("example.org/v1", "Widget", IN_NS, ""));
	const struct pending_reference *r =
	    find(f, "", "Namespace", NULL, "ns");
	assert_non_null(r);
	assert_int_equal(r->strength, EDGE_REQUIRED);
	r = find(f, "@", "Definition", NULL, "example.org/Widget");
	assert_non_null(r);
	/* Or a server that brings all kinds of the group. */
	cleanup(buf_done) struct buf all = BUF_INIT;
	names_add(&all, 0, "@", "Definition", NULL, "example.org/*");
	assert_string_equal(
	    pending_text(&f->m.pending, r->alternative), buf_str(&all));
}

/* What may be cluster-scoped as well is looked for there, too. */
static void a_reference_with_a_namespace_has_an_alternative(void **state)
{
	struct fixture *f = *state;

	add(f, &plain,
	    OBJECT("v1", "Pod", IN_NS,
		",\"spec\":{\"volumes\":[{\"secret\":{\"secretName\":\"s\"}}]"
		"}"));
	const struct pending_reference *r = find(f, "", "Secret", "ns", "s");
	assert_non_null(r);
	cleanup(buf_done) struct buf key = BUF_INIT;
	names_add(&key, 0, "", "Secret", NULL, "s");
	assert_string_equal(
	    pending_text(&f->m.pending, r->alternative), buf_str(&key));
	assert_false(r->backend);
	r = find(f, "", "Namespace", NULL, "ns");
	assert_int_equal(r->alternative, 0);
}

static void a_webhook_needs_the_pods_of_its_service(void **state)
{
	struct fixture *f = *state;

	add(f, &plain,
	    OBJECT("admissionregistration.k8s.io/v1",
		"ValidatingWebhookConfiguration", "",
		",\"webhooks\":[{\"clientConfig\":{\"service\":{\"name\":"
		"\"hook\",\"namespace\":\"ns\"}}}]"));
	const struct pending_reference *r =
	    find(f, "", "Service", "ns", "hook");
	assert_non_null(r);
	assert_true(r->ready);
	assert_true(r->backend);
}

static void owners_are_looked_for_by_uid(void **state)
{
	struct fixture *f = *state;

	add(f, &plain,
	    OBJECT("v1", "ConfigMap",
		IN_NS ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":"
		      "\"Pod\",\"name\":\"p\",\"uid\":\"u-p\"},"
		      "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"name\":"
		      "\"s\",\"uid\":\"u-s\"},{\"apiVersion\":\"v1\",\"kind\":"
		      "\"Secret\",\"name\":\"without\"}]",
		""));
	size_t owners = 0;
	VEC_EACH (&f->m.pending.references, r) {
		const char *key = pending_text(&f->m.pending, r->key);

		if (r->strength != EDGE_OWNER)
			continue;
		owners++;
		assert_string_equal(r->reason, "owner");
		assert_string_equal(key, r->made ? "0:uid:u-p" : "0:uid:u-s");
	}
	assert_int_equal(owners, 2);
}

static void a_definition_defines(void **state)
{
	struct fixture *f = *state;

	add(f, &plain,
	    OBJECT("apiextensions.k8s.io/v1", "CustomResourceDefinition", "",
		",\"spec\":{\"group\":\"example.org\",\"names\":{\"kind\":"
		"\"Widget\",\"plural\":\"widgets\"},\"scope\":\"Cluster\","
		"\"versions\":[{\"name\":\"v1\",\"served\":true}]}"));
	assert_int_equal(f->m.definitions.len, 1);
	assert_string_equal(f->m.definitions.items[0].kind, "Widget");
}

/* It is in the plan with its reason, and asks for nothing. */
static void what_is_left_out_needs_nothing(void **state)
{
	struct fixture *f = *state;
	const struct node_object o = {.path = "kubernetes/x.json",
	    .resource = "pods",
	    .uid = "u-1",
	    .exclude = {.reason = "derived", .with_owned = true}};
	struct plan_node *n = add(f, &o, OBJECT("v1", "Pod", IN_NS, ""));

	assert_int_equal(n->action, PLAN_EXCLUDE);
	assert_string_equal(n->reason, "derived");
	assert_true(n->with_owned);
	assert_int_equal(f->m.pending.references.len, 0);
	/* By it, what it owns is known to go with it. */
	assert_ptr_equal(names_by_uid(f->plan.p, 0, "u-1"), n);
}

/* ---- two that become one ------------------------------------------------- */

static void two_that_become_one_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct node_object other = {
	    .path = "kubernetes/y.json", .resource = "things"};
	struct err err;

	add(f, &plain, OBJECT("v1", "ConfigMap", IN_NS, ""));
	assert_fails(
	    try_add(f, &other, OBJECT("v1", "ConfigMap", IN_NS, ""), &err), err,
	    ERR_USAGE);
	assert_string_equal(err.message,
	    "kubernetes/x.json and kubernetes/y.json become one object, "
	    "ConfigMap ns/a; map them apart (restore.namespaces, "
	    "restore.transforms)");
}

/* A Namespace of another group is an object like any other. */
static void two_namespaces_may_become_one(void **state)
{
	struct fixture *f = *state;
	struct err err;

	add(f, &plain, OBJECT("v1", "Namespace", "", ""));
	struct plan_node *n = add(f, &plain, OBJECT("v1", "Namespace", "", ""));
	assert_int_equal(n->action, PLAN_EXCLUDE);
	assert_string_equal(
	    n->reason, "another namespace of the snapshot becomes this one");
	add(f, &plain, OBJECT("example.org/v1", "Namespace", "", ""));
	assert_fails(try_add(f, &plain,
			 OBJECT("example.org/v1", "Namespace", "", ""), &err),
	    err, ERR_USAGE);
}

static void one_that_is_left_out_meets_nobody(void **state)
{
	struct fixture *f = *state;
	const struct node_object out = {.path = "kubernetes/y.json",
	    .resource = "things",
	    .exclude = {.reason = "derived"}};

	add(f, &plain, OBJECT("v1", "ConfigMap", IN_NS, ""));
	assert_string_equal(
	    add(f, &out, OBJECT("v1", "ConfigMap", IN_NS, ""))->reason,
	    "derived");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_first_facts_count),
	    TEST(an_object_is_found_by_its_name_and_uid),
	    TEST(each_object_needs_its_namespace_and_definition),
	    TEST(a_reference_with_a_namespace_has_an_alternative),
	    TEST(a_webhook_needs_the_pods_of_its_service),
	    TEST(owners_are_looked_for_by_uid),
	    TEST(a_definition_defines),
	    TEST(what_is_left_out_needs_nothing),
	    TEST(two_that_become_one_are_refused),
	    TEST(two_namespaces_may_become_one),
	    TEST(one_that_is_left_out_meets_nobody),
	};

	return cmocka_run_group_tests_name("plan/node", tests, NULL, NULL);
}
