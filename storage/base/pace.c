#include "storage/base/pace.h"

void pace_begin(struct pace *p, const struct clock *clock, int64_t grace_ms,
    struct pace_sum *sum)
{
	*p = (struct pace){.clock = clock,
	    .began_ms = clock_ticks_ms(clock),
	    .grace_ms = grace_ms,
	    .sum = sum};
}

void pace_stop(struct pace *p)
{
	p->since_ms = clock_ticks_ms(p->clock);
}

void pace_go_on(struct pace *p)
{
	p->ours_ms += clock_ticks_ms(p->clock) - p->since_ms;
}

static int64_t taken_ms(const struct pace *p)
{
	return clock_ticks_ms(p->clock) - p->began_ms - p->ours_ms;
}

static int is_slow(int64_t taken, int64_t grace_ms, uint64_t bytes)
{
	uint64_t past = taken > grace_ms ? (uint64_t)(taken - grace_ms) : 0;

	return past / 1000 > bytes / PACE_FLOOR;
}

static int check_sum(
    const struct pace_sum *sum, int64_t taken, uint64_t bytes, struct err *err)
{
	taken += atomic_load(&sum->taken_ms);
	bytes += atomic_load(&sum->bytes);
	if (!sum->grace_ms || !is_slow(taken, sum->grace_ms, bytes))
		return 0;
	return err_set(err, ERR_NETWORK,
	    "%llu bytes in %lld s of waiting for all requests together: the "
	    "server is too slow, and nothing more is asked of it",
	    (unsigned long long)bytes, (long long)(taken / 1000));
}

int pace_check(const struct pace *p, struct err *err)
{
	int64_t taken = taken_ms(p);

	if (is_slow(taken, p->grace_ms, p->bytes))
		return err_set(err, ERR_NETWORK,
		    "%llu bytes in %lld s: the server is too slow, and the "
		    "transfer was ended",
		    (unsigned long long)p->bytes, (long long)(taken / 1000));
	return p->sum ? check_sum(p->sum, taken, p->bytes, err) : 0;
}

void pace_end(struct pace *p)
{
	if (!p->sum)
		return;
	atomic_fetch_add(&p->sum->taken_ms, taken_ms(p));
	atomic_fetch_add(&p->sum->bytes, p->bytes + PACE_FLOOR);
}
