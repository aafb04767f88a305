#include "config/schema/unit.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

struct unit {
	const char *name;
	uint64_t size;
};
static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {"w", 7 * 86400000ULL}, {NULL, 0}};
static const struct unit sizes[] = {{"B", 1}, {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}, {NULL, 0}};
static const struct unit shares[] = {{"%", 1}, {NULL, 0}};

static int parse(
    const char *text, const struct unit *units, uint64_t max, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	autofree char *number = str_ndup(text, digits);
	const char *name = text + digits;
	uint64_t value;

	if (str_parse_u64(number, max, &value))
		return -1;
	name += *name == ' ';
	if (value == 0 && !*name) {
		*out = 0;
		return 0;
	}
	for (; units->name; units++) {
		if (!str_eq(units->name, name))
			continue;
		if (value > max / units->size)
			return -1;
		*out = value * units->size;
		return 0;
	}
	return -1;
}

int unit_parse_duration(const char *text, int64_t *ms)
{
	uint64_t value;

	if (parse(text, durations, INT64_MAX, &value))
		return -1;
	*ms = (int64_t)value;
	return 0;
}

int unit_parse_bytes(const char *text, uint64_t *bytes)
{
	return parse(text, sizes, INT64_MAX, bytes);
}

int unit_parse_percent(const char *text, int64_t *percent)
{
	uint64_t value;

	if (parse(text, shares, INT64_MAX, &value))
		return -1;
	*percent = (int64_t)value;
	return 0;
}

static void add(struct buf *out, const struct unit *units, uint64_t value)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (value && value % units->size == 0)
			best = units;
	buf_printf(out, "%llu%s", (unsigned long long)(value / best->size),
	    best->name);
}

void unit_add_duration(struct buf *out, int64_t ms)
{
	add(out, durations, (uint64_t)ms);
}

void unit_add_bytes(struct buf *out, uint64_t bytes)
{
	add(out, sizes, bytes);
}
