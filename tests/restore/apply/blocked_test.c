#include "restore/apply/blocked.h"

#include "tests/support/runs.h"

static uint32_t add(struct test_run *f, const char *kind, const char *name)
{
	return test_plan_add_object(
	    &f->plan, 0, "example.org/v1", kind, "ns", name);
}

static void need(struct test_run *f, uint32_t node, uint32_t needs,
    enum edge_strength strength)
{
	graph_need(&f->plan.p->graph, node, needs, strength, false, "x");
}

/* Their outcomes are created, unless a test says another. */
static void end(struct test_run *f, uint32_t missing, enum outcome_kind kind)
{
	if (!f->running) {
		test_run_start(f);
		for (size_t i = 0; i < f->run.nodes; i++)
			f->run.outcomes[i].kind = OUTCOME_CREATED;
	}
	f->run.outcomes[missing].kind = kind;
}

/* By which node it is blocked, or -1. */
static int blocked_by(const struct test_run *f, uint32_t node)
{
	return (int)f->run.blocked[node] - 1;
}

static void what_was_not_restored_blocks_itself(void **state)
{
	static const struct {
		enum outcome_kind kind;
		bool blocks;
	} cases[] = {{OUTCOME_CREATED, false}, {OUTCOME_UPDATED, false},
	    {OUTCOME_UNCHANGED, false}, {OUTCOME_SKIPPED, false},
	    {OUTCOME_PARTIAL, false}, {OUTCOME_FAILED, true},
	    {OUTCOME_HELD, true}};
	struct test_run *f = *state;
	uint32_t node = add(f, "A", "a");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		end(f, node, cases[i].kind);
		f->run.blocked[node] = 0;
		blocked_find(&f->run);
		if ((blocked_by(f, node) == (int)node) != cases[i].blocks)
			fail_msg("%s", outcome_name(cases[i].kind));
	}
}

/* It is there, and does not know what it owns. */
static void one_without_its_status_is_not_restored(void **state)
{
	struct test_run *f = *state;
	uint32_t node = add(f, "A", "a");

	end(f, node, OUTCOME_CREATED);
	f->run.lost_status[node] = 1;
	blocked_find(&f->run);
	assert_int_equal(blocked_by(f, node), node);
}

static void who_names_it_is_blocked_by_it(void **state)
{
	struct test_run *f = *state;
	uint32_t missing = add(f, "A", "missing");
	uint32_t names = add(f, "A", "names"), needs = add(f, "A", "needs");
	uint32_t after = add(f, "A", "after"), owned = add(f, "A", "owned");
	uint32_t far = add(f, "A", "far");

	need(f, names, missing, EDGE_REFERENCE);
	need(f, needs, missing, EDGE_REQUIRED);
	need(f, after, missing, EDGE_ORDER);
	need(f, owned, missing, EDGE_OWNER);
	need(f, far, names, EDGE_REFERENCE);
	end(f, missing, OUTCOME_FAILED);
	blocked_find(&f->run);
	assert_int_equal(blocked_by(f, names), missing);
	assert_int_equal(blocked_by(f, needs), missing);
	assert_int_equal(blocked_by(f, after), -1);
	/* Nobody is harmed by an owner that is missing. */
	assert_int_equal(blocked_by(f, owned), -1);
	/* What it names is there. */
	assert_int_equal(blocked_by(f, far), -1);
}

/* One that a cycle was broken at is a need all the same. */
static void a_broken_edge_blocks_too(void **state)
{
	struct test_run *f = *state;
	uint32_t missing = add(f, "A", "missing");
	uint32_t names = add(f, "A", "names");

	need(f, names, missing, EDGE_REFERENCE);
	f->plan.p->graph.nodes.items[names].edges.items[0].broken = true;
	end(f, missing, OUTCOME_FAILED);
	blocked_find(&f->run);
	assert_int_equal(blocked_by(f, names), missing);
}

/* It would make another one, and its own owner acts through it. */
static void owners_of_it_are_blocked_up_to_the_last(void **state)
{
	struct test_run *f = *state;
	uint32_t missing = add(f, "A", "missing"), sibling = add(f, "A", "s");
	uint32_t owner = add(f, "A", "owner"), top = add(f, "A", "top");

	need(f, missing, owner, EDGE_OWNER);
	need(f, sibling, owner, EDGE_OWNER);
	need(f, owner, top, EDGE_OWNER);
	need(f, top, missing, EDGE_OWNER); /* and it ends, in a circle */
	end(f, missing, OUTCOME_FAILED);
	blocked_find(&f->run);
	assert_int_equal(blocked_by(f, owner), missing);
	assert_int_equal(blocked_by(f, top), missing);
	assert_int_equal(blocked_by(f, sibling), -1);
}

/* A controller that is held by its replicas acts on kinds, of its cluster. */
static void a_controller_is_blocked_by_what_it_acts_on(void **state)
{
	struct test_run *f = *state;
	uint32_t missing = add(f, "Cluster", "c"), other = add(f, "A", "a");
	uint32_t acts = add(f, "A", "acts"), not = add(f, "A", "not");
	uint32_t elsewhere = test_plan_add_object(
	    &f->plan, 1, "example.org/v1", "A", "ns", "elsewhere");

	test_plan_node(&f->plan, acts)->acts_on = "*.example.org";
	test_plan_node(&f->plan, not )->acts_on = "*.example.com";
	test_plan_node(&f->plan, elsewhere)->acts_on = "*.example.org";
	end(f, missing, OUTCOME_FAILED);
	blocked_find(&f->run);
	assert_int_equal(blocked_by(f, acts), missing);
	assert_int_equal(blocked_by(f, not ), -1);
	assert_int_equal(blocked_by(f, elsewhere), -1);
	assert_int_equal(blocked_by(f, other), -1);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, test_run_setup, test_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_not_restored_blocks_itself),
	    TEST(one_without_its_status_is_not_restored),
	    TEST(who_names_it_is_blocked_by_it),
	    TEST(a_broken_edge_blocks_too),
	    TEST(owners_of_it_are_blocked_up_to_the_last),
	    TEST(a_controller_is_blocked_by_what_it_acts_on),
	};

	return cmocka_run_group_tests_name("apply/blocked", tests, NULL, NULL);
}
