/*
 * A sink for what a test writes and then holds against what it expects, and a
 * source and a sink that fail where the test wants it.
 */
#ifndef TESTS_SUPPORT_SINK_H
#define TESTS_SUPPORT_SINK_H

#include "storage/base/buf.h"
#include "storage/base/stream.h"

/* Appends to a buf that it borrows; the caller's (sink_free). */
struct sink *test_sink(struct buf *to);
/* The same on a full disk: what would make the buf longer than `room` bytes is
 * ERR_SYSTEM with ENOSPC, and nothing of it is kept. */
struct sink *test_sink_full(struct buf *to, size_t room);

/* Gives memory that it borrows, at most `piece` bytes at a time, as a slow
 * connection does; then, where `breaks`, ERR_NETWORK instead of the end. */
struct source *test_source(
    const void *data, size_t len, size_t piece, bool breaks);

#endif
