#include "restore/kube/ours.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/appliers.h"

#include <stdlib.h>

/* One object that the target was asked for, and did not have. */
struct fixture {
	struct test_applier t;
	struct prepared object;
	struct journal_node before;
	struct task task;
	struct plan_kind *k;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_applier_init(&f->t);
	uint32_t node =
	    test_applier_add(&f->t, "v1", "ConfigMap", "ns", "a", "{}");
	test_applier_start(&f->t, NULL, 0);
	f->object.object = test_json("{\"data\":{\"a\":\"1\"}}");
	f->object.uid = str_dup("u-snapshot");
	f->k = f->t.plan.p->kinds.items[0];
	f->k->asked = f->k->served = true;
	f->task = (struct task){.a = f->t.a,
	    .node = node,
	    .n = test_plan_node(&f->t.plan, node),
	    .object = &f->object};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	prepared_done(&f->object);
	test_applier_done(&f->t);
	free(f);
	return 0;
}

#define MANAGED(MANAGER)                                                       \
	"{\"metadata\":{\"uid\":\"u-live\",\"managedFields\":[{\"manager\":"   \
	"\"other\",\"operation\":\"Update\"},{\"manager\":\"" MANAGER          \
	"\",\"operation\":\"Update\",\"fieldsV1\":{}}]},\"data\":{\"a\":"      \
	"\"1\"}}"

static bool is_ours(struct fixture *f, const char *live)
{
	cleanup(json_freep) struct json_object *o = test_json(live);

	return ours_by_object(&f->task, "u-live", o);
}

/* ---- by the journal ------------------------------------------------------ */

static void what_a_killed_run_had_begun_is_its_own(void **state)
{
	static char was_live[] = "u-before", none[] = "", made[] = "u-live";
	static const struct {
		bool begun, ended;
		char *live_uid, *uid;
		enum outcome_kind kind;
		bool ours;
	} cases[] = {
	    {false, false, none, NULL, OUTCOME_PENDING, false},
	    /* It was not there, or another was, and now it is. */
	    {true, false, none, NULL, OUTCOME_PENDING, true},
	    {true, false, was_live, NULL, OUTCOME_PENDING, true},
	    /* It was there before. */
	    {true, false, made, NULL, OUTCOME_PENDING, false},
	    /* It was ended: only what could be made in part is gone on with. */
	    {true, true, none, made, OUTCOME_CREATED, false},
	    {true, true, none, made, OUTCOME_PARTIAL, true},
	    {true, true, none, was_live, OUTCOME_PARTIAL, false},
	    {true, true, none, NULL, OUTCOME_PARTIAL, false},
	};
	struct fixture *f = *state;

	assert_false(ours_by_journal(&f->task, "u-live"));
	f->task.before = &f->before;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f->before = (struct journal_node){.begun = cases[i].begun,
		    .ended = cases[i].ended,
		    .live_uid = cases[i].live_uid,
		    .uid = cases[i].uid,
		    .outcome = {.kind = cases[i].kind}};
		if (ours_by_journal(&f->task, "u-live") != cases[i].ours)
			fail_msg("%zu", i);
		assert_false(ours_by_journal(&f->task, NULL));
	}
}

/* Somebody else may have made one in the time between. */
static void what_was_begun_must_be_made_by_us(void **state)
{
	static char none[] = "", made[] = "u-live";
	struct fixture *f = *state;

	f->task.before = &f->before;
	f->before = (struct journal_node){.begun = true, .live_uid = none};
	assert_true(is_ours(f, MANAGED("backstay")));
	/* Without the journal this one would be nobody's. */
	f->task.n->meets = true;
	assert_true(is_ours(f, MANAGED("backstay")));
	assert_false(is_ours(f, MANAGED("kubectl")));
	/* Its UID is known: then it does not matter who wrote since. */
	f->before.ended = true;
	f->before.uid = made;
	f->before.outcome.kind = OUTCOME_PARTIAL;
	assert_true(is_ours(f, MANAGED("kubectl")));
}

/* ---- by the object ------------------------------------------------------- */

static void what_was_not_there_and_bears_our_name_is_ours(void **state)
{
	struct fixture *f = *state;

	assert_true(is_ours(f, MANAGED("backstay")));
	assert_false(is_ours(f, MANAGED("kubectl")));
	assert_false(is_ours(f, MANAGED("backstay-2")));
	assert_false(is_ours(f, "{\"metadata\":{\"uid\":\"u-live\"}}"));
	/* Another node writes it, too. */
	f->task.n->meets = true;
	assert_false(is_ours(f, MANAGED("backstay")));
	f->task.n->meets = false;
	/* It was there when the plan was made. */
	f->task.n->exists = true;
	assert_false(is_ours(f, MANAGED("backstay")));
	/* A run whose journal is lost may have made it. */
	f->t.run_options.adopts = true;
	assert_true(is_ours(f, MANAGED("backstay")));
	assert_false(is_ours(f, MANAGED("kubectl")));
}

/* Whether it was there is known where its kind was asked for, was not served,
 * or its namespace is new. */
static void what_nobody_asked_for_may_have_been_there(void **state)
{
	struct fixture *f = *state;

	f->k->asked = false;
	assert_false(is_ours(f, MANAGED("backstay")));
	f->task.n->namespace_is_new = true;
	assert_true(is_ours(f, MANAGED("backstay")));
	f->task.n->namespace_is_new = false;
	f->k->served = false;
	assert_true(is_ours(f, MANAGED("backstay")));
}

/* A create in the name of the manager that it had: the same in all, or it is
 * another's. */
static void one_as_it_was_captured_is_ours(void **state)
{
#define ENTRY                                                                  \
	"{\"manager\":\"helm\",\"operation\":\"Update\",\"apiVersion\":"       \
	"\"v1\",\"time\":\"2026-01-01T00:00:00Z\",\"fieldsV1\":{\"f:data\":"   \
	"{\"f:a\":{}}}}"
#define MADE(VALUE)                                                            \
	"{\"metadata\":{\"uid\":\"u-live\",\"creationTimestamp\":"             \
	"\"2026-01-01T00:00:00Z\",\"managedFields\":[" ENTRY                   \
	"]},\"data\":{\"a\":\"" VALUE "\"}}"
	struct fixture *f = *state;

	assert_false(is_ours(f, MADE("1")));
	f->object.managers = test_json("[" ENTRY "]");
	assert_true(is_ours(f, MADE("1")));
	assert_false(is_ours(f, MADE("2")));
	/* The object of the snapshot itself was not made anew. */
	free(f->object.uid);
	f->object.uid = str_dup("u-live");
	assert_false(is_ours(f, MADE("1")));
}

/* ---- pauses -------------------------------------------------------------- */

static void a_pause_is_ours_where_we_own_its_place(void **state)
{
	static const struct rule_pause field = {.pointer = "/spec/suspend"};
	static const struct rule_pause note = {
	    .pointer = "/metadata/annotations", .annotation = "x.org/paused"};
#define PAUSED(MANAGER, FIELDS, REST)                                          \
	"{\"metadata\":{\"annotations\":{\"x.org/paused\":\"true\"},"          \
	"\"managedFields\":[{\"manager\":\"" MANAGER                           \
	"\",\"operation\":\"Apply\",\"fieldsV1\":{" FIELDS "}}]}," REST "}"
#define ON "\"spec\":{\"suspend\":true}"
#define SPEC "\"f:spec\":{\"f:suspend\":{}}"
#define NOTE "\"f:metadata\":{\"f:annotations\":{\"f:x.org/paused\":{}}}"
	static const struct {
		const char *live;
		const struct rule_pause *rule;
		bool ours;
	} cases[] = {
	    {PAUSED("backstay", SPEC, ON), &field, true},
	    {PAUSED("kubectl", SPEC, ON), &field, false},
	    {PAUSED("backstay", SPEC, "\"spec\":{\"suspend\":false}"), &field,
		false},
	    {PAUSED("backstay", SPEC, "\"spec\":{}"), &field, false},
	    {PAUSED("backstay", NOTE, ON), &field, false},
	    {PAUSED("backstay", NOTE, ON), &note, true},
	    {PAUSED("backstay", SPEC, ON), &note, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *live =
		    test_json(cases[i].live);

		if (ours_is_pause(live, cases[i].rule) != cases[i].ours)
			fail_msg("%s", cases[i].live);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_a_killed_run_had_begun_is_its_own),
	    TEST(what_was_begun_must_be_made_by_us),
	    TEST(what_was_not_there_and_bears_our_name_is_ours),
	    TEST(what_nobody_asked_for_may_have_been_there),
	    TEST(one_as_it_was_captured_is_ours),
	    cmocka_unit_test(a_pause_is_ours_where_we_own_its_place),
	};

	return cmocka_run_group_tests_name("kube/ours", tests, NULL, NULL);
}
