/*
 * A source that is read on a thread of its own, a little ahead of whoever reads
 * this one: so both work at the same time. What comes before an error is read
 * first. Its memory is wiped.
 */
#ifndef STORAGE_BASE_AHEAD_H
#define STORAGE_BASE_AHEAD_H

#include "storage/base/stream.h"

/* Owns `from`. Releasing it waits for a read that has begun. */
struct source *ahead_source(struct source *from);

#endif
