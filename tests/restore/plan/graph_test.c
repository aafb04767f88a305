#include "restore/plan/graph.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static void need(
    struct graph *g, uint32_t node, uint32_t needs, enum edge_strength strength)
{
	graph_need(g, node, needs, strength, false, "test");
}

/* "a,b|c" for the levels, in order. */
static void assert_levels(struct graph *g, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	graph_order(g);
	for (uint32_t level = 0; level < g->levels; level++) {
		if (level)
			buf_add_char(&out, '|');
		for (uint32_t i = g->level_start[level];
		     i < g->level_start[level + 1]; i++) {
			if (i > g->level_start[level])
				buf_add_char(&out, ',');
			buf_add_str(&out, g->nodes.items[g->order[i]].key);
		}
	}
	assert_string_equal(buf_str(&out), expected);
}

static void puts_what_is_needed_first(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t a = graph_add(&g, "a-workload", 5);
	uint32_t c = graph_add(&g, "c-namespace", 1);
	uint32_t b = graph_add(&g, "b-secret", 3);
	uint32_t z = graph_add(&g, "z-definition", 0);

	(void)state;
	need(&g, a, b, EDGE_REFERENCE);
	need(&g, a, c, EDGE_REQUIRED);
	need(&g, b, c, EDGE_REQUIRED);
	(void)z;
	assert_levels(&g, "z-definition,c-namespace|b-secret|a-workload");
	assert_int_equal(g.broken.len, 0);
}

static void an_empty_graph_has_no_levels(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;

	(void)state;
	assert_levels(&g, "");
	assert_int_equal(g.levels, 0);
}

static void ranks_decide_only_within_a_level(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t late = graph_add(&g, "late", 9);
	uint32_t early = graph_add(&g, "early", 1);
	graph_add(&g, "b", 4);
	graph_add(&g, "a", 4);

	(void)state;
	need(&g, early, late, EDGE_ORDER);
	assert_levels(&g, "a,b,late|early");
}

static void breaks_a_cycle_at_its_weakest_edge(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t a = graph_add(&g, "a", 0);
	uint32_t b = graph_add(&g, "b", 0);
	uint32_t c = graph_add(&g, "c", 0);

	(void)state;
	need(&g, a, b, EDGE_REQUIRED);
	need(&g, b, c, EDGE_REFERENCE);
	need(&g, c, a, EDGE_OWNER);
	assert_levels(&g, "b|a|c");
	assert_int_equal(g.broken.len, 1);
	assert_int_equal(g.broken.items[0].node, b);
	assert_int_equal(g.broken.items[0].needs, c);
}

static void breaks_each_of_several_cycles_once(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t n[6];
	static const char *const keys[] = {"0", "1", "2", "3", "4", "5"};

	(void)state;
	for (int i = 0; i < 6; i++)
		n[i] = graph_add(&g, keys[i], 0);
	/* 0 <-> 1 and 1 <-> 2 share a node; 3 -> 4 -> 5 -> 3 stands alone. */
	need(&g, n[0], n[1], EDGE_OWNER);
	need(&g, n[1], n[0], EDGE_REFERENCE);
	need(&g, n[1], n[2], EDGE_OWNER);
	need(&g, n[2], n[1], EDGE_REFERENCE);
	need(&g, n[3], n[4], EDGE_ORDER);
	need(&g, n[4], n[5], EDGE_HOLDS);
	need(&g, n[5], n[3], EDGE_HOLDS);
	assert_levels(&g, "2,3|1,5|0,4");
	assert_int_equal(g.broken.len, 3);
}

static void does_not_depend_on_the_order_of_edges(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		cleanup(graph_done) struct graph g = GRAPH_INIT;
		uint32_t a = graph_add(&g, "a", 0);
		uint32_t b = graph_add(&g, "b", 0);

		if (turn) {
			need(&g, a, b, EDGE_REFERENCE);
			need(&g, b, a, EDGE_REFERENCE);
		} else {
			need(&g, b, a, EDGE_REFERENCE);
			need(&g, a, b, EDGE_REFERENCE);
		}
		assert_levels(&g, "b|a");
		assert_int_equal(g.broken.items[0].node, b);
	}
}

static void a_node_does_not_need_itself(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t a = graph_add(&g, "a", 0);

	(void)state;
	need(&g, a, a, EDGE_REQUIRED);
	assert_levels(&g, "a");
	assert_int_equal(g.broken.len, 0);
}

static void of_two_edges_the_stronger_stays(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t a = graph_add(&g, "a", 0);
	uint32_t b = graph_add(&g, "b", 0);

	(void)state;
	graph_need(&g, a, b, EDGE_ORDER, true, "one");
	graph_need(&g, a, b, EDGE_HOLDS, false, "two");
	graph_order(&g);
	assert_int_equal(g.nodes.items[a].edges.len, 1);
	assert_int_equal(g.nodes.items[a].edges.items[0].strength, EDGE_HOLDS);
	assert_true(g.nodes.items[a].edges.items[0].ready);
}

static void a_barrier_takes_no_level(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t hook = graph_add(&g, "a-hook", 0);
	uint32_t all = graph_add_barrier(&g, "all");
	uint32_t deep = graph_add(&g, "deep", 1);
	uint32_t first = graph_add(&g, "first", 1);

	(void)state;
	need(&g, hook, all, EDGE_ORDER);
	need(&g, all, deep, EDGE_MEMBER);
	need(&g, all, first, EDGE_MEMBER);
	need(&g, deep, first, EDGE_OWNER);
	assert_levels(&g, "first|all,deep|a-hook");
}

/* What must come after the hook leaves the barrier before it. */
static void a_barrier_lets_go_first(void **state)
{
	cleanup(graph_done) struct graph g = GRAPH_INIT;
	uint32_t hook = graph_add(&g, "hook", 0);
	uint32_t all = graph_add_barrier(&g, "all");
	uint32_t rule = graph_add(&g, "rule", 0);
	uint32_t other = graph_add(&g, "other", 0);

	(void)state;
	need(&g, hook, all, EDGE_ORDER);
	need(&g, all, rule, EDGE_MEMBER);
	need(&g, all, other, EDGE_MEMBER);
	need(&g, rule, hook, EDGE_ORDER);
	assert_levels(&g, "all,other|hook|rule");
	assert_int_equal(g.broken.items[0].strength, EDGE_MEMBER);
}

/* A chain as long as a snapshot must not use up the stack. */
static void a_long_chain_and_a_long_cycle(void **state)
{
	enum { LENGTH = 200000 };

	(void)state;
	for (int cycle = 0; cycle < 2; cycle++) {
		cleanup(graph_done) struct graph g = GRAPH_INIT;

		for (int i = 0; i < LENGTH; i++)
			graph_add(&g, "n", 0);
		for (uint32_t i = 1; i < LENGTH; i++)
			need(&g, i, i - 1, EDGE_OWNER);
		if (cycle)
			need(&g, 0, LENGTH - 1, EDGE_REFERENCE);
		graph_order(&g);
		assert_int_equal(g.levels, LENGTH);
		assert_int_equal(g.broken.len, cycle);
	}
}

/* Edges with one reason share it, whoever keeps its text. */
static void each_edge_has_its_reason(void **state)
{
	struct graph g = GRAPH_INIT;
	char again[] = "owner";
	uint32_t a = graph_add(&g, "a", 0);
	uint32_t b = graph_add(&g, "b", 0);
	uint32_t c = graph_add(&g, "c", 0);

	(void)state;
	graph_need(&g, a, b, EDGE_OWNER, false, "owner");
	graph_need(&g, a, c, EDGE_REFERENCE, false, "spec.sourceRef");
	graph_need(&g, b, c, EDGE_OWNER, false, again);
	graph_order(&g);
	assert_string_equal(
	    graph_reason(&g, &g.nodes.items[a].edges.items[0]), "owner");
	assert_string_equal(graph_reason(&g, &g.nodes.items[a].edges.items[1]),
	    "spec.sourceRef");
	assert_string_equal(
	    graph_reason(&g, &g.nodes.items[b].edges.items[0]), "owner");
	assert_int_equal(g.reasons.len, 2);
	graph_done(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_edge_has_its_reason),
	    cmocka_unit_test(puts_what_is_needed_first),
	    cmocka_unit_test(an_empty_graph_has_no_levels),
	    cmocka_unit_test(ranks_decide_only_within_a_level),
	    cmocka_unit_test(breaks_a_cycle_at_its_weakest_edge),
	    cmocka_unit_test(breaks_each_of_several_cycles_once),
	    cmocka_unit_test(does_not_depend_on_the_order_of_edges),
	    cmocka_unit_test(a_node_does_not_need_itself),
	    cmocka_unit_test(of_two_edges_the_stronger_stays),
	    cmocka_unit_test(a_barrier_takes_no_level),
	    cmocka_unit_test(a_barrier_lets_go_first),
	    cmocka_unit_test(a_long_chain_and_a_long_cycle),
	};

	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
