/*
 * References of an object (restore/objects/references.h) as lines of text.
 */
#ifndef TESTS_SUPPORT_REFERENCES_H
#define TESTS_SUPPORT_REFERENCES_H

#include "restore/objects/collector.h"

/* A references_fn: appends to a struct strvec "Kind.group ns/name", with '!'
 * where it holds and '+' where it must be ready. */
void references_line(void *lines, const struct reference *r);

/* That `collect` finds exactly this of the object, in order and separated by
 * ", ". */
void assert_collects(void (*collect)(struct collector *t), const char *object,
    const char *expected);

#endif
