#include "tests/support/makers.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

int test_maker_setup(void **state)
{
	struct test_maker *t = mem_new(struct test_maker);

	test_plan_init(&t->plan);
	test_tree_init(&t->tree);
	t->m = (struct plan_maker){
	    .p = t->plan.p, .exclude = {.rules = &t->plan.rules}};
	pending_init(&t->m.pending, t->plan.p);
	*state = t;
	return 0;
}

int test_maker_teardown(void **state)
{
	struct test_maker *t = *state;

	pending_done(&t->m.pending);
	kinds_definitions_done(&t->m.definitions);
	test_plan_done(&t->plan);
	layers_done(&t->layers);
	test_tree_done(&t->tree);
	free(t);
	return 0;
}

void test_maker_use_layers(struct test_maker *t, const char *json)
{
	cleanup(json_freep) struct json_object *j = test_json(json);
	struct err err = ERR_INIT;

	assert_ok(layers_read(j, &t->layers, &err), err);
	t->plan.o.layers = &t->layers;
}

void test_maker_start(struct test_maker *t)
{
	t->plan.o.tree = test_tree_get(&t->tree);
}

struct plan_node *test_maker_find(const struct test_maker *t, const char *what)
{
	VEC_EACH (&t->plan.p->nodes, n) {
		cleanup(buf_done) struct buf text = BUF_INIT;

		names_describe(t->plan.p, n, &text);
		if (str_eq(buf_str(&text), what))
			return n;
	}
	return NULL;
}

void assert_nodes(const struct test_maker *t, const char *lines)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	VEC_EACH (&t->plan.p->nodes, n) {
		names_describe(t->plan.p, n, &text);
		buf_add_str(&text, n->companion ? " (companion)\n" : "\n");
	}
	assert_string_equal(buf_str(&text), lines);
}
