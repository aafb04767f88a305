/* Which nodes are waited for, and what becomes of their gates. */
#include "restore/apply/gate.h"

#include "tests/support/runs.h"

#include <stdlib.h>

enum { MOST = 8 };

/* Drivers that answer as the test says, by node. */
struct fixture {
	struct test_run *t;
	enum gate_state answers[MOST];
	atomic_int asked[MOST];
	struct apply_driver driver, other;
	const struct apply_driver *drivers[PLAN_BARRIER];
	struct level_engine e;
};

static enum gate_state ready(void *ctx, uint32_t node)
{
	struct fixture *f = ctx;

	atomic_fetch_add(&f->asked[node], 1);
	return f->answers[node];
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	void *run;

	test_run_setup(&run);
	f->t = run;
	f->driver = (struct apply_driver){.ctx = f, .ready = ready};
	f->drivers[PLAN_KUBE] = &f->driver;
	f->drivers[PLAN_STATE] = &f->other; /* it has nothing to wait for */
	for (int i = 0; i < MOST; i++)
		f->answers[i] = GATE_PASSED;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	void *run = f->t;

	test_run_teardown(&run);
	free(f);
	return 0;
}

/* Objects named by their numbers. */
static void add_objects(struct fixture *f, int count)
{
	static const char *const names[] = {
	    "a", "b", "c", "d", "e", "f", "g", "h"};

	for (int i = 0; i < count; i++)
		test_plan_add_object(
		    &f->t->plan, 0, "v1", "ConfigMap", "ns", names[i]);
}

static void start(struct fixture *f)
{
	test_run_start(f->t);
	f->e.run = &f->t->run;
	f->e.drivers = f->drivers;
}

static void a_gate_is_what_the_driver_says(void **state)
{
	static const uint32_t nodes[] = {0, 2};
	struct fixture *f = *state;

	add_objects(f, 3);
	start(f);
	f->answers[2] = GATE_FAILED;
	f->t->run.outcomes[0].kind = OUTCOME_CREATED;
	f->t->run.outcomes[2].kind = OUTCOME_UNCHANGED;
	gate_wait(&f->e, nodes, 2);
	assert_int_equal(f->t->run.gates[0], GATE_PASSED);
	assert_int_equal(f->t->run.gates[2], GATE_FAILED);
	/* Nobody asked for the one between. */
	assert_int_equal(f->t->run.gates[1], GATE_UNKNOWN);
	assert_int_equal(f->asked[0], 1);
	assert_int_equal(f->asked[1], 0);
	assert_int_equal(f->asked[2], 1);
}

/* It would never become ready; of what is there in part, the rest may. */
static void only_what_is_there_is_waited_for(void **state)
{
	static const struct {
		enum outcome_kind kind;
		bool asked;
	} rows[] = {{OUTCOME_CREATED, true}, {OUTCOME_UPDATED, true},
	    {OUTCOME_PARTIAL, true}, {OUTCOME_SKIPPED, true},
	    {OUTCOME_FAILED, false}, {OUTCOME_HELD, false},
	    {OUTCOME_PENDING, false}};
	static const uint32_t nodes[] = {0, 1, 2, 3, 4, 5, 6};
	struct fixture *f = *state;

	add_objects(f, 7);
	start(f);
	for (size_t i = 0; i < 7; i++)
		f->t->run.outcomes[i].kind = rows[i].kind;
	gate_wait(&f->e, nodes, 7);
	for (size_t i = 0; i < 7; i++)
		if (f->asked[i] != rows[i].asked ||
		    f->t->run.gates[i] !=
			(rows[i].asked ? GATE_PASSED : GATE_FAILED))
			fail_msg("%s", outcome_name(rows[i].kind));
}

static void what_has_no_readiness_is_ready(void **state)
{
	static const uint32_t nodes[] = {0, 1, 2};
	struct fixture *f = *state;

	test_plan_add_git(&f->t->plan, "r"); /* no driver at all */
	test_plan_add_state(&f->t->plan, "b/k");
	test_plan_add_object(&f->t->plan, 0, "v1", "ConfigMap", "ns", "a");
	test_plan_node(&f->t->plan, 2)->kind = PLAN_BARRIER;
	start(f);
	f->t->run.outcomes[0].kind = OUTCOME_FAILED;
	gate_wait(&f->e, nodes, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(f->t->run.gates[i], GATE_PASSED);
	assert_int_equal(f->asked[2], 0);
}

static void all_are_waited_for_whatever_one_says(void **state)
{
	static const uint32_t nodes[] = {7, 6, 5, 4, 3, 2, 1, 0};
	struct fixture *f = *state;

	f->t->o.in_flight = 2;
	add_objects(f, MOST);
	start(f);
	for (int i = 0; i < MOST; i++) {
		f->t->run.outcomes[i].kind = OUTCOME_CREATED;
		f->answers[i] = i % 2 ? GATE_PASSED : GATE_FAILED;
	}
	gate_wait(&f->e, nodes, MOST);
	for (int i = 0; i < MOST; i++) {
		assert_int_equal(f->t->run.gates[i], f->answers[i]);
		assert_int_equal(f->asked[i], 1);
	}
	gate_wait(&f->e, NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_gate_is_what_the_driver_says),
	    TEST(only_what_is_there_is_waited_for),
	    TEST(what_has_no_readiness_is_ready),
	    TEST(all_are_waited_for_whatever_one_says),
	};

	return cmocka_run_group_tests_name("apply/gate", tests, NULL, NULL);
}
