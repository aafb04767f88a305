/* A plan in the language of Graphviz. */
#include "restore/plan/print_dot.h"

#include "storage/base/cleanup.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

static int set_up(void **state)
{
	struct test_plan *t = mem_new(struct test_plan);

	test_plan_init(t);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	test_plan_done(*state);
	free(*state);
	return 0;
}

static void draw(struct test_plan *t, struct buf *out)
{
	struct pieces to = {.take = test_take, .ctx = out};

	graph_order(&t->p->graph);
	print_dot(t->p, &to);
	pieces_end(&to);
}

static void each_node_is_drawn_as_what_it_is(void **state)
{
	struct test_plan *t = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;
	uint32_t git = test_plan_add_git(t, "team/web");
	uint32_t map = test_plan_add_object(t, 0, "v1", "ConfigMap", "ns", "m");

	test_plan_add_state(t, "b/k");
	graph_need(
	    &t->p->graph, map, git, EDGE_REFERENCE, true, "spec.sourceRef");
	draw(t, &out);
	assert_string_equal(buf_str(&out),
	    "digraph plan {\n"
	    "\tlabel=\"s\";\n"
	    "\trankdir=LR;\n"
	    "\tnode [fontname=\"sans-serif\"];\n"
	    "\tsubgraph layer0 {\n"
	    "\t\tn0 [label=\"repository team/web\", tooltip=\"level 1, push\", "
	    "shape=folder];\n"
	    "\t\tn2 [label=\"state b/k\", tooltip=\"level 1, write\", "
	    "shape=cylinder];\n"
	    "\t\tn1 [label=\"ConfigMap ns/m\", tooltip=\"level 2, create\", "
	    "shape=box];\n"
	    "\t}\n"
	    "\tn0 -> n1 [tooltip=\"spec.sourceRef\", style=dashed];\n"
	    "}\n");
}

static void what_is_not_restored_is_seen_at_once(void **state)
{
	struct test_plan *t = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;
	uint32_t left = test_plan_add_git(t, "left");
	uint32_t cannot = test_plan_add_git(t, "cannot");

	test_plan_node(t, left)->action = PLAN_EXCLUDE;
	test_plan_node(t, left)->reason = str_dup("made again");
	test_plan_node(t, cannot)->action = PLAN_CANNOT;
	draw(t, &out);
	assert_contains(buf_str(&out),
	    "tooltip=\"level 1, exclude: made again\", style=dashed, "
	    "color=gray, fontcolor=gray];\n");
	assert_contains(buf_str(&out),
	    "tooltip=\"level 1, CANNOT\", style=bold, color=red, "
	    "fontcolor=red];\n");
}

/* How strongly something is needed, and where a cycle was broken. */
static void each_edge_is_drawn_as_strong_as_it_is(void **state)
{
	struct test_plan *t = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;
	uint32_t a = test_plan_add_git(t, "a"), b = test_plan_add_git(t, "b");

	graph_need(&t->p->graph, a, b, EDGE_REQUIRED, true, "required");
	graph_need(&t->p->graph, b, a, EDGE_ORDER, false, "order");
	draw(t, &out);
	assert_contains(
	    buf_str(&out), "\tn1 -> n0 [tooltip=\"required\", style=solid];\n");
	assert_contains(buf_str(&out),
	    "\tn0 -> n1 [tooltip=\"order\", style=dotted, color=red, "
	    "constraint=false];\n");
}

static void a_barrier_is_a_point_in_no_layer(void **state)
{
	struct test_plan *t = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct plan_node *n = vec_add(&t->p->nodes);

	n->kind = PLAN_BARRIER;
	n->name = *vec_add(&t->p->texts) = str_dup("barrier");
	graph_add_barrier(&t->p->graph, n->name);
	draw(t, &out);
	assert_contains(
	    buf_str(&out), "\tsubgraph layer0 {\n\t}\n\tn0 [shape=point];\n");
}

/* What is in a snapshot must not end a string, or be read as an escape. */
static void names_of_any_characters_stay_text(void **state)
{
	struct test_plan *t = *state;
	cleanup(buf_done) struct buf out = BUF_INIT;

	t->o.snapshot = "x\"];\n&lt;\\N";
	test_plan_add_git(t, "a\\l\"\x1b[2J");
	draw(t, &out);
	assert_contains(buf_str(&out), "\tlabel=\"x\\\"];");
	assert_contains(buf_str(&out), "&amp;lt;\\\\N\";\n");
	assert_contains(buf_str(&out), "[label=\"repository a\\\\l\\\"");
	assert_null(strchr(buf_str(&out), '\x1b'));
	assert_null(strstr(buf_str(&out), "];\n&"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_node_is_drawn_as_what_it_is),
	    TEST(what_is_not_restored_is_seen_at_once),
	    TEST(each_edge_is_drawn_as_strong_as_it_is),
	    TEST(a_barrier_is_a_point_in_no_layer),
	    TEST(names_of_any_characters_stay_text),
	};

	return cmocka_run_group_tests_name("print_dot", tests, NULL, NULL);
}
