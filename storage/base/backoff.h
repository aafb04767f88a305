/*
 * Waiting between attempts: each pause is twice as long as the one before, up
 * to a limit, until the time is over.
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

/* The first pause is first_ms and the longest most_ms; the time is over
 * limit_ms from now. */
struct backoff backoff_start(const struct clock *clock, int64_t first_ms,
    int64_t most_ms, int64_t limit_ms);
bool backoff_is_over(const struct backoff *b);
/* Sleeps for the next pause. Returns false, without sleeping, if the time is
 * over. */
bool backoff_wait(struct backoff *b);
/* An attempt succeeded: the next pause is first_ms again. The time at which all
 * is over stays. */
void backoff_reset(struct backoff *b);

#endif
