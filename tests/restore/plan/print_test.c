#include "restore/plan/print.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define NODE(name) "kubernetes:prod:apps/Deployment:ns/" name
#define WEB NODE("web")

struct fixture {
	struct plan_cluster cluster;
	struct plan_options o;
	struct plan p;
	struct plan_kind kind;
	struct print_destinations to;
};

static void add(struct fixture *f, struct plan_node node)
{
	node.reason = str_dup(node.reason);
	*vec_add(&f->p.nodes) = node;
	graph_add(&f->p.graph, node.name, 0);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	static char group[] = "apps", kind[] = "Deployment",
		    version[] = "apps/v1",
		    excluded[] = "a controller makes it again",
		    cannot[] = "not\x1b[2J served";

	f->cluster.name = "prod";
	f->o = (struct plan_options){
	    .snapshot = "s", .clusters = &f->cluster, .cluster_count = 1};
	f->p = (struct plan){.options = &f->o};
	f->kind = (struct plan_kind){
	    .group = group, .kind = kind, .api_version = version};
	add(f, (struct plan_node){.kind = PLAN_GIT, .name = "team"});
	add(f, (struct plan_node){.kind = PLAN_STATE, .name = "b/k"});
	add(f, (struct plan_node){.kind = PLAN_KUBE,
		   .k = &f->kind,
		   .namespace = "ns",
		   .name = "web",
		   .exists = true});
	add(f, (struct plan_node){.kind = PLAN_KUBE,
		   .k = &f->kind,
		   .namespace = "ns",
		   .name = "api",
		   .action = PLAN_EXCLUDE,
		   .reason = excluded});
	add(f, (struct plan_node){.kind = PLAN_KUBE,
		   .k = &f->kind,
		   .namespace = "ns",
		   .name = "old",
		   .action = PLAN_CANNOT,
		   .reason = cannot});
	graph_need(&f->p.graph, 2, 0, EDGE_REFERENCE, true, "spec.sourceRef");
	graph_order(&f->p.graph);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	VEC_EACH (&f->p.nodes, n) {
		free(n->reason);
	}
	vec_done(&f->p.nodes);
	vec_done(&f->p.prune);
	graph_done(&f->p.graph);
	strvec_done(&f->p.warnings);
	print_destinations_done(&f->to);
	free(f);
	return 0;
}

static void add_prune_and_targets(struct fixture *f)
{
	static char ns[] = "ns", old[] = "old";

	*vec_add(&f->p.prune) =
	    (struct plan_prune){.k = &f->kind, .namespace = ns, .name = old};
	strvec_add(&f->p.warnings, "a cycle was broken");
	*vec_add(&f->to) = (struct print_destination){
	    .what = str_dup("cluster prod"), .to = str_dup("https://host")};
}

static void as_json(struct fixture *f, struct buf *text)
{
	struct pieces to = {.take = test_take, .ctx = text};

	print_json(&f->p, "plan", &f->to, &to);
	pieces_end(&to);
}

static void as_table(struct fixture *f, struct buf *text)
{
	struct pieces to = {.take = test_take, .ctx = text};

	print_table(&f->p, &f->to, &to);
	pieces_end(&to);
}

static const char *action_of(struct json_object *j, const char *key)
{
	const struct json_object *nodes = json_get(j, "nodes");

	for (size_t i = 0; i < json_len(nodes); i++)
		if (str_eq(json_get_str(json_at(nodes, i), "key"), key))
			return json_get_str(json_at(nodes, i), "action");
	return NULL;
}

/* Programs read the same words as people. */
static void each_action_has_its_word(void **state)
{
	struct fixture *f = *state;
	static const char *const words[][2] = {{"git:team", "push"},
	    {"terraform:b/k", "write"}, {WEB, "keep"}, {NODE("api"), "exclude"},
	    {NODE("old"), "CANNOT"}};
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf table = BUF_INIT;

	as_json(f, &text);
	as_table(f, &table);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		assert_string_equal(action_of(j, words[i][0]), words[i][1]);
		assert_contains(buf_str(&table), words[i][1]);
	}
	assert_contains(buf_str(&table), "exclude   Deployment.apps ns/api: a "
					 "controller makes it again\n");
	assert_contains(
	    buf_str(&table), "1 push, 1 write, 1 keep, 1 exclude, 1 CANNOT\n");
}

static void an_object_that_is_there_is_treated_as_chosen(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum plan_existing existing;
		const char *word;
	} cases[] = {{PLAN_EXISTING_SKIP, "keep"},
	    {PLAN_EXISTING_UPDATE, "update"},
	    {PLAN_EXISTING_RECREATE, "recreate"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		f->o.existing = cases[i].existing;
		as_json(f, &text);
		cleanup(json_freep) struct json_object *j =
		    test_json(buf_str(&text));
		assert_string_equal(action_of(j, WEB), cases[i].word);
	}
	f->p.nodes.items[2].exists = false;
	cleanup(buf_done) struct buf text = BUF_INIT;
	as_json(f, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_string_equal(action_of(j, WEB), "create");
}

/* Deleting it would delete what is in it, so that it is not. */
static void what_holds_others_is_not_said_to_be_recreated(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	static char core[] = "", namespace[] = "Namespace";

	f->kind.group = core;
	f->kind.kind = namespace;
	f->o.existing = PLAN_EXISTING_RECREATE;
	as_json(f, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_string_equal(
	    action_of(j, "kubernetes:prod:/Namespace:ns/web"), "update");
}

static void what_is_deleted_and_where_it_goes_is_shown(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf table = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	add_prune_and_targets(f);
	as_table(f, &table);
	assert_contains(
	    buf_str(&table), "    -  DELETE    Deployment.apps ns/old\n");
	assert_contains(buf_str(&table), "warning: a cycle was broken\n");
	assert_contains(buf_str(&table), "to: cluster prod: https://host\n");
	assert_contains(buf_str(&table), ", 1 DELETE\n");
	as_json(f, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	assert_json(json_get(j, "prune"),
	    "[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	    "\"namespace\":\"ns\",\"name\":\"old\"}]");
	assert_json(json_get(j, "targets"),
	    "[{\"what\":\"cluster prod\",\"to\":\"https://host\"}]");
	assert_json(json_get(j, "warnings"), "[\"a cycle was broken\"]");
}

/* What comes from a snapshot must not move the cursor of a terminal. */
static void outside_text_is_shown_safely(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf table = BUF_INIT;

	as_table(f, &table);
	assert_null(strchr(buf_str(&table), '\x1b'));
	assert_contains(buf_str(&table), "[2J served");
}

static void a_need_has_its_reason(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;

	as_json(f, &text);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&text));
	const struct json_object *nodes = json_get(j, "nodes");
	const struct json_object *web = NULL;
	for (size_t i = 0; i < json_len(nodes); i++)
		if (str_eq(json_get_str(json_at(nodes, i), "key"), WEB))
			web = json_at(nodes, i);
	assert_int_equal(json_get_int(web, "level", 0), 2);
	assert_json(json_get(web, "needs"),
	    "[{\"key\":\"git:team\",\"reason\":\"spec.sourceRef\","
	    "\"ready\":true,\"holds\":false,\"broken\":false}]");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_action_has_its_word),
	    TEST(an_object_that_is_there_is_treated_as_chosen),
	    TEST(what_holds_others_is_not_said_to_be_recreated),
	    TEST(what_is_deleted_and_where_it_goes_is_shown),
	    TEST(outside_text_is_shown_safely),
	    TEST(a_need_has_its_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
