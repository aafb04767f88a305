/*
 * A sink for what a test writes and then holds against what it expects.
 */
#ifndef TESTS_SUPPORT_SINK_H
#define TESTS_SUPPORT_SINK_H

#include "storage/base/buf.h"
#include "storage/base/stream.h"

/* Appends to a buf that it borrows; the caller's (sink_free). */
struct sink *test_sink(struct buf *to);

#endif
