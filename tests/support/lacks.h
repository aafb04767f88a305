/*
 * What a snapshot lacks, as a test expects it.
 */
#ifndef TESTS_SUPPORT_LACKS_H
#define TESTS_SUPPORT_LACKS_H

#include "agent/closure/closure.h"

/* Fails unless the closure lacks that: "missing: WHAT" or "outside: WHAT", a
 * line each. */
void test_assert_lacks(struct closure *c, const char *want);

#endif
