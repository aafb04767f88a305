#include "config/retention/retention.h"

#include "storage/base/cleanup.h"
#include "storage/base/zone.h"

#include <stdlib.h>
#include <time.h>

/* The moments at which the offset changes, over all the time that snapshots
 * can be of. Asked of the C library once, since its own interface for zones
 * is one for the whole process. */
struct change {
	int64_t from; /* seconds */
	int32_t offset;
};
VEC_DEFINE(changes, struct change);

struct retention_zone {
	struct changes changes; /* the first holds for all before it, too */
};

enum { STEP_S = 3 * 86400 };
static const int64_t first_time = 0, last_time = 4133980800; /* 2101 */

static int32_t local_offset(int64_t time)
{
	time_t t = (time_t)time;
	struct tm tm;

	return localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

/* The first second with the later offset, between two that differ. */
static int64_t find_change(int64_t before, int64_t after)
{
	int32_t offset = local_offset(before);

	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;
		if (local_offset(middle) == offset)
			before = middle;
		else
			after = middle;
	}
	return after;
}

static void add_change(struct retention_zone *z, int64_t from, int32_t offset)
{
	struct change *c = vec_add(&z->changes);

	c->from = from;
	c->offset = offset;
}

static void read_changes(struct retention_zone *z)
{
	int32_t last = local_offset(first_time);

	add_change(z, first_time, last);
	for (int64_t t = first_time; t < last_time; t += STEP_S) {
		int32_t offset = local_offset(t + STEP_S);
		if (offset == last)
			continue;
		add_change(z, find_change(t, t + STEP_S), offset);
		last = offset;
	}
}

struct retention_zone *retention_zone_open(const char *name, struct err *err)
{
	autofree char *value = str_printf(":%s", name);
	autofree char *old = str_dup(getenv("TZ"));

	/* A name that the library does not know would silently be UTC. */
	if (!zone_is_known(name)) {
		err_set(err, ERR_USAGE,
		    "there is no time zone '%s' on this machine (package "
		    "tzdata)",
		    name);
		return NULL;
	}
	struct retention_zone *z = mem_new(struct retention_zone);
	setenv("TZ", value, 1);
	tzset();
	read_changes(z);
	if (old)
		setenv("TZ", old, 1);
	else
		unsetenv("TZ");
	tzset();
	return z;
}

void retention_zone_free(struct retention_zone *z)
{
	if (!z)
		return;
	vec_done(&z->changes);
	free(z);
}

void retention_zone_freep(struct retention_zone **z)
{
	retention_zone_free(*z);
}

int32_t retention_zone_offset(const struct retention_zone *z, int64_t time)
{
	size_t low = 0, high = z->changes.len;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (z->changes.items[middle].from <= time)
			low = middle;
		else
			high = middle;
	}
	return z->changes.items[low].offset;
}
