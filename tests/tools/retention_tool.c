/*
 * Plans the retention of many snapshots, for scripts/bench.d/retention.
 *     retention_tool SNAPSHOTS PLANS
 */
#include "config/retention/retention.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOUR_S = 3600, LABEL = 24 };

int main(int argc, char **argv)
{
	const struct retention_policy policy = {.keep_last = 10,
	    .keep_hourly = 48,
	    .keep_daily = 30,
	    .keep_weekly = 26,
	    .keep_monthly = 24,
	    .keep_yearly = 10,
	    .keep_within_s = 7 * 24 * HOUR_S};
	struct err err = ERR_INIT;
	size_t kept = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: retention_tool SNAPSHOTS PLANS\n");
		return 2;
	}
	size_t count = strtoul(argv[1], NULL, 10);
	unsigned long plans = strtoul(argv[2], NULL, 10);
	cleanup(retention_zone_freep) struct retention_zone *zone =
	    retention_zone_open("Europe/Berlin", &err);
	autofree struct retention_item *items =
	    mem_resize(NULL, count, sizeof(*items));
	autofree char *labels = mem_resize(NULL, count, LABEL);
	int64_t start = clock_ticks_ms(clock_system());

	for (unsigned long n = 0; zone && n < plans; n++) {
		/* One an hour, not in order; every ninth is partial. */
		for (size_t i = 0; i < count; i++) {
			char *label = labels + i * LABEL;
			snprintf(label, LABEL, "s%08zu", i);
			items[i] = (struct retention_item){.label = label,
			    .time = 1800000000 -
				    (int64_t)(i * 7919 % count) * HOUR_S,
			    .partial = i % 9 == 0};
		}
		if (retention_plan(
			items, count, &policy, zone, 1800000001, &err))
			break;
		for (size_t i = 0; i < count; i++)
			kept += items[i].keep;
	}
	if (err.code != ERR_NONE) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	double seconds =
	    (double)(clock_ticks_ms(clock_system()) - start) / 1000;
	printf("%zu %lu %.3f %zu\n", count, plans, seconds, kept);
	return 0;
}
