/*
 * Facts of an entry (storage/archive/facts.h), as JSON text.
 */
#ifndef TESTS_SUPPORT_FACTS_H
#define TESTS_SUPPORT_FACTS_H

#include "storage/archive/facts.h"

/* The caller's; NULL: none. A text that is no JSON fails the test. */
struct facts test_facts(const char *text);
void assert_facts(const struct facts *f, const char *expected);

#endif
