/* The driver of Kubernetes objects, as the engine of levels calls it. */
#include "restore/kube/applier.h"

#include "storage/base/mem.h"
#include "tests/support/tasks.h"

#include <stdlib.h>

#define SPEC ",\"spec\":{\"x\":1}"
#define OBJECT TASK_OBJECT("", SPEC)
#define LIVE(REST)                                                             \
	TASK_REPLY("200 OK",                                                   \
	    TASK_OBJECT(",\"uid\":\"u\",\"resourceVersion\":\"5\"", REST))
#define AWAY                                                                   \
	TASK_REPLY("500 Internal",                                             \
	    "{\"message\":\"conversion webhook for a/v1 failed: EOF\"}")

static const struct apply_driver *start(
    struct test_task *f, const struct script_reply *replies, size_t count)
{
	test_applier_start(&f->t, replies, count);
	const struct apply_driver *d = applier_driver(f->t.a);

	f->t.a->run = NULL;
	d->begin(d->ctx, &f->t.run);
	return d;
}

static void it_knows_the_clusters_by_their_names_in_the_snapshot(void **state)
{
	struct test_task *f = *state;

	f->t.plan.o.cluster_count = 2;
	start(f, NULL, 0);
	assert_int_equal(f->t.a->target_count, 2);
	assert_string_equal(f->t.a->targets[0].name, "prod");
	assert_ptr_equal(f->t.a->targets[0].client, f->t.kube.client);
	assert_string_equal(f->t.a->targets[1].name, "edge");
	assert_null(f->t.a->targets[1].client);
}

/* What an earlier run was refused as too many does not slow the next. */
static void each_run_may_ask_as_much_as_it_says(void **state)
{
	struct test_task *f = *state;
	const struct apply_driver *d;

	f->t.run_options.in_flight = 8;
	d = start(f, NULL, 0);
	assert_int_equal(f->t.a->targets[0].throttle.limit, 8);
	throttle_ease(&f->t.a->targets[0].throttle, 100000);
	assert_int_equal(f->t.a->targets[0].throttle.limit, 4);
	d->begin(d->ctx, &f->t.run);
	assert_int_equal(f->t.a->targets[0].throttle.limit, 8);
	assert_ptr_equal(f->t.a->run, &f->t.run);
}

/* The next object may be accepted: no refusal makes the others pointless. */
static void a_refusal_ends_one_object_alone(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("401 Unauthorized", "{\"message\":\"who are you\"}")};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	test_task_add(f, OBJECT);
	const struct apply_driver *d = start(f, replies, 1);
	assert_int_equal(d->apply(d->ctx, 0, &f->outcome, &err), APPLY_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "who are you");
}

static void what_a_webhook_holds_up_comes_later(void **state)
{
	static const struct script_reply replies[] = {AWAY, AWAY};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	test_task_add(f, OBJECT);
	const struct apply_driver *d = start(f, replies, 2);
	assert_int_equal(d->apply(d->ctx, 0, &f->outcome, &err), APPLY_LATER);
	assert_int_equal(f->outcome.kind, OUTCOME_PENDING);
	/* The last time it is a failure. */
	f->t.run.postponed[0] = POSTPONED_BEGUN;
	f->t.run.last_try = true;
	assert_int_equal(d->apply(d->ctx, 0, &f->outcome, &err), APPLY_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
}

/* The plan has checked what is there. */
static void it_checks_nothing_that_the_plan_has_checked(void **state)
{
	struct test_task *f = *state;

	assert_null(start(f, NULL, 0)->check);
}

/* A node without a condition: what would be waited for is not there yet. */
static void its_gates_are_those_that_it_was_made_with(void **state)
{
	static const struct script_reply replies[] = {LIVE(SPEC)};
	struct test_task *f = *state;

	test_task_add_as(f, "apps/v1", "Deployment", "ns", "a", OBJECT);
	const struct apply_driver *d = start(f, replies, 1);
	struct applier *made = applier_new(
	    &(struct applier_options){.gates = APPLIER_GATES_NEVER});
	f->t.a->gates = made->gates;
	applier_free(made);
	assert_int_equal(d->ready(d->ctx, 0), GATE_PASSED);
	assert_int_equal(f->t.run.report->gates.len, 1);
}

/* What the journal has as paused by us, as it was before. */
static void it_releases_what_the_journal_has_as_paused(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("201 Created",
		TASK_PAUSABLE(
		    ",\"uid\":\"u\",\"resourceVersion\":\"1\"", "true")),
	    TASK_REPLY("200 OK",
		TASK_PAUSABLE(
		    ",\"uid\":\"u\",\"resourceVersion\":\"1\"", "true")),
	    TASK_REPLY("200 OK",
		TASK_PAUSABLE(
		    ",\"uid\":\"u\",\"resourceVersion\":\"2\"", "false"))};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	test_task_add_pausable(f, TASK_PAUSABLE("", "false"));
	const struct apply_driver *d = start(f, replies, 3);
	test_task_keep_journal(f);
	assert_int_equal(d->apply(d->ctx, 0, &f->outcome, &err), APPLY_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_true(test_task_is_paused(f));
	d->release(d->ctx);
	assert_false(test_task_is_paused(f));
	assert_int_equal(script_server_count(f->t.kube.server), 3);
}

static void none_is_freed_as_well(void **state)
{
	struct applier *none = NULL;

	(void)state;
	applier_free(NULL);
	applier_freep(&none);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_knows_the_clusters_by_their_names_in_the_snapshot),
	    TEST(each_run_may_ask_as_much_as_it_says),
	    TEST(a_refusal_ends_one_object_alone),
	    TEST(what_a_webhook_holds_up_comes_later),
	    TEST(it_checks_nothing_that_the_plan_has_checked),
	    TEST(its_gates_are_those_that_it_was_made_with),
	    TEST(it_releases_what_the_journal_has_as_paused),
	    cmocka_unit_test(none_is_freed_as_well),
	};

	return cmocka_run_group_tests_name("kube/applier", tests, NULL, NULL);
}
