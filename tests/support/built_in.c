#include "tests/support/built_in.h"

#include "storage/base/err.h"

struct ruleset built_in = RULESET_INIT;

int built_in_set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return ruleset_init(
	    &built_in, &(struct ruleset_options){.count = 0}, &err);
}

int built_in_tear_down(void **state)
{
	(void)state;
	ruleset_done(&built_in);
	return 0;
}
