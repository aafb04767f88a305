#include "storage/base/pace.h"

void pace_begin(struct pace *p, const struct clock *clock, int64_t grace_ms)
{
	*p = (struct pace){.clock = clock,
	    .began_ms = clock_ticks_ms(clock),
	    .grace_ms = grace_ms};
}

void pace_stop(struct pace *p)
{
	p->since_ms = clock_ticks_ms(p->clock);
}

void pace_go_on(struct pace *p)
{
	p->ours_ms += clock_ticks_ms(p->clock) - p->since_ms;
}

int pace_check(const struct pace *p, struct err *err)
{
	int64_t taken = clock_ticks_ms(p->clock) - p->began_ms - p->ours_ms;
	uint64_t past =
	    taken > p->grace_ms ? (uint64_t)(taken - p->grace_ms) : 0;

	if (past / 1000 <= p->bytes / PACE_FLOOR)
		return 0;
	return err_set(err, ERR_NETWORK,
	    "%llu bytes in %lld s: the server is too slow, and the transfer "
	    "was ended",
	    (unsigned long long)p->bytes, (long long)(taken / 1000));
}
