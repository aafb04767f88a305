/*
 * Whether a transfer gets anywhere on the whole. That bytes come at all is for
 * its stall timeout; a peer that drips a little faster than that asks for holds
 * a run for days. So after a time of grace a transfer has to have brought at
 * least PACE_FLOOR a second, which a line of 8 kbit/s does. What we took for
 * ourselves, while the peer had to wait, does not count.
 *
 * A peer of which many transfers are needed may let each of them drip within
 * its grace. So all of them together have a grace, too.
 */
#ifndef STORAGE_BASE_PACE_H
#define STORAGE_BASE_PACE_H

#include "storage/base/clock.h"
#include "storage/base/err.h"

#include <stdatomic.h>
#include <stdint.h>

enum {
	PACE_FLOOR = 1024, /* bytes a second */
	/* The grace of all transfers together, of the waiting of each: lists of
	 * 300 kinds by a server that thinks ten seconds about each do not use
	 * it up. */
	PACE_SUM_GRACE_MS = 60 * 60 * 1000,
	/* Of one that is written to: web hooks may let it think for seconds
	 * about each object, of many that are written side by side. */
	PACE_SUM_WRITING_MS = 12 * PACE_SUM_GRACE_MS
};

/* Of all transfers with one peer, which may run side by side. Zeroed, it
 * limits nothing. */
struct pace_sum {
	int64_t grace_ms; /* set before the first transfer; 0: no limit */
	_Atomic int64_t taken_ms; /* of those that ended */
	_Atomic uint64_t bytes;
};

struct pace {
	const struct clock *clock;
	int64_t began_ms, grace_ms;
	int64_t ours_ms, since_ms; /* since: of what is ours now */
	uint64_t bytes;		   /* that moved, either way */
	struct pace_sum *sum;
};

/* `sum` is borrowed until pace_end; NULL: this transfer is judged alone. */
void pace_begin(struct pace *p, const struct clock *clock, int64_t grace_ms,
    struct pace_sum *sum);
/* Before and after what is ours. */
void pace_stop(struct pace *p);
void pace_go_on(struct pace *p);
/* -1 with ERR_NETWORK where it is too slow, or all of them together are. */
int pace_check(const struct pace *p, struct err *err);
/* The transfer is over, and counts in the sum: with PACE_FLOOR bytes more than
 * moved, which are its head. */
void pace_end(struct pace *p);

#endif
