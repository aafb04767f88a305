#include "restore/objects/pause.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/built_in.h"
#include "tests/support/test.h"

#include <string.h>

static bool restores(void *ctx, const char *kind)
{
	const char *const *group = ctx;

	return *group && rules_kind_fits(kind, *group, "X");
}

static size_t find(struct json_object *object, const char *group,
    const char *kind, const char *restored, const struct rule_pause **out)
{
	const struct pause_question q = {.group = group,
	    .kind = kind,
	    .rules = &built_in,
	    .restores = restores,
	    .ctx = &restored};

	return pause_find(object, &q, out);
}

/* Paused, and let go: what is written, and the patch that takes it back. */
static void each_system_is_paused_in_its_own_way(void **state)
{
	static const struct {
		const char *group;
		const char *kind;
		const char *object;
		const char *paused;
		const char *release;
	} cases[] = {
	    {"kustomize.toolkit.fluxcd.io", "Kustomization", "{}",
		"{\"spec\":{\"suspend\":true}}",
		"{\"spec\":{\"suspend\":null}}"},
	    {"kustomize.toolkit.fluxcd.io", "Kustomization",
		"{\"spec\":{\"suspend\":false}}",
		"{\"spec\":{\"suspend\":true}}",
		"{\"spec\":{\"suspend\":false}}"},
	    {"fluxcd.controlplane.io", "ResourceSet",
		"{\"metadata\":{\"annotations\":{"
		"\"fluxcd.controlplane.io/reconcile\":\"enabled\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"fluxcd.controlplane.io/reconcile\":\"disabled\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"fluxcd.controlplane.io/reconcile\":\"enabled\"}}}"},
	    {"source.extensions.fluxcd.io", "ArtifactGenerator", "{}",
		"{\"metadata\":{\"annotations\":{"
		"\"source.extensions.fluxcd.io/reconcile\":\"disabled\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"source.extensions.fluxcd.io/reconcile\":null}}}"},
	    {"fleet.cattle.io", "GitRepo", "{}", "{\"spec\":{\"paused\":true}}",
		"{\"spec\":{\"paused\":null}}"},
	    {"app.terraform.io", "Workspace", "{}",
		"{\"metadata\":{\"annotations\":{"
		"\"app.terraform.io/paused\":\"true\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"app.terraform.io/paused\":null}}}"},
	    {"storage.azure.com", "StorageAccount",
		"{\"metadata\":{\"annotations\":{"
		"\"serviceoperator.azure.com/reconcile-policy\":"
		"\"detach-on-delete\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"serviceoperator.azure.com/reconcile-policy\":\"skip\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"serviceoperator.azure.com/reconcile-policy\":"
		"\"detach-on-delete\"}}}"},
	    {"velero.io", "Schedule", "{}", "{\"spec\":{\"paused\":true}}",
		"{\"spec\":{\"paused\":null}}"},
	    {"kafka.strimzi.io", "KafkaTopic", "{}",
		"{\"metadata\":{\"annotations\":{"
		"\"strimzi.io/pause-reconciliation\":\"true\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"strimzi.io/pause-reconciliation\":null}}}"},
	    {"cluster.x-k8s.io", "Machine", "{}",
		"{\"metadata\":{\"annotations\":{"
		"\"cluster.x-k8s.io/paused\":\"true\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"cluster.x-k8s.io/paused\":null}}}"},
	    {"ec2.services.k8s.aws", "VPC", "{}",
		"{\"metadata\":{\"annotations\":{"
		"\"services.k8s.aws/read-only\":\"true\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"services.k8s.aws/read-only\":null}}}"},
	    {"keda.sh", "ScaledJob",
		"{\"metadata\":{\"annotations\":{"
		"\"autoscaling.keda.sh/paused\":\"false\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"autoscaling.keda.sh/paused\":\"true\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"autoscaling.keda.sh/paused\":\"false\"}}}"},
	    {"ops.crossplane.io", "CronOperation", "{}",
		"{\"metadata\":{\"annotations\":{"
		"\"crossplane.io/paused\":\"true\"}}}",
		"{\"metadata\":{\"annotations\":{"
		"\"crossplane.io/paused\":null}}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct rule_pause *rules[PAUSE_MAX];
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].object);

		assert_int_equal(
		    find(object, cases[i].group, cases[i].kind, NULL, rules),
		    1);
		autofree char *before = pause_before(object, rules[0]);
		const struct pause_made made = {.pointer = rules[0]->pointer,
		    .annotation = rules[0]->annotation,
		    .paused = rules[0]->value,
		    .before = before};
		assert_false(pause_still_stands(object, &made));
		pause_set(object, rules[0]);
		assert_json(object, cases[i].paused);
		assert_true(pause_still_stands(object, &made));
		assert_int_equal(
		    find(object, cases[i].group, cases[i].kind, NULL, rules),
		    0);
		cleanup(json_freep) struct json_object *patch =
		    pause_release(&made, object);
		assert_json(patch, cases[i].release);
	}
}

static void what_its_owner_paused_is_not_ours(void **state)
{
	static const struct {
		const char *group;
		const char *kind;
		const char *object;
		size_t rules;
	} cases[] = {
	    {"argoproj.io", "Application",
		"{\"metadata\":{\"annotations\":{"
		"\"argocd.argoproj.io/skip-reconcile\":\"T\"}}}",
		0},
	    {"argoproj.io", "Application",
		"{\"metadata\":{\"annotations\":{"
		"\"argocd.argoproj.io/skip-reconcile\":\"yes\"}}}",
		1},
	    {"argoproj.io", "Application",
		"{\"metadata\":{\"annotations\":{"
		"\"argocd.argoproj.io/skip-reconcile\":\"false\"}}}",
		1},
	    /* That one takes no other word. */
	    {"ops.crossplane.io", "Operation",
		"{\"metadata\":{\"annotations\":{"
		"\"crossplane.io/paused\":\"1\"}}}",
		1},
	    {"source.extensions.fluxcd.io", "ArtifactGenerator",
		"{\"metadata\":{\"annotations\":{"
		"\"source.extensions.fluxcd.io/reconcile\":\"Disabled\"}}}",
		0},
	    {"cluster.x-k8s.io", "MachineSet",
		"{\"metadata\":{\"annotations\":{"
		"\"cluster.x-k8s.io/paused\":\"\"}}}",
		0},
	    {"cluster.x-k8s.io", "MachineSet",
		"{\"metadata\":{\"annotations\":{"
		"\"cluster.x-k8s.io/paused\":\"false\"}}}",
		0},
	    {"ec2.services.k8s.aws", "VPC",
		"{\"metadata\":{\"annotations\":{"
		"\"services.k8s.aws/read-only\":\"TRUE\"}}}",
		0},
	    {"argoproj.io", "ApplicationSet", "{}", 2},
	    {"cluster.x-k8s.io", "Cluster", "{\"spec\":{\"paused\":true}}", 1},
	    {"apps", "Deployment", "{}", 0},
	};
	const struct rule_pause *rules[PAUSE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].object);
		size_t count =
		    find(object, cases[i].group, cases[i].kind, NULL, rules);
		if (count != cases[i].rules)
			fail_msg("%s %s: %zu", cases[i].kind, cases[i].object,
			    count);
	}
}

/* A kind without a pause: its controller comes without replicas, where such
 * objects are restored. */
static void a_controller_comes_without_replicas(void **state)
{
	static const char ack[] =
	    "{\"spec\":{\"replicas\":2,\"template\":{\"spec\":{\"containers\":["
	    "{\"image\":\"public.ecr.aws/aws-controllers-k8s/ec2-controller:"
	    "1.3\"}]}}}}";
	const struct rule_pause *rules[PAUSE_MAX];
	cleanup(json_freep) struct json_object *object = test_json(ack);

	(void)state;
	assert_int_equal(
	    find(object, "apps", "Deployment", "example.com", rules), 0);
	assert_int_equal(
	    find(object, "apps", "Deployment", "ec2.services.k8s.aws", rules),
	    1);
	autofree char *before = pause_before(object, rules[0]);
	pause_set(object, rules[0]);
	assert_int_equal(
	    json_int(json_path(object, "spec", "replicas", NULL), -1), 0);
	const struct pause_made made = {
	    .pointer = rules[0]->pointer, .paused = "0", .before = before};
	cleanup(json_freep) struct json_object *patch =
	    pause_release(&made, object);
	assert_json(patch, "{\"spec\":{\"replicas\":2}}");
}

/* A map that was made for a pause goes with it, unless somebody else has put
 * something into it. */
static void an_empty_map_is_not_left_behind(void **state)
{
	static const struct {
		const char *object;
		const char *added; /* before the release, or NULL */
		const char *release;
	} cases[] = {
	    {"{\"spec\":{}}", NULL, "{\"spec\":{\"template\":null}}"},
	    {"{\"spec\":{\"template\":{\"metadata\":{\"name\":\"x\"}}}}", NULL,
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":null}}}"
		"}"},
	    {"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{}}}}}",
		NULL,
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{"
		"\"argocd.argoproj.io/skip-reconcile\":null}}}}}"},
	    {"{\"spec\":{}}", "/spec/template/metadata/annotations",
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{"
		"\"argocd.argoproj.io/skip-reconcile\":null}}}}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct rule_pause *rules[PAUSE_MAX];
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].object);

		assert_int_equal(
		    find(object, "argoproj.io", "ApplicationSet", NULL, rules),
		    2);
		autofree char *map = pause_new_map(object, rules[0]);
		pause_set(object, rules[0]);
		const struct pause_made made = {.pointer = rules[0]->pointer,
		    .annotation = rules[0]->annotation,
		    .map = map};
		if (cases[i].added)
			json_set_str(json_pointer(object, cases[i].added),
			    "theirs", "x");
		cleanup(json_freep) struct json_object *patch =
		    pause_release(&made, object);
		assert_json(patch, cases[i].release);
	}
}

/* As if the place had never been written to. */
static void the_place_of_a_pause_is_taken_away(void **state)
{
	static const struct {
		struct rule_pause rule;
		const char *object, *without;
	} cases[] = {
	    {{.pointer = "/spec/suspend"},
		"{\"spec\":{\"a\":1,\"suspend\":false}}",
		"{\"spec\":{\"a\":1}}"},
	    {{.pointer = "/metadata/annotations", .annotation = "x/paused"},
		"{\"metadata\":{\"annotations\":{\"b\":\"\",\"x/paused\":"
		"\"no\"}}}",
		"{\"metadata\":{\"annotations\":{\"b\":\"\"}}}"},
	    {{.pointer = "/spec/suspend"}, "{}", "{}"},
	    {{.pointer = "/metadata/annotations", .annotation = "x"}, "{}",
		"{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].object);
		pause_remove(object, &cases[i].rule);
		assert_json(object, cases[i].without);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_system_is_paused_in_its_own_way),
	    cmocka_unit_test(what_its_owner_paused_is_not_ours),
	    cmocka_unit_test(a_controller_comes_without_replicas),
	    cmocka_unit_test(an_empty_map_is_not_left_behind),
	    cmocka_unit_test(the_place_of_a_pause_is_taken_away),
	};

	return cmocka_run_group_tests_name(
	    "pause", tests, built_in_set_up, built_in_tear_down);
}
