/*
 * What a connection is made with, as a test gives it: a clock that stands at
 * one moment, numbers that are the same each time, and a way to stop.
 */
#ifndef TESTS_SUPPORT_ENVIRONMENT_H
#define TESTS_SUPPORT_ENVIRONMENT_H

#include "config/connect.h"
#include "storage/base/cancel.h"
#include "tests/support/test.h"

struct test_environment {
	struct test_clock clock;
	struct test_random random;
	struct cancel cancel;
	struct connect_env connect; /* of the three */
};
/* It must not be moved afterwards. */
void test_environment_init(struct test_environment *e);

#endif
