/*
 * A stage between two sinks that lets both work at the same time: a thread of
 * its own passes what is written on to the next sink, a few pieces behind. An
 * error of the next sink is returned by a later write, or by finish. Nothing is
 * lost: finish returns only when the next sink has finished.
 */
#ifndef STORAGE_BASE_RELAY_H
#define STORAGE_BASE_RELAY_H

#include "storage/base/stream.h"

/* How much it holds of what the next sink has not received yet, in bytes:
 * enough that the writer does not have to wait for something that costs it next
 * to nothing, such as a file that is stored uncompressed; or, before a stage
 * that only writes, enough for both to work. */
enum { RELAY_AHEAD = 4 << 20, RELAY_BESIDE = 1 << 20 };

/* Owns the next sink, and holds at most so much, one of the two above. */
struct sink *relay_sink(struct sink *next, size_t held);

#endif
