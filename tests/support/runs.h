/*
 * A restore (restore/run/run.h) of a plan that a test makes (plans.h), with no
 * target: for tests of what is made of the outcomes of its nodes.
 */
#ifndef TESTS_SUPPORT_RUNS_H
#define TESTS_SUPPORT_RUNS_H

#include "restore/run/run.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

struct test_run {
	struct test_plan plan;
	struct run_options o;
	struct run run; /* from test_run_start on */
	bool running;
};
/* A test's setup and teardown: *state is one. */
int test_run_setup(void **state);
int test_run_teardown(void **state);
/* Once all nodes are there. */
void test_run_start(struct test_run *t);

#endif
