#include "restore/plan/held.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { KINDS = 5 };

struct fixture {
	struct ruleset rules;
	struct plan_cluster cluster;
	struct plan_options o;
	struct plan p;
	struct plan_kind kinds[KINDS];
};

/* Text that the plan would own. */
static char capi[] = "cluster.x-k8s.io", cluster_kind[] = "Cluster",
	    director[] = "kubedirector.hpe.com",
	    spark[] = "KubeDirectorCluster", apps[] = "apps",
	    deployment[] = "Deployment", tekton[] = "tekton.dev",
	    task_run[] = "TaskRun", core[] = "", config_map[] = "ConfigMap";

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	const struct ruleset_options built_in = {.count = 0};
	struct err err = ERR_INIT;
	const struct plan_kind kinds[KINDS] = {
	    {.group = capi, .kind = cluster_kind, .has_status = true},
	    {.group = director, .kind = spark, .has_status = true},
	    {.group = apps, .kind = deployment, .has_status = true},
	    {.group = tekton, .kind = task_run, .has_status = true},
	    {.group = core, .kind = config_map},
	};

	f->rules = (struct ruleset)RULESET_INIT;
	assert_ok(ruleset_init(&f->rules, &built_in, &err), err);
	f->cluster.name = "c";
	f->o = (struct plan_options){
	    .clusters = &f->cluster, .cluster_count = 1, .rules = &f->rules};
	f->p = (struct plan){.options = &f->o};
	memcpy(f->kinds, kinds, sizeof(kinds));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	VEC_EACH (&f->p.nodes, n)
		free(n->reason);
	vec_done(&f->p.nodes);
	vec_done(&f->p.kinds);
	ruleset_done(&f->rules);
	free(f);
	return 0;
}

static uint32_t add(
    struct fixture *f, size_t kind, char *name, const char *object_text)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse(object_text, strlen(object_text), &err);
	uint32_t at = (uint32_t)f->p.nodes.len;
	struct plan_node *n = vec_add(&f->p.nodes);

	n->kind = PLAN_KUBE;
	n->k = &f->kinds[kind];
	n->name = name;
	n->namespace = "ns";
	*vec_add(&f->p.kinds) = &f->kinds[kind];
	held_note(&f->p, n, object);
	return at;
}

#define OBJECT(version, kind, rest)                                            \
	"{\"apiVersion\":\"" version "\",\"kind\":\"" kind "\"," rest "}"
#define SPARK                                                                  \
	OBJECT("kubedirector.hpe.com/v1beta1", "KubeDirectorCluster",          \
	    "\"status\":{\"state\":\"configured\"}")
#define RUNNING                                                                \
	OBJECT("tekton.dev/v1", "TaskRun",                                     \
	    "\"status\":{\"startTime\":\"2026-01-01T00:00:00Z\","              \
	    "\"conditions\":"                                                  \
	    "[{\"type\":\"Succeeded\",\"status\":\"Unknown\"}]}")
#define CONTROLLER                                                             \
	OBJECT("apps/v1", "Deployment",                                        \
	    "\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"image\":"    \
	    "\"bluek8s/kubedirector:1\"}]}}}")

static void assert_word(
    const struct fixture *f, uint32_t node, const char *expected)
{
	const char *word = held_word(&f->p.nodes.items[node]);

	assert_string_equal(word ? word : "", expected);
}

static void each_is_held_as_it_can_be(void **state)
{
	struct fixture *f = *state;
	char a[] = "a", b[] = "b", c[] = "c", d[] = "d";
	uint32_t paused = add(f, 0, a,
	    OBJECT("cluster.x-k8s.io/v1beta2", "Cluster",
		"\"status\":{\"phase\":\"Provisioned\"}"));
	uint32_t unprotected = add(f, 1, b, SPARK);
	uint32_t anew = add(f, 3, c, RUNNING);
	uint32_t plain = add(f, 4, d, OBJECT("v1", "ConfigMap", "\"data\":{}"));
	char e[] = "e";
	uint32_t begun =
	    add(f, 3, e, OBJECT("tekton.dev/v1", "TaskRun", "\"spec\":{}"));
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	held_settle(&f->p);
	assert_word(f, paused, "paused");
	assert_word(f, unprotected, "unprotected");
	assert_word(f, anew, "started_anew");
	assert_word(f, plain, "");
	assert_word(f, begun, "begun");
	held_lines(&f->p, &lines);
	assert_int_equal(lines.len, 4);
	assert_string_equal(lines.items[0],
	    "held until the release: 1 Cluster.cluster.x-k8s.io");
	assert_string_equal(lines.items[1],
	    "running when captured, and started anew: 1 TaskRun.tekton.dev");
	assert_string_equal(lines.items[2],
	    "not begun when captured, and begun once they are there, with no "
	    "way to pause them: 1 TaskRun.tekton.dev; restore.exclude_kinds "
	    "leaves them out");
	assert_string_equal(lines.items[3],
	    "there for a moment without their status, with no way to pause "
	    "them: 1 "
	    "KubeDirectorCluster.kubedirector.hpe.com; let what acts on them "
	    "rest until the restore has ended");
}

static void a_controller_without_replicas_protects_its_kinds(void **state)
{
	struct fixture *f = *state;
	char a[] = "a", b[] = "kubedirector";
	uint32_t resource = add(f, 1, a, SPARK);
	uint32_t controller = add(f, 2, b, CONTROLLER);
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	held_settle(&f->p);
	assert_word(f, resource, "");
	assert_word(f, controller, "by_replicas");
	held_lines(&f->p, &lines);
	assert_int_equal(lines.len, 1);
	assert_string_equal(lines.items[0],
	    "held at rest until the release, for *.kubedirector.hpe.com: "
	    "Deployment.apps ns/kubedirector");
}

static void a_controller_that_has_nothing_to_act_on_runs(void **state)
{
	struct fixture *f = *state;
	char a[] = "kubedirector";
	uint32_t controller = add(f, 2, a, CONTROLLER);

	held_settle(&f->p);
	assert_word(f, controller, "");
}

/* That of an earlier restore, which is there without replicas, is none. */
static void a_controller_at_work_protects_nothing(void **state)
{
	struct fixture *f = *state;
	char a[] = "a", b[] = "kubedirector";
	uint32_t resource = add(f, 1, a, SPARK);
	uint32_t controller = add(f, 2, b, CONTROLLER);
	struct plan_node *n = &f->p.nodes.items[controller];

	held_settle(&f->p);
	n->exists = true;
	held_settle_live(&f->p);
	assert_word(f, resource, "");
	assert_word(f, controller, "by_replicas");
	n->at_work = true;
	held_settle_live(&f->p);
	assert_word(f, resource, "unprotected");
	assert_word(f, controller, "");
}

static void what_is_one_write_with_its_status_needs_no_protection(void **state)
{
	struct fixture *f = *state;
	char a[] = "a", b[] = "b";

	f->kinds[1].has_status = f->kinds[3].has_status = false;
	char c[] = "c";
	uint32_t whole = add(f, 1, a, SPARK);
	uint32_t goes_on = add(f, 3, c, RUNNING);
	uint32_t left = add(f, 0, b,
	    OBJECT("cluster.x-k8s.io/v1beta2", "Cluster", "\"spec\":{}"));
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	f->p.nodes.items[left].action = PLAN_EXCLUDE;
	f->p.nodes.items[left].reason = str_dup("for a test");
	held_settle(&f->p);
	assert_word(f, whole, "");
	assert_word(f, goes_on, "");
	assert_word(f, left, "");
	held_lines(&f->p, &lines);
	assert_int_equal(lines.len, 1);
	assert_string_equal(lines.items[0], "left out: 1 for a test");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_is_held_as_it_can_be),
	    TEST(a_controller_without_replicas_protects_its_kinds),
	    TEST(a_controller_that_has_nothing_to_act_on_runs),
	    TEST(a_controller_at_work_protects_nothing),
	    TEST(what_is_one_write_with_its_status_needs_no_protection),
	};

	return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
