#include "tests/support/environment.h"

void test_environment_init(struct test_environment *e)
{
	test_clock_init(&e->clock, 1700000000000);
	test_random_init(&e->random, 3);
	e->connect = (struct connect_env){.clock = &e->clock.clock,
	    .random = &e->random.random,
	    .cancel = &e->cancel};
}
