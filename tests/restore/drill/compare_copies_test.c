/* What a drill made beside a living platform, held against the snapshot. */
#include "restore/drill/compare_copies.h"

#include "restore/plan/plan.h"
#include "storage/base/cleanup.h"
#include "tests/support/kube_script.h"
#include "tests/support/opened.h"
#include "tests/support/plans.h"

#include <stdlib.h>

/* Objects of the namespace "web", copied into "drill-web". */
struct fixture {
	struct test_opened o;
	struct test_plan plan;
	struct test_kube kube;
	struct report *report;
	struct result result;
	struct transform_map map;
	struct transform_options transforms;
	bool serves;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->o);
	test_plan_init(&f->plan);
	f->map = (struct transform_map){.from = "web", .to = "drill-web"};
	f->transforms = (struct transform_options){
	    .namespaces = &f->map, .namespace_count = 1};
	f->plan.o.transforms = &f->transforms;
	f->report = mem_new(struct report);
	f->result.report = f->report;
	f->o.options.common.output = CLI_OUTPUT_JSON;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	result_done(&f->result);
	report_free(f->report);
	if (f->serves)
		test_kube_stop(&f->kube);
	test_plan_done(&f->plan);
	test_opened_done(&f->o);
	free(f);
	return 0;
}

#define CONFIG_MAP(NS, NAME, META, DATA)                                       \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"         \
	"\"name\":\"" NAME "\",\"namespace\":\"" NS "\"" META                  \
	"},\"data\":{" DATA "}}"
#define FACTS(KIND, NAME)                                                      \
	"{\"apiVersion\":\"v1\",\"kind\":\"" KIND "\",\"name\":\"" NAME        \
	"\",\"namespace\":\"web\",\"resource\":\"configmaps\"}"

/* An object of the snapshot and of the plan, with its outcome. */
static uint32_t add_as(struct fixture *f, const char *api_version,
    const char *kind, const char *name, const char *path, const char *facts,
    const char *text, enum outcome_kind outcome)
{
	uint32_t n = test_plan_add_object(
	    &f->plan, 0, api_version, kind, "drill-web", name);

	test_tree_add(&f->o.tree, path, facts, text);
	test_plan_node(&f->plan, n)->path = path;
	test_plan_node(&f->plan, n)->copy = PLAN_COPY_BARE;
	report_add(f->report, kind, name)->outcome.kind = outcome;
	return n;
}

#define ADD(F, NAME, DATA, OUTCOME)                                            \
	add_as(F, "v1", "ConfigMap", NAME,                                     \
	    "kubernetes/prod/namespaces/web/configmaps/" NAME ".json",         \
	    FACTS("ConfigMap", NAME), CONFIG_MAP("web", NAME, "", DATA),       \
	    OUTCOME)

/* The copies that the target has, by script_server.h. */
static int try_compare(struct fixture *f, const struct script_reply *replies,
    size_t count, struct err *err)
{
	test_opened_commit(&f->o, "");
	test_kube_start(&f->kube, replies, count);
	f->serves = true;
	f->plan.clusters[0].client = f->kube.client;
	graph_order(&f->plan.p->graph);
	*err = (struct err)ERR_INIT;
	return compare_copies(&f->o.command, f->plan.p, &f->result, err);
}

static void compare(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err;

	assert_ok(try_compare(f, replies, count, &err), err);
}

#define REPLY(NAME, STATUS, BODY)                                              \
	{                                                                      \
		.to = "GET /api/v1/namespaces/drill-web/ConfigMap/" NAME " ",  \
		.bytes = KUBE_REPLY(STATUS, BODY), .close = 1                  \
	}
#define COPY(NAME, META, DATA)                                                 \
	REPLY(NAME, "200 OK", CONFIG_MAP("drill-web", NAME, META, DATA))

static void assert_result(const struct fixture *f, size_t compared,
    uint64_t added, uint64_t removed, uint64_t changed)
{
	assert_int_equal(f->result.compared, compared);
	assert_int_equal(f->result.added, added);
	assert_int_equal(f->result.removed, removed);
	assert_int_equal(f->result.changed, changed);
}

/* But for what a copy is made without, and what its server says of it. */
static void copies_are_the_same_under_their_old_names(void **state)
{
	static const struct script_reply replies[] = {
	    COPY("a", ",\"uid\":\"u\",\"labels\":{\"drill\":\"x\"}",
		"\"k\":\"1\""),
	    COPY("b", "", "\"k\":\"2\"")};
	struct fixture *f = *state;

	ADD(f, "a", "\"k\":\"1\"", OUTCOME_CREATED);
	ADD(f, "b", "\"k\":\"2\"", OUTCOME_CREATED);
	compare(f, replies, 2);
	assert_result(f, 2, 0, 0, 0);
	assert_int_equal(f->result.not_compared.len, 0);
	assert_int_equal(f->result.differences.len, 0);
}

static void what_came_back_otherwise_is_told(void **state)
{
	static const struct script_reply replies[] = {
	    COPY("a", "", "\"k\":\"other\"")};
	struct fixture *f = *state;

	ADD(f, "a", "\"k\":\"1\"", OUTCOME_CREATED);
	compare(f, replies, 1);
	assert_result(f, 1, 0, 0, 1);
	/* As of the snapshot. */
	assert_contains(
	    buf_str(&f->result.differences), "kubernetes:prod/web/ConfigMap/a");
	assert_contains(buf_str(&f->result.differences), "data.k");
	assert_null(strstr(buf_str(&f->result.differences), "drill-web"));
}

/* Names of namespaces in other fields are turned back, too. */
static void references_into_a_copy_are_turned_back(void **state)
{
#define BINDING(NS)                                                            \
	"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"           \
	"\"RoleBinding\",\"metadata\":{\"name\":\"r\",\"namespace\":\"" NS     \
	"\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","         \
	"\"kind\":\"Role\",\"name\":\"x\"},\"subjects\":[{\"kind\":"           \
	"\"ServiceAccount\",\"name\":\"s\",\"namespace\":\"" NS "\"}]}"
	static const struct script_reply replies[] = {
	    {.to = "GET /apis/rbac.authorization.k8s.io/v1/namespaces/"
		   "drill-web/RoleBinding/r ",
		.bytes = KUBE_REPLY("200 OK", BINDING("drill-web")),
		.close = 1}};
	struct fixture *f = *state;

	add_as(f, "rbac.authorization.k8s.io/v1", "RoleBinding", "r",
	    "kubernetes/prod/namespaces/web/"
	    "rolebindings.rbac.authorization.k8s.io/r.json",
	    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	    "\"RoleBinding\",\"name\":\"r\",\"namespace\":\"web\","
	    "\"resource\":\"rolebindings.rbac.authorization.k8s.io\"}",
	    BINDING("web"), OUTCOME_CREATED);
	compare(f, replies, 1);
	assert_result(f, 1, 0, 0, 0);
}

static void what_is_not_there_any_more_is_missing(void **state)
{
	static const struct script_reply replies[] = {
	    REPLY("a", "404 Not Found", "{}")};
	struct fixture *f = *state;

	ADD(f, "a", "\"k\":\"1\"", OUTCOME_CREATED);
	compare(f, replies, 1);
	assert_result(f, 1, 0, 1, 0);
	assert_contains(
	    buf_str(&f->result.differences), "kubernetes:prod/web/ConfigMap/a");
}

/* Nothing is said of it, but that. */
static void what_cannot_be_read_is_not_compared(void **state)
{
	static const struct script_reply replies[] = {
	    REPLY("a", "403 Forbidden", "{\"message\":\"no\"}"),
	    COPY("b", "", "")};
	struct fixture *f = *state;

	ADD(f, "a", "\"k\":\"1\"", OUTCOME_CREATED);
	ADD(f, "b", "", OUTCOME_CREATED);
	compare(f, replies, 2);
	assert_result(f, 2, 0, 0, 0);
	assert_int_equal(f->result.not_compared.len, 1);
	assert_true(str_starts(
	    f->result.not_compared.items[0], "ConfigMap drill-web/a: "));
}

/* By the items of the report, which has none for what is no node. */
static void only_what_was_made_is_asked_for(void **state)
{
	static const struct script_reply replies[] = {COPY("b", "", "")};
	struct fixture *f = *state;
	uint32_t barrier =
	    graph_add_barrier(&f->plan.p->graph, "a barrier before all");

	*vec_add(&f->plan.p->nodes) =
	    (struct plan_node){.kind = PLAN_BARRIER, .name = "barrier"};
	ADD(f, "a", "", OUTCOME_FAILED);
	ADD(f, "b", "", OUTCOME_CREATED);
	ADD(f, "c", "", OUTCOME_UNCHANGED);
	uint32_t dry = ADD(f, "d", "", OUTCOME_CREATED);
	test_plan_node(&f->plan, dry)->copy = PLAN_COPY_DRY;
	for (uint32_t i = barrier + 1; i <= dry; i++)
		graph_need(&f->plan.p->graph, i, barrier, EDGE_ORDER, false,
		    "because");
	compare(f, replies, 1);
	assert_result(f, 1, 0, 0, 0);
	assert_int_equal(script_server_count(f->kube.server), 1);
}

static void a_stopped_drill_says_so(void **state)
{
	struct fixture *f = *state;
	struct err err;

	ADD(f, "a", "", OUTCOME_CREATED);
	cancel_request(&f->o.cancel);
	assert_fails(try_compare(f, NULL, 0, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "comparing what came back: ");
	assert_int_equal(f->result.compared, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(copies_are_the_same_under_their_old_names),
	    TEST(what_came_back_otherwise_is_told),
	    TEST(references_into_a_copy_are_turned_back),
	    TEST(what_is_not_there_any_more_is_missing),
	    TEST(what_cannot_be_read_is_not_compared),
	    TEST(only_what_was_made_is_asked_for),
	    TEST(a_stopped_drill_says_so),
	};

	return cmocka_run_group_tests_name(
	    "drill/compare_copies", tests, NULL, NULL);
}
