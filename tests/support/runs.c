#include "tests/support/runs.h"

#include "storage/base/mem.h"

#include <stdlib.h>

int test_run_setup(void **state)
{
	struct test_run *t = mem_new(struct test_run);

	test_plan_init(&t->plan);
	*state = t;
	return 0;
}

int test_run_teardown(void **state)
{
	struct test_run *t = *state;

	if (t->running)
		run_done(&t->run);
	test_plan_done(&t->plan);
	free(t);
	return 0;
}

void test_run_start(struct test_run *t)
{
	run_init(&t->run, t->plan.p, t->plan.p->nodes.len, &t->o);
	t->running = true;
}
