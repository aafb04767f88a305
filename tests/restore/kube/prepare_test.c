#include "restore/kube/prepare.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/appliers.h"

#include <stdlib.h>

/* One object as it will be sent. */
struct fixture {
	struct test_applier t;
	struct prepared out;
	struct outcome outcome;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_applier_init(&f->t);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	prepared_done(&f->out);
	outcome_done(&f->outcome);
	test_applier_done(&f->t);
	free(f);
	return 0;
}

#define MANAGED                                                                \
	"[{\"manager\":\"helm\",\"operation\":\"Update\",\"apiVersion\":"      \
	"\"apps/"                                                              \
	"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:spec\":{}}}]"
#define META "\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\""
#define OBJECT(VERSION, KIND, META_REST, REST)                                 \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"" KIND                     \
	"\"," META META_REST "}" REST "}"

static uint32_t add(struct fixture *f, const char *api_version,
    const char *kind, const char *text)
{
	return test_applier_add(&f->t, api_version, kind, "ns", "a", text);
}

static void prepare(struct fixture *f, uint32_t node)
{
	struct err err = ERR_INIT;

	test_applier_start(&f->t, NULL, 0);
	assert_ok(
	    prepare_object(f->t.a, node, &f->out, &f->outcome, &err), err);
}

static struct plan_kind *kind(struct fixture *f)
{
	return f->t.plan.p->kinds.items[0];
}

/* ---- the object ---------------------------------------------------------- */

static void an_object_is_sent_to_its_place_as_a_new_one(void **state)
{
	struct fixture *f = *state;
	uint32_t node = add(f, "apps/v1", "Thing",
	    OBJECT("apps/v1", "Thing",
		",\"uid\":\"u-1\",\"resourceVersion\":\"7\","
		"\"managedFields\":" MANAGED,
		",\"spec\":{\"x\":1},\"status\":{\"y\":2}"));

	kind(f)->has_status = true;
	prepare(f, node);
	assert_json(f->out.object,
	    OBJECT("apps/v1", "Thing", "", ",\"spec\":{\"x\":1}"));
	assert_string_equal(f->out.uid, "u-1");
	assert_string_equal(
	    f->out.collection, "/apis/apps/v1/namespaces/ns/Thing");
	assert_string_equal(f->out.path, "/apis/apps/v1/namespaces/ns/Thing/a");
	assert_json(f->out.managers, MANAGED);
	assert_null(f->out.status);
	assert_int_equal(f->out.pause_count, 0);
	assert_int_equal(f->outcome.notes.len, 0);
}

/* The target decides whether a kind has namespaces. */
static void a_namespace_goes_where_the_kind_has_none(void **state)
{
	struct fixture *f = *state;
	uint32_t node = add(f, "example.org/v1", "Thing",
	    OBJECT("example.org/v1", "Thing", "", ""));

	kind(f)->namespaced = false;
	prepare(f, node);
	assert_null(json_path(f->out.object, "metadata", "namespace", NULL));
}

static void what_cannot_be_read_is_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t node = add(f, "v1", "Thing", "{}");
	struct err err;

	test_applier_start(&f->t, NULL, 0);
	assert_fails(prepare_object(f->t.a, node, &f->out, &f->outcome, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "Thing/a.json");
}

/* ---- its status ---------------------------------------------------------- */

static void a_status_is_restored_where_a_rule_or_the_operator_says(void **state)
{
	static const struct {
		const char *api_version, *kind;
		bool has_status, asked;
		const char *status; /* NULL: none */
	} cases[] = {
	    {"example.org/v1", "Thing", true, false, NULL},
	    {"example.org/v1", "Thing", true, true,
		"{\"readyReplicas\":1,\"conditions\":[]}"},
	    {"example.org/v1", "Thing", false, true, NULL},
	    /* Ruled; and a gate waits for its conditions here. */
	    {"pkg.crossplane.io/v1", "Provider", true, false,
		"{\"readyReplicas\":1}"},
	    {"apps/v1", "StatefulSet", true, true, "{\"conditions\":[]}"},
	    {"apps/v1", "StatefulSet", true, false, NULL},
	    /* That of these is the server's alone. */
	    {"v1", "Namespace", true, true, NULL},
	    {"apiextensions.k8s.io/v1", "CustomResourceDefinition", true, true,
		NULL},
	    {"apiregistration.k8s.io/v1", "APIService", true, true, NULL},
	    {"example.org/v1", "Namespace", true, true,
		"{\"readyReplicas\":1,\"conditions\":[]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"%s\",\"kind\":\"%s\"," META
		    "},\"status\":{\"readyReplicas\":1,\"conditions\":[]}}",
		    cases[i].api_version, cases[i].kind);
		void *own = NULL;

		set_up(&own);
		struct fixture *f = own;
		uint32_t node =
		    add(f, cases[i].api_version, cases[i].kind, text);
		kind(f)->has_status = cases[i].has_status;
		f->t.plan.o.status = cases[i].asked;
		prepare(f, node);
		if (!cases[i].status != !f->out.status)
			fail_msg("%s", text);
		if (cases[i].status)
			assert_json(f->out.status, cases[i].status);
		/* Where it is no subresource it is a part of the object. */
		assert_int_equal(json_get(f->out.object, "status") != NULL,
		    !cases[i].has_status);
		tear_down(&own);
	}
}

/* ---- pauses -------------------------------------------------------------- */

static void a_controller_is_found_with_what_it_had(void **state)
{
	struct fixture *f = *state;
	uint32_t node =
	    add(f, "kustomize.toolkit.fluxcd.io/v1", "Kustomization",
		OBJECT("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "",
		    ",\"spec\":{\"suspend\":false}"));

	prepare(f, node);
	assert_true(f->out.pause_count >= 1);
	assert_string_equal(f->out.pauses[0].rule->pointer, "/spec/suspend");
	assert_string_equal(f->out.pauses[0].before, "false");
	/* Not paused yet: that is for when the journal knows. */
	assert_json(json_get(f->out.object, "spec"), "{\"suspend\":false}");
}

/* ---- what has to be done by hand ----------------------------------------- */

#define PENDING "\"crossplane.io/external-create-pending\":"
#define SUCCEEDED "\"crossplane.io/external-create-succeeded\":"
#define FAILED "\"crossplane.io/external-create-failed\":"

static void a_creation_that_was_under_way_is_noted(void **state)
{
	static const struct {
		const char *annotations;
		bool noted;
	} cases[] = {
	    {"", false},
	    {PENDING "\"2026-01-01T00:00:02Z\"", true},
	    {PENDING "\"2026-01-01T00:00:02Z\"," SUCCEEDED
		     "\"2026-01-01T00:00:01Z\"",
		true},
	    {PENDING "\"2026-01-01T00:00:02Z\"," SUCCEEDED
		     "\"2026-01-01T00:00:02Z\"",
		false},
	    {PENDING "\"2026-01-01T00:00:02Z\"," FAILED
		     "\"2026-01-01T00:00:03Z\"",
		false},
	    {PENDING "\"2026-01-01T00:00:02Z\"," SUCCEEDED
		     "\"2026-01-01T00:00:01Z\"," FAILED
		     "\"2026-01-01T00:00:03Z\"",
		false},
	    {PENDING "\"soon\"", false},
	    {PENDING "7", false},
	    /* What is no time is none. */
	    {PENDING "\"2026-01-01T00:00:02Z\"," SUCCEEDED "\"done\"", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text = str_printf(
		    "{\"apiVersion\":\"example.org/"
		    "v1\",\"kind\":\"Thing\"," META ",\"annotations\":{%s}}}",
		    cases[i].annotations);
		void *own = NULL;

		set_up(&own);
		struct fixture *f = own;
		prepare(f, add(f, "example.org/v1", "Thing", text));
		if ((f->outcome.notes.len == 1) != cases[i].noted)
			fail_msg("%s", text);
		if (cases[i].noted)
			assert_contains(f->outcome.notes.items[0],
			    "its creation was under way when it was captured");
		tear_down(&own);
	}
}

static void a_sync_that_was_under_way_is_noted(void **state)
{
	struct fixture *f = *state;
	uint32_t node = add(f, "argoproj.io/v1alpha1", "Application",
	    OBJECT("argoproj.io/v1alpha1", "Application", "",
		",\"operation\":{\"sync\":{}}"));

	prepare(f, node);
	assert_int_equal(f->outcome.notes.len, 1);
	assert_contains(f->outcome.notes.items[0], "its sync was under way");
	assert_null(json_get(f->out.object, "operation"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_sent_to_its_place_as_a_new_one),
	    TEST(a_namespace_goes_where_the_kind_has_none),
	    TEST(what_cannot_be_read_is_refused),
	    cmocka_unit_test(
		a_status_is_restored_where_a_rule_or_the_operator_says),
	    TEST(a_controller_is_found_with_what_it_had),
	    cmocka_unit_test(a_creation_that_was_under_way_is_noted),
	    TEST(a_sync_that_was_under_way_is_noted),
	};

	return cmocka_run_group_tests_name("kube/prepare", tests, NULL, NULL);
}
