/*
 * Something is asked for again and again: after a pause that doubles up to a
 * limit, until the time is over.
 */
#ifndef STORAGE_BASE_BACKOFF_H
#define STORAGE_BASE_BACKOFF_H

#include "storage/base/clock.h"

#include <stdbool.h>

struct backoff {
	const struct clock *clock; /* borrowed */
	int64_t first_ms, most_ms;
	int64_t pause_ms; /* the next one */
	int64_t until_ms; /* of the clock's ticks */
};

/* Pauses from first_ms to most_ms; over limit_ms from now. */
struct backoff backoff_start(const struct clock *clock, int64_t first_ms,
    int64_t most_ms, int64_t limit_ms);
bool backoff_is_over(const struct backoff *b);
/* Sleeps for the next pause; false, at once, where the time is over. */
bool backoff_wait(struct backoff *b);
/* Something got through: the pauses are short again. The end stays. */
void backoff_reset(struct backoff *b);

#endif
