/*
 * Whether a transfer gets anywhere on the whole. That bytes come at all is for
 * its stall timeout; a peer that drips a little faster than that asks for holds
 * a run for days. So after a time of grace a transfer has to have brought at
 * least PACE_FLOOR a second, which a line of 8 kbit/s does. What we took for
 * ourselves, while the peer had to wait, does not count.
 */
#ifndef STORAGE_BASE_PACE_H
#define STORAGE_BASE_PACE_H

#include "storage/base/clock.h"
#include "storage/base/err.h"

#include <stdint.h>

enum { PACE_FLOOR = 1024 /* bytes a second */ };

struct pace {
	const struct clock *clock;
	int64_t began_ms, grace_ms;
	int64_t ours_ms, since_ms; /* since: of what is ours now */
	uint64_t bytes;		   /* that moved, either way */
};

void pace_begin(struct pace *p, const struct clock *clock, int64_t grace_ms);
/* Before and after what is ours. */
void pace_stop(struct pace *p);
void pace_go_on(struct pace *p);
/* -1 with ERR_NETWORK where it is too slow. */
int pace_check(const struct pace *p, struct err *err);

#endif
