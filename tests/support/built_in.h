/*
 * The built-in rules (restore/objects/rules.h), for tests of what uses them.
 */
#ifndef TESTS_SUPPORT_BUILT_IN_H
#define TESTS_SUPPORT_BUILT_IN_H

#include "restore/objects/ruleset.h"

extern struct ruleset built_in;

/* Setup and teardown of a group of tests. */
int built_in_set_up(void **state);
int built_in_tear_down(void **state);

#endif
