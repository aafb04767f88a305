/*
 * A stage between two sinks that lets both work at the same time: a thread of
 * its own passes what is written on to the next sink, a few pieces behind. An
 * error of the next sink is returned by a later write, or by finish. Nothing is
 * lost: finish returns only when the next sink has finished.
 */
#ifndef STORAGE_BASE_RELAY_H
#define STORAGE_BASE_RELAY_H

#include "storage/base/stream.h"

/* Owns the next sink. It holds at most 4 MiB of what the next sink has not
 * received yet. */
struct sink *relay_sink(struct sink *next);

#endif
