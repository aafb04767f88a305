#include "restore/objects/rules.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- kinds --------------------------------------------------------------- */

static void a_pattern_names_a_kind_and_its_group(void **state)
{
	static const struct {
		const char *pattern, *group, *kind;
		bool fits;
	} cases[] = {
	    {"Deployment", "apps", "Deployment", true},
	    {"Deployment", "extensions", "Deployment", true},
	    {"Deployment.apps", "apps", "Deployment", true},
	    {"Deployment.apps", "apps.x", "Deployment", false},
	    {"Deployment.apps", "app", "Deployment", false},
	    {"Deployment.apps", "", "Deployment", false},
	    {"Deployment", "apps", "Deployments", false},
	    {"Deployment", "apps", "Deploy", false},
	    {"Secret.core", "", "Secret", true},
	    {"Secret.core", "core", "Secret", false},
	    {"Secret.core", "example.org", "Secret", false},
	    {"*", "", "Secret", true},
	    {"*.core", "", "Secret", true},
	    {"*.core", "apps", "Secret", false},
	    {"*Issuer.cert-manager.io", "cert-manager.io", "ClusterIssuer",
		true},
	    {"*Issuer.cert-manager.io", "cert-manager.io", "Issuer", true},
	    {"*Issuer.cert-manager.io", "cert-manager.io", "Issuers", false},
	    {"*.*.crossplane.io", "s3.aws.crossplane.io", "Bucket", true},
	    {"*.*.crossplane.io", "crossplane.io", "Bucket", false},
	    {"Po?.core", "", "Pod", true},
	    {"?od.core", "", "Pod", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (rules_kind_fits(cases[i].pattern, cases[i].group,
			cases[i].kind) != cases[i].fits)
			fail_msg("%s, %s, %s", cases[i].pattern, cases[i].group,
			    cases[i].kind);
}

static void a_text_is_split_into_kind_and_group(void **state)
{
	static const struct {
		const char *text, *kind, *group;
	} cases[] = {{"Secret", "Secret", NULL}, {"Secret.core", "Secret", ""},
	    {"Deployment.apps", "Deployment", "apps"},
	    {"Bucket.s3.aws.crossplane.io", "Bucket", "s3.aws.crossplane.io"},
	    {"Thing.core.example.org", "Thing", "core.example.org"},
	    {"Thing.", "Thing", ""}, {"", "", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *group = "?";
		autofree char *kind = rules_split_kind(cases[i].text, &group);

		assert_string_equal(kind, cases[i].kind);
		if (cases[i].group)
			assert_string_equal(group, cases[i].group);
		else
			assert_null(group);
	}
}

/* Crossplane's configurations of providers come after what they may name. */
static void what_others_stand_on_has_a_lower_rank(void **state)
{
	static const char *const order[] = {"CustomResourceDefinition",
	    "Namespace", "StorageClass", "PersistentVolume",
	    "PersistentVolumeClaim", "ServiceAccount", "Secret", "ConfigMap",
	    "Pod", "Service", "Deployment", "CronJob"};
	size_t count = sizeof(order) / sizeof(*order);

	(void)state;
	for (size_t i = 0; i + 1 < count; i++)
		assert_true(
		    rules_rank("", order[i]) < rules_rank("", order[i + 1]));
	int provider = rules_rank("pkg.crossplane.io", "Provider");
	assert_true(rules_rank("batch", "CronJob") < provider);
	assert_true(provider < rules_rank("example.org", "Widget"));
	assert_int_equal(rules_rank("example.org", "Provider"),
	    rules_rank("example.org", "Widget"));
}

static void a_pod_spec_is_where_its_kind_keeps_it(void **state)
{
	(void)state;
	assert_string_equal(rules_pod_spec("", "Pod"), "/spec");
	assert_string_equal(
	    rules_pod_spec("apps", "Deployment"), "/spec/template/spec");
	assert_string_equal(rules_pod_spec("batch", "CronJob"),
	    "/spec/jobTemplate/spec/template/spec");
	assert_string_equal(
	    rules_pod_spec("", "PodTemplate"), "/template/spec");
	assert_string_equal(rules_pod_spec("serving.knative.dev", "Service"),
	    "/spec/template/spec");
	assert_null(rules_pod_spec("", "Service"));
	assert_null(rules_pod_spec("example.org", "Pod"));
	assert_null(rules_pod_spec("batch", "Deployment"));
}

/* ---- pointers ------------------------------------------------------------ */

static void add_value(void *ctx, struct json_object *value)
{
	struct buf *out = ctx;

	if (out->len)
		buf_add_char(out, ' ');
	json_write(out, value, JSON_COMPACT);
}

static void a_pointer_leads_to_each_value_that_it_matches(void **state)
{
	static const char object[] =
	    "{\"a\":{\"b\":1,\"c\":2},\"l\":[{\"n\":3},{\"n\":4},{}],"
	    "\"x/y\":5,\"x~y\":6,\"ab\":7,\"deep\":[[8],[9]]}";
	static const char *const cases[][2] = {
	    {"/a/b", "1"},
	    {"/a/*", "1 2"},
	    {"/l/*/n", "3 4"},
	    {"/l/1/n", "4"},
	    {"/l/3/n", ""},
	    {"/l/-/n", ""},
	    {"/l/01/n", "4"},
	    {"/x~1y", "5"},
	    {"/x~0y", "6"},
	    {"/x~2y", ""},
	    {"/a*/b", "1"},
	    {"/?b", ""}, /* only '*' is special */
	    {"/deep/*/*", "8 9"},
	    {"/a/b/c", ""},
	    {"/none", ""},
	    {"/", ""},
	};
	cleanup(json_freep) struct json_object *o = test_json(object);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf found = BUF_INIT;

		rules_visit(o, cases[i][0], add_value, &found);
		if (!str_eq(buf_str(&found), cases[i][1]))
			fail_msg("%s: '%s'", cases[i][0], buf_str(&found));
		assert_int_equal(
		    rules_has(o, cases[i][0]), *cases[i][1] != '\0');
	}
	assert_true(rules_has(o, NULL));
	assert_true(rules_has(o, ""));
	assert_false(rules_has(NULL, "/a"));
}

static void an_image_is_looked_for_among_the_containers(void **state)
{
	cleanup(json_freep) struct json_object *web = test_json(
	    "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"image\":"
	    "7},{\"image\":\"example.org/web:1\"}],\"initContainers\":"
	    "[{\"image\":\"setup:1\"}]}}}}");
	cleanup(json_freep) struct json_object *none = test_json("{}");

	(void)state;
	assert_true(rules_run_image(rules_containers(web), "*web*"));
	assert_true(
	    rules_run_image(rules_containers(web), "example.org/web:1"));
	assert_false(rules_run_image(rules_containers(web), "web"));
	assert_false(rules_run_image(rules_containers(web), "setup:1"));
	assert_false(rules_run_image(rules_containers(none), "*"));
}

/* ---- systems ------------------------------------------------------------- */

static void systems_are_known_by_name(void **state)
{
	cleanup(strvec_done) struct strvec without = VEC_INIT;

	(void)state;
	assert_true(rules_system_known("flux"));
	assert_false(rules_system_known("Flux"));
	assert_false(rules_system_known(""));
	assert_true(rules_used(NULL, "flux"));
	assert_true(rules_used(&without, "flux"));
	strvec_add(&without, "flux");
	assert_false(rules_used(&without, "flux"));
	assert_true(rules_used(&without, "argocd"));
}

/* ---- edges of the configuration ------------------------------------------ */

static void assert_edge(
    const char *from, const char *pointer, const char *to, const char *part)
{
	const struct rule_edge rule = {
	    .system = "config", .from = from, .pointer = pointer, .to = to};
	struct err err = ERR_INIT;

	if (!part) {
		assert_ok(rules_check_edge(&rule, &err), err);
		return;
	}
	assert_fails(rules_check_edge(&rule, &err), err, ERR_USAGE);
	assert_contains(err.message, "restore.edges: ");
	assert_contains(err.message, part);
}

static void an_edge_is_checked_before_it_is_used(void **state)
{
	static const struct {
		const char *from, *pointer, *to, *refusal;
	} cases[] = {
	    {"Widget.example.org", "/spec/x", "Secret.core", NULL},
	    {"*", "/spec/*/x", "Secret", NULL},
	    {"Namespace.core", "/spec/x", "Secret.core", NULL},
	    {"Secret.core", "/spec/x", "Namespace.core", NULL},
	    {NULL, "/x", "Secret", "'' is not a kind: say from as Kind.group"},
	    {"", "/x", "Secret", "'' is not a kind: say from as"},
	    {".core", "/x", "Secret", "'.core' is not a kind"},
	    {"Secret.", "/x", "Secret", "'Secret.' is not a kind"},
	    {"Secret", "/x", NULL, "'' is not a kind: say to as Kind.group"},
	    {"Secret", "/x", "*.core", "an edge leads to one kind"},
	    {"Secret", "/x", "Secre?", "an edge leads to one kind"},
	    {"Se cret", "/x", "Secret", "' ' cannot be in one"},
	    {"Secret", "/x", "v1/Secret", "'/' cannot be in one"},
	    {"Secret", NULL, "Secret",
		"'' is not a JSON pointer: it must start with '/'"},
	    {"Secret", "", "Secret", "is not a JSON pointer"},
	    {"Secret", "spec/x", "Secret", "'spec/x' is not a JSON pointer"},
	    {"Namespace.core", "/x", "Namespace.core",
		"namespaces cannot wait for each other"},
	    {"*", "/x", "Namespace", "namespaces cannot wait for each other"},
	    {"Namespace.example.org", "/x", "Namespace.core", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_edge(cases[i].from, cases[i].pointer, cases[i].to,
		    cases[i].refusal);
}

static void a_pointer_has_a_limit(void **state)
{
	char pointer[1026];

	(void)state;
	memset(pointer, 'x', sizeof(pointer));
	*pointer = '/';
	pointer[1024] = '\0';
	assert_edge("Secret", pointer, "Secret", NULL);
	pointer[1024] = 'x';
	pointer[1025] = '\0';
	assert_edge("Secret", pointer, "Secret",
	    "from 'Secret' to 'Secret': the pointer is longer than 1024 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pattern_names_a_kind_and_its_group),
	    cmocka_unit_test(a_text_is_split_into_kind_and_group),
	    cmocka_unit_test(what_others_stand_on_has_a_lower_rank),
	    cmocka_unit_test(a_pod_spec_is_where_its_kind_keeps_it),
	    cmocka_unit_test(a_pointer_leads_to_each_value_that_it_matches),
	    cmocka_unit_test(an_image_is_looked_for_among_the_containers),
	    cmocka_unit_test(systems_are_known_by_name),
	    cmocka_unit_test(an_edge_is_checked_before_it_is_used),
	    cmocka_unit_test(a_pointer_has_a_limit),
	};

	return cmocka_run_group_tests_name("objects/rules", tests, NULL, NULL);
}
