#include "storage/base/backoff.h"

struct backoff backoff_start(const struct clock *clock, int64_t first_ms,
    int64_t most_ms, int64_t limit_ms)
{
	return (struct backoff){
	    .clock = clock,
	    .first_ms = first_ms,
	    .most_ms = most_ms,
	    .pause_ms = first_ms,
	    .until_ms = clock_ticks_ms(clock) + limit_ms,
	};
}

bool backoff_is_over(const struct backoff *b)
{
	return clock_ticks_ms(b->clock) >= b->until_ms;
}

bool backoff_wait(struct backoff *b)
{
	if (backoff_is_over(b))
		return false;
	clock_sleep_ms(b->clock, b->pause_ms);
	b->pause_ms =
	    b->pause_ms * 2 < b->most_ms ? b->pause_ms * 2 : b->most_ms;
	return true;
}

void backoff_reset(struct backoff *b)
{
	b->pause_ms = b->first_ms;
}
