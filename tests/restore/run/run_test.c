/* The state of one running restore. */
#include "restore/run/run.h"

#include "tests/support/runs.h"

#include <stdlib.h>

static struct run *start(void **state, int nodes)
{
	static const char *const names[] = {"a", "b", "c"};
	struct test_run *t = *state;

	for (int i = 0; i < nodes; i++)
		test_plan_add_object(
		    &t->plan, 0, "v1", "ConfigMap", "ns", names[i]);
	test_run_start(t);
	return &t->run;
}

static void it_begins_with_nothing_done(void **state)
{
	struct run *r = start(state, 3);

	assert_int_equal(r->nodes, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(r->outcomes[i].kind, OUTCOME_PENDING);
		assert_int_equal(r->gates[i], GATE_UNKNOWN);
		assert_int_equal(r->postponed[i], POSTPONED_NOT);
		assert_int_equal(r->blocked[i], 0);
	}
	assert_int_equal(r->report->items.len, 0);
	assert_false(run_must_stop(r));
	assert_null(run_before(r, 0));
}

/* A release has none. */
static void it_may_be_of_no_node(void **state)
{
	struct run *r = start(state, 0);

	assert_int_equal(r->nodes, 0);
	assert_null(run_before(r, 0));
}

static void options_have_defaults(void **state)
{
	struct test_run *t = *state;
	struct run *r = start(state, 1);
	struct test_clock clock;

	assert_int_equal(run_in_flight(r), 16);
	assert_int_equal(run_gate_timeout_ms(r), 5 * 60 * 1000);
	assert_ptr_equal(run_clock(r), clock_system());
	test_clock_init(&clock, 1700000000000);
	t->o.in_flight = 3;
	t->o.gate_timeout_ms = 250;
	t->o.clock = &clock.clock;
	assert_int_equal(run_in_flight(r), 3);
	assert_int_equal(run_gate_timeout_ms(r), 250);
	assert_ptr_equal(run_clock(r), &clock.clock);
	int64_t before = run_ticks_ms(r);
	clock.now_ms += 40;
	assert_int_equal(run_ticks_ms(r) - before, 40);
}

/* What follows from it says less. */
static void the_first_failure_is_the_one(void **state)
{
	struct run *r = start(state, 1);
	struct err first = ERR_INIT, second = ERR_INIT;

	err_set(&first, ERR_SYSTEM, "the disk is full");
	err_set(&second, ERR_NETWORK, "the line is down");
	run_fail(r, &first);
	assert_true(run_must_stop(r));
	run_fail(r, &second);
	assert_int_equal(r->failure.code, ERR_SYSTEM);
	assert_string_equal(r->failure.message, "the disk is full");
}

static void a_request_stops_it(void **state)
{
	struct test_run *t = *state;
	struct cancel stop = {0};
	struct run *r = start(state, 1);

	t->o.cancel = &stop;
	assert_false(run_must_stop(r));
	cancel_request(&stop);
	assert_true(run_must_stop(r));
	assert_int_equal(r->failure.code, ERR_NONE);
}

/* Of all nodes, or of one beside others that are written. */
static void a_node_may_be_dry(void **state)
{
	struct test_run *t = *state;
	struct run *r = start(state, 2);

	r->dry[1] = 1;
	assert_false(run_is_dry(r, 0));
	assert_true(run_is_dry(r, 1));
	t->o.dry_run = true;
	assert_true(run_is_dry(r, 0));
}

static void a_dry_run_is_reported_as_one(void **state)
{
	struct test_run *t = *state;

	t->o.dry_run = true;
	assert_true(start(state, 1)->report->dry_run);
}

static void what_an_earlier_run_wrote_is_in_the_journal(void **state)
{
	struct test_run *t = *state;
	struct run *r = start(state, 2);
	char *dir = test_dir_make();
	const struct journal_options o = {.dir = dir,
	    .snapshot = "s",
	    .digest = "d",
	    .nodes = 2,
	    .clock = clock_system()};
	struct err err = ERR_INIT;

	(void)t;
	r->journal = journal_open(&o, &err);
	assert_non_null(r->journal);
	assert_ok(journal_begin(r->journal, 1, "u", &err), err);
	journal_close(r->journal);
	struct journal_options again = o;
	again.resume = true;
	r->journal = journal_open(&again, &err);
	assert_non_null(r->journal);
	assert_true(run_before(r, 1)->begun);
	assert_false(run_before(r, 1)->ended);
	assert_string_equal(run_before(r, 1)->live_uid, "u");
	const struct journal_node *other = run_before(r, 0);
	assert_true(!other || !other->begun);
	assert_null(run_before(r, 2));
	test_dir_remove(dir);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, test_run_setup, test_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_begins_with_nothing_done),
	    TEST(it_may_be_of_no_node),
	    TEST(options_have_defaults),
	    TEST(the_first_failure_is_the_one),
	    TEST(a_request_stops_it),
	    TEST(a_node_may_be_dry),
	    TEST(a_dry_run_is_reported_as_one),
	    TEST(what_an_earlier_run_wrote_is_in_the_journal),
	};

	return cmocka_run_group_tests_name("run/run", tests, NULL, NULL);
}
