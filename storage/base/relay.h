/*
 * A stage between two sinks that lets both work at once: what is written to it
 * is handed to the next one on a thread of its own, a few pieces behind. An
 * error of the next one comes with a later write, or with finish; nothing is
 * lost between: finish is finished only when the next one is.
 */
#ifndef STORAGE_BASE_RELAY_H
#define STORAGE_BASE_RELAY_H

#include "storage/base/stream.h"

/* Owns the next one. It holds up to 4 MiB: what the next one is
 * behind, and not more. */
struct sink *relay_sink(struct sink *next);

#endif
