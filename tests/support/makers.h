/*
 * The making of a plan (restore/plan/maker.h) in the middle of reading a tree:
 * a plan without nodes (plans.h), and entries that a test adds (trees.h).
 */
#ifndef TESTS_SUPPORT_MAKERS_H
#define TESTS_SUPPORT_MAKERS_H

#include "restore/plan/maker.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"
#include "tests/support/trees.h"

struct test_maker {
	struct test_plan plan;
	struct test_tree tree;
	struct plan_maker m;
	struct layers layers;
};
/* A test's setup and teardown: *state is one. */
int test_maker_setup(void **state);
int test_maker_teardown(void **state);

/* The platform has these layers, as a manifest has them. */
void test_maker_use_layers(struct test_maker *t, const char *json);
/* Once all entries are there: the options have their tree. */
void test_maker_start(struct test_maker *t);

/* The node that people are told of so ("ConfigMap team/a"), or NULL. */
struct plan_node *test_maker_find(const struct test_maker *t, const char *what);
/* That these are all nodes, in order, a line each; one that is a companion
 * with " (companion)". */
void assert_nodes(const struct test_maker *t, const char *lines);

#endif
