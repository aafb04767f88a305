#include "restore/kube/ready.h"

#include "storage/base/cleanup.h"
#include "tests/support/appliers.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 4 };

/* One object, and what the target answers to whom. */
struct gate_case {
	const char *api_version, *kind;
	/* A body each, by a part of the request; the last is repeated for the
	 * rest of the time. */
	struct {
		const char *to, *status, *body;
	} answers[MOST];
	enum applier_gates gates;
	bool passed;
	const char *detail; /* its begin */
	size_t requests;    /* 0: does not matter */
};

static void assert_gate(const struct gate_case *c)
{
	cleanup(test_applier_done) struct test_applier t;
	struct script_reply replies[MOST] = {{.bytes = NULL}};
	char *texts[MOST] = {NULL};
	size_t count = 0;

	test_applier_init(&t);
	t.run_options.gate_timeout_ms = 1000;
	uint32_t node =
	    test_applier_add(&t, c->api_version, c->kind, "ns", "a", "{}");
	for (; count < MOST && c->answers[count].body; count++) {
		const char *status = c->answers[count].status;

		texts[count] = str_printf(KUBE_REPLY("%s", "%s"),
		    status ? status : "200 OK", c->answers[count].body);
		replies[count] = (struct script_reply){.bytes = texts[count],
		    .close = 1,
		    .to = c->answers[count].to};
	}
	test_applier_start(&t, replies, count);
	t.a->gates = c->gates;
	enum gate_state state = ready_wait(t.a, node);
	const struct report_gate *gate = &t.run.report->gates.items[0];
	if ((state == GATE_PASSED) != c->passed || gate->passed != c->passed ||
	    !str_starts(gate->detail, c->detail))
		fail_msg("%s: %d, '%s'", c->kind, state, gate->detail);
	assert_int_equal(t.run.report->gates.len, 1);
	if (c->requests)
		assert_int_equal(
		    script_server_count(t.kube.server), c->requests);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
}

static void assert_gates(const struct gate_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_gate(&cases[i]);
}

#define COUNT(cases) (sizeof(cases) / sizeof(*(cases)))
#define CONDITION(TYPE, STATUS)                                                \
	"{\"status\":{\"conditions\":[{\"type\":\"Other\",\"status\":"         \
	"\"True\"},{\"type\":\"" TYPE "\",\"status\":\"" STATUS                \
	"\",\"message\":\"why\"}]}}"
#define NODE(READY)                                                            \
	"{\"items\":[{\"status\":{\"conditions\":[{\"type\":\"Ready\","        \
	"\"status\":\"" READY "\"}]}}]}"

/* ---- conditions ---------------------------------------------------------- */

static void a_condition_of_the_rules_is_waited_for(void **state)
{
	static const struct gate_case cases[] = {
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.body = CONDITION("Available", "True")}},
		.gates = APPLIER_GATES_ALWAYS,
		.passed = true,
		.detail = "0 ms",
		.requests = 1},
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.body = CONDITION("Available", "False")},
		    {.body = CONDITION("Available", "True")}},
		.gates = APPLIER_GATES_ALWAYS,
		.passed = true,
		.detail = "50 ms", /* and not why it was not, before */
		.requests = 2},
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.body = CONDITION("Available", "Unknown")},
		    {.body = CONDITION("Available", "False")}, {.body = "{}"}},
		.gates = APPLIER_GATES_ALWAYS,
		/* After its answers the server closes. */
		.detail = "",
		.passed = false},
	    /* All conditions of a kind. */
	    {.api_version = "pkg.crossplane.io/v1",
		.kind = "Provider",
		.answers = {{.body = CONDITION("Installed", "True")}},
		.gates = APPLIER_GATES_ALWAYS,
		.passed = false,
		.detail = ""},
	    /* A kind without rules is there, and that is all. */
	    {.api_version = "v1",
		.kind = "ConfigMap",
		.answers = {{.body = "{}"}},
		.gates = APPLIER_GATES_ALWAYS,
		.passed = true,
		.detail = "0 ms"},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

/* Nobody makes the pods that it would wait for. */
static void pods_are_not_waited_for_where_none_run(void **state)
{
	static const struct gate_case cases[] = {
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.to = "/api/v1/nodes", .body = NODE("False")},
		    {.body = CONDITION("Available", "False")}},
		.passed = true,
		.detail = "not waited for: the cluster runs no pods; "},
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.to = "/api/v1/nodes", .body = "{\"items\":[]}"},
		    {.body = "{}"}},
		.passed = true,
		.detail = "not waited for: the cluster runs no pods; "},
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.to = "/api/v1/nodes", .body = NODE("True")},
		    {.body = CONDITION("Available", "True")}},
		.passed = true,
		.detail = "0 ms"},
	    /* Not allowed to ask: pods are taken to run. */
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.to = "/api/v1/nodes",
				.status = "403 Forbidden",
				.body = "{}"},
		    {.body = CONDITION("Available", "True")}},
		.passed = true,
		.detail = "0 ms"},
	    {.api_version = "apps/v1",
		.kind = "Deployment",
		.answers = {{.body = "{}"}},
		.gates = APPLIER_GATES_NEVER,
		.passed = true,
		.detail = "0 ms",
		.requests = 1},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

static void pods_are_counted_of_what_has_no_condition(void **state)
{
	static const struct gate_case cases[] = {
	    {"apps/v1", "StatefulSet",
		{{.body = "{\"spec\":{\"replicas\":2},\"status\":"
			  "{\"readyReplicas\":2}}"}},
		APPLIER_GATES_ALWAYS, true, "0 ms", 1},
	    {"apps/v1", "StatefulSet",
		{{.body = "{\"spec\":{\"replicas\":2},\"status\":"
			  "{\"readyReplicas\":1}}"},
		    {.body = "{\"spec\":{\"replicas\":2},\"status\":"
			     "{\"readyReplicas\":3}}"}},
		APPLIER_GATES_ALWAYS, true, "50 ms", 2},
	    {"apps/v1", "StatefulSet",
		{{.body = "{\"spec\":{\"replicas\":0},\"status\":{}}"}},
		APPLIER_GATES_ALWAYS, true, "0 ms", 1},
	    /* One, where it does not say how many. */
	    {"apps/v1", "StatefulSet",
		{{.body = "{}"},
		    {.body = "{\"status\":{\"readyReplicas\":1}}"}},
		APPLIER_GATES_ALWAYS, true, "50 ms", 2},
	    {"apps/v1", "DaemonSet",
		{{.body = "{\"status\":{\"desiredNumberScheduled\":2,"
			  "\"numberReady\":1}}"},
		    {.body = "{\"status\":{\"desiredNumberScheduled\":0,"
			     "\"numberReady\":0}}"}},
		APPLIER_GATES_ALWAYS, true, "50 ms", 2},
	    /* Of another group it is another kind. */
	    {"apps.example.org/v1", "StatefulSet", {{.body = "{}"}},
		APPLIER_GATES_ALWAYS, true, "0 ms", 1},
	    {"apps/v1", "StatefulSet",
		{{.to = "/api/v1/nodes", .body = NODE("Unknown")},
		    {.body = "{}"}},
		APPLIER_GATES_AUTO, true, "", 2},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

/* ---- what the API itself needs ------------------------------------------- */

#define CRD(NAMES)                                                             \
	"{\"spec\":{\"group\":\"example.org\",\"names\":{\"plural\":"          \
	"\"widgets\"},\"versions\":[{\"name\":\"v0\",\"served\":false},"       \
	"{\"name\":\"v1\",\"served\":true}]},\"status\":{\"conditions\":["     \
	"{\"type\":\"NamesAccepted\",\"status\":\"" NAMES                      \
	"\",\"message\":\"taken\"},{\"type\":\"Established\",\"status\":"      \
	"\"True\"}]}}"
#define DISCOVERY(NAME) "{\"resources\":[{\"name\":\"" NAME "\"}]}"

static void a_definition_is_ready_once_its_kind_is_served(void **state)
{
	static const struct gate_case cases[] = {
	    {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
		{{.to = "/apis/example.org/v1", .body = DISCOVERY("widgets")},
		    {.body = CRD("True")}},
		APPLIER_GATES_NEVER, true, "0 ms", 2},
	    {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
		{{.to = "/apis/example.org/v1", .body = DISCOVERY("gadgets")},
		    {.to = "/apis/example.org/v1",
			.body = DISCOVERY("widgets")},
		    {.body = CRD("True")}, {.body = CRD("True")}},
		APPLIER_GATES_NEVER, true, "50 ms", 4},
	    /* It never will be: nobody waits until the time is over. */
	    {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
		{{.body = CRD("False")}}, APPLIER_GATES_NEVER, false,
		"its names are not accepted: taken; 0 ms", 1},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

static void a_namespace_is_ready_once_it_is_active(void **state)
{
	static const struct gate_case cases[] = {
	    {"v1", "Namespace",
		{{.body = "{\"status\":{\"phase\":\"Terminating\"}}"},
		    {.body = "{\"status\":{\"phase\":\"Active\"}}"}},
		APPLIER_GATES_NEVER, true, "50 ms", 2},
	    {"example.org/v1", "Namespace", {{.body = "{}"}},
		APPLIER_GATES_ALWAYS, true, "0 ms", 1},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

/* ---- services ------------------------------------------------------------ */

#define ENDPOINTS "/namespaces/ns/endpoints/a"
#define ADDRESS "{\"subsets\":[{},{\"addresses\":[{\"ip\":\"10.0.0.1\"}]}]}"
#define SERVICE "{\"spec\":{\"selector\":{\"app\":\"a\"}}}"

static void a_service_is_ready_once_somebody_answers_for_it(void **state)
{
	static const struct gate_case cases[] = {
	    {"v1", "Service",
		{{.to = ENDPOINTS, .body = ADDRESS}, {.body = SERVICE}},
		APPLIER_GATES_ALWAYS, true, "0 ms", 2},
	    {"v1", "Service",
		{{.to = ENDPOINTS, .body = "{\"subsets\":[{}]}"},
		    {.to = ENDPOINTS, .body = ADDRESS}, {.body = SERVICE},
		    {.body = SERVICE}},
		APPLIER_GATES_ALWAYS, true, "50 ms", 4},
	    /* There is nobody to answer, and there will not be. */
	    {"v1", "Service",
		{{.to = "/api/v1/nodes", .body = "{\"items\":[]}"},
		    {.to = ENDPOINTS, .body = "{}"}, {.body = SERVICE}},
		APPLIER_GATES_AUTO, false,
		"no ready endpoints, and the cluster runs no pods that could "
		"become them; 0 ms",
		3},
	    /* Without a selector somebody writes its endpoints. */
	    {"v1", "Service",
		{{.to = "/api/v1/nodes", .body = "{\"items\":[]}"},
		    {.to = ENDPOINTS, .body = ADDRESS}, {.body = "{}"}},
		APPLIER_GATES_AUTO, true, "0 ms", 3},
	    {"v1", "Service",
		{{.body = "{\"spec\":{\"type\":\"ExternalName\"}}"}},
		APPLIER_GATES_ALWAYS, true, "0 ms", 1},
	    {"v1", "Service", {{.body = SERVICE}}, APPLIER_GATES_NEVER, true,
		"0 ms", 1},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

/* ---- what is no answer --------------------------------------------------- */

static void what_may_not_be_asked_is_not_waited_for(void **state)
{
	static const struct gate_case cases[] = {
	    {"v1", "ConfigMap",
		{{.status = "403 Forbidden", .body = "{\"message\":\"no\"}"}},
		APPLIER_GATES_ALWAYS, false, "", 1},
	    {"v1", "ConfigMap",
		{{.status = "404 Not Found", .body = "{}"}, {.body = "{}"}},
		APPLIER_GATES_ALWAYS, true, "50 ms", 2},
	    {"v1", "ConfigMap",
		{{.body = "{\"metadata\":{\"deletionTimestamp\":\"now\"}}"},
		    {.body = "{}"}},
		APPLIER_GATES_ALWAYS, true, "50 ms", 2},
	};

	(void)state;
	assert_gates(cases, COUNT(cases));
}

static void a_restore_that_is_stopped_reports_that_itself(void **state)
{
	static const struct script_reply reply = {
	    .bytes = KUBE_REPLY("404 Not Found", "{}"), .close = 1};
	cleanup(test_applier_done) struct test_applier t;
	const struct err lost = ERR_INIT;

	(void)state;
	test_applier_init(&t);
	uint32_t node =
	    test_applier_add(&t, "v1", "ConfigMap", "ns", "a", "{}");
	test_applier_start(&t, &reply, 1);
	t.a->gates = APPLIER_GATES_ALWAYS;
	run_fail(&t.run, &lost);
	assert_int_equal(ready_wait(t.a, node), GATE_FAILED);
	assert_int_equal(t.run.report->gates.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_condition_of_the_rules_is_waited_for),
	    cmocka_unit_test(pods_are_not_waited_for_where_none_run),
	    cmocka_unit_test(pods_are_counted_of_what_has_no_condition),
	    cmocka_unit_test(a_definition_is_ready_once_its_kind_is_served),
	    cmocka_unit_test(a_namespace_is_ready_once_it_is_active),
	    cmocka_unit_test(a_service_is_ready_once_somebody_answers_for_it),
	    cmocka_unit_test(what_may_not_be_asked_is_not_waited_for),
	    cmocka_unit_test(a_restore_that_is_stopped_reports_that_itself),
	};

	return cmocka_run_group_tests_name("kube/ready", tests, NULL, NULL);
}
