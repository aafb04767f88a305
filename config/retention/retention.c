#include "config/retention/retention.h"

#include "config/schema/unit.h"
#include "storage/base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void retention_policy_done(struct retention_policy *p)
{
	strvec_done(&p->keep_tags);
}

int retention_policy_check(const struct retention_policy *p, struct err *err)
{
	if (p->keep_last || p->keep_hourly || p->keep_daily || p->keep_weekly ||
	    p->keep_monthly || p->keep_yearly || p->keep_within_s > 0)
		return 0;
	return err_set(err, ERR_USAGE,
	    "retention: no rule keeps anything (keep_last, keep_daily, ...): "
	    "nothing is pruned under an empty policy");
}

/* ---- calendar ------------------------------------------------------------ */

enum { HOUR_S = 3600, DAY_S = 86400 };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

struct date {
	int64_t year;
	unsigned month, day;
};

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar: years
 * are counted from March, so that the leap day comes last, in eras of 400. */
static struct date date_of(int64_t days)
{
	enum { ERA = 146097, TO_1970 = 719468 };
	int64_t z = days + TO_1970;
	int64_t era = floor_div(z, ERA);
	int64_t in_era = z - era * ERA;
	int64_t year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t shifted = (5 * in_year + 2) / 153;

	return (struct date){.year = year + era * 400 + (shifted >= 10),
	    .month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9),
	    .day = (unsigned)(in_year - (153 * shifted + 2) / 5 + 1)};
}

enum period { HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, PERIODS };

/* Which hour, day, ... a moment falls in, as a number that grows with time.
 * Hours are cut in UTC: the one that a zone repeats in autumn is two. */
static int64_t period_of(
    enum period p, int64_t time, const struct retention_zone *zone)
{
	int64_t day =
	    floor_div(time + retention_zone_offset(zone, time), DAY_S);
	struct date d = date_of(day);

	switch (p) {
	case HOURLY:
		return floor_div(time, HOUR_S);
	case DAILY:
		return day;
	case WEEKLY:
		return floor_div(day + 3, 7); /* 1970-01-01 was a Thursday */
	case MONTHLY:
		return d.year * 12 + d.month - 1;
	default:
		return d.year;
	}
}

static void period_name(enum period p, int64_t time,
    const struct retention_zone *zone, char *out, size_t size)
{
	int64_t day =
	    floor_div(time + retention_zone_offset(zone, time), DAY_S);
	struct date d =
	    date_of(p == WEEKLY ? floor_div(day + 3, 7) * 7 - 3 : day);
	long long year = d.year;

	if (p == HOURLY)
		snprintf(out, size, "hourly, %02lld:00 UTC on %04lld-%02u-%02u",
		    (long long)(floor_div(time, HOUR_S) -
				floor_div(time, DAY_S) * 24),
		    (long long)date_of(floor_div(time, DAY_S)).year,
		    date_of(floor_div(time, DAY_S)).month,
		    date_of(floor_div(time, DAY_S)).day);
	else if (p == DAILY)
		snprintf(
		    out, size, "daily, %04lld-%02u-%02u", year, d.month, d.day);
	else if (p == WEEKLY)
		snprintf(out, size, "weekly, from %04lld-%02u-%02u", year,
		    d.month, d.day);
	else if (p == MONTHLY)
		snprintf(out, size, "monthly, %04lld-%02u", year, d.month);
	else
		snprintf(out, size, "yearly, %04lld", year);
}

/* ---- the rules ------------------------------------------------------------
 */

/* Item `by` needs the archive of item `of`: both as places in the list. */
struct need {
	size_t of, by;
};
VEC_DEFINE(needs, struct need); /* sorted by `of`, then `by` */

struct run {
	struct retention_item *items; /* newest first */
	size_t count;
	const struct retention_policy *policy;
	const struct retention_zone *zone;
	int64_t now;
	struct needs needs;
};

static int newest_first(const void *a, const void *b)
{
	const struct retention_item *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	return strcmp(y->label, x->label);
}

bool retention_is_good(const struct retention_item *i, int64_t now)
{
	return !i->archive_only && !i->partial && !i->bad && !i->unseen &&
	       !i->untrusted && i->time <= now;
}

static bool in_future(const struct run *r, const struct retention_item *i)
{
	return i->time > r->now;
}

static bool is_good(const struct run *r, const struct retention_item *i)
{
	return retention_is_good(i, r->now);
}

/* What counts for a rule. */
static bool counts(const struct run *r, const struct retention_item *i)
{
	return is_good(r, i) && (!r->policy->verified_only || i->verified);
}

__attribute__((format(printf, 2, 3))) static void keep(
    struct retention_item *i, const char *fmt, ...)
{
	va_list ap;

	if (i->keep)
		return; /* the first reason is the one that is reported */
	i->keep = true;
	va_start(ap, fmt);
	vsnprintf(i->reason, sizeof(i->reason), fmt, ap);
	va_end(ap);
}

static const char *kept_tag(
    const struct retention_policy *p, const struct retention_item *i)
{
	if (!i->tags)
		return NULL;
	VEC_EACH (&p->keep_tags, tag)
		if (strvec_has(i->tags, *tag))
			return *tag;
	return NULL;
}

/* What is kept whether it is good or not. */
static void keep_by_itself(const struct run *r, struct retention_item *i)
{
	const char *tag = kept_tag(r->policy, i);

	if (i->hold)
		keep(i, "hold");
	if (tag)
		keep(i, "tag %s", tag);
	if (in_future(r, i) && !i->archive_only)
		keep(i, "lies in the future; counts for nothing");
	if (i->untrusted)
		keep(i, "its manifest is not trusted: name the public key that "
			"signed it, or remove it by hand");
	/* Its archive is gone for good, as a verification found. */
	if (i->unseen && !i->bad)
		keep(i, "its archive is missing or incomplete: it may come "
			"back; removed a week after `verify` missed it");
	if (i->hidden && !i->bad)
		keep(i, "may be needed by '%.90s', which is out of sight",
		    i->hidden);
}

static void keep_newest(const struct run *r,
    bool (*fits)(const struct run *, const struct retention_item *),
    unsigned count, const char *reason)
{
	for (size_t n = 0; n < r->count && count; n++) {
		if (!fits(r, &r->items[n]))
			continue;
		keep(&r->items[n], "%s", reason);
		count--;
	}
}

static void keep_within(const struct run *r)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	unit_add_duration(&text, r->policy->keep_within_s * 1000);
	for (size_t n = 0; n < r->count; n++) {
		struct retention_item *i = &r->items[n];
		if (r->policy->keep_within_s > 0 && !i->archive_only &&
		    !in_future(r, i) &&
		    r->now - i->time <= r->policy->keep_within_s)
			keep(i, "within %s", buf_str(&text));
	}
}

/* The newest good one of each of the last `count` periods that have one. */
static void keep_periods(const struct run *r, enum period p, unsigned count)
{
	bool any = false;
	int64_t last = 0;

	for (size_t n = 0; n < r->count && count; n++) {
		struct retention_item *i = &r->items[n];
		char name[64];
		if (!counts(r, i))
			continue;
		int64_t this = period_of(p, i->time, r->zone);
		if (any && this == last)
			continue;
		any = true;
		last = this;
		count--;
		period_name(p, i->time, r->zone, name, sizeof(name));
		keep(i, "%s", name);
	}
}

static void keep_newest_verified(const struct run *r)
{
	for (size_t n = 0; n < r->count; n++) {
		struct retention_item *i = &r->items[n];
		if (!i->verified || !is_good(r, i))
			continue;
		keep(i, "the newest that a verification found good");
		return;
	}
}

/* Keeps partial and bad ones that are newer than every one that counts, and, if
 * only verified ones count, those that were not verified yet: nothing better
 * exists of that time. If none counts, that is all of them. */
static void keep_newer_than_good(const struct run *r)
{
	for (size_t n = 0; n < r->count; n++) {
		struct retention_item *i = &r->items[n];
		if (counts(r, i))
			return;
		if (i->archive_only)
			continue;
		keep(i, "%s",
		    is_good(r, i) ? "not verified yet"
				  : "newer than the newest good one");
	}
}

/* A snapshot that was verified, with whatever result, is not replaced by one
 * that was never verified: that one may be damaged in the same way. */
static void keep_newer_than_verified(const struct run *r)
{
	for (size_t n = 0; n < r->count; n++) {
		struct retention_item *i = &r->items[n];
		if (i->verified && is_good(r, i))
			return;
		if (i->bad || i->verified)
			keep(i, "no newer one was verified and found good");
	}
}

/* If there are fewer good ones than the minimum, the newest of the others are
 * kept as well: a record that calls them bad may be wrong. */
static void fill_minimum(const struct run *r, unsigned min)
{
	for (size_t n = 0; n < r->count && min; n++)
		min -= r->items[n].keep && is_good(r, &r->items[n]);
	for (size_t n = 0; n < r->count && min; n++) {
		struct retention_item *i = &r->items[n];
		if (is_good(r, i) || i->archive_only)
			continue;
		min--;
		if (!i->keep)
			keep(i, "fewer good ones than the minimum (keep_min)");
	}
}

/* Of what no rule keeps, so that a table tells of no others. */
static void keep_met_late(const struct run *r)
{
	for (size_t n = 0; n < r->count; n++)
		if (r->items[n].met_late && !r->items[n].bad)
			keep(&r->items[n],
			    "this machine has known the vault for less than 3 "
			    "days: one out of sight may need it");
}

/* ---- what needs what ------------------------------------------------------
 */

struct named {
	const char *label;
	size_t at;
};
VEC_DEFINE(named_vec, struct named);

static int by_label(const void *a, const void *b)
{
	return strcmp(
	    ((const struct named *)a)->label, ((const struct named *)b)->label);
}

static int by_needed(const void *a, const void *b)
{
	const struct need *x = a, *y = b;

	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	return x->by < y->by ? -1 : x->by > y->by;
}

static void add_needs(struct run *r, const struct named_vec *named, size_t by)
{
	const struct strvec *labels = r->items[by].needs;

	if (!labels)
		return;
	VEC_EACH (labels, label) {
		const struct named key = {.label = *label};
		const struct named *n = bsearch(
		    &key, named->items, named->len, sizeof(key), by_label);
		/* What it needs is older. Other claims count for nothing: so
		 * there is no circle. */
		if (n && n->at > by)
			*vec_add(&r->needs) =
			    (struct need){.of = n->at, .by = by};
	}
}

static bool any_needs(const struct run *r)
{
	for (size_t n = 0; n < r->count; n++)
		if (r->items[n].needs && r->items[n].needs->len)
			return true;
	return false;
}

static void find_needs(struct run *r)
{
	struct named_vec named = VEC_INIT;

	if (!any_needs(r))
		return;
	for (size_t n = 0; n < r->count; n++)
		*vec_add(&named) =
		    (struct named){.label = r->items[n].label, .at = n};
	vec_sort(&named, by_label);
	for (size_t n = 0; n < r->count; n++)
		add_needs(r, &named, n);
	vec_sort(&r->needs, by_needed);
	vec_done(&named);
}

/* The first of those that need it, as a place in needs; the others follow. */
static size_t needs_of(const struct run *r, size_t of)
{
	size_t low = 0, high = r->needs.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (r->needs.items[middle].of < of)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_need_of(const struct run *r, size_t n, size_t of)
{
	return n < r->needs.len && r->needs.items[n].of == of;
}

/* From the oldest on: what needs it is newer, and may itself be needed. */
static void spread_badness(const struct run *r)
{
	for (size_t of = r->count; of-- > 0;)
		for (size_t n = needs_of(r, of);
		     r->items[of].bad && is_need_of(r, n, of); n++)
			r->items[r->needs.items[n].by].bad = true;
}

void retention_leave_archive(struct retention_item *i, const char *label)
{
	size_t len = strlen(i->reason);

	i->stays_for = label;
	snprintf(i->reason + len, sizeof(i->reason) - len,
	    "; its archive stays for '%.90s'", label);
}

/* The archive of one that no rule keeps stays where it can stay alone. */
static void keep_for(struct retention_item *i, const struct retention_item *by)
{
	if (i->keep || i->stays_for)
		return;
	if (i->reducible)
		retention_leave_archive(i, by->label);
	else
		keep(i, "needed by '%.90s'", by->label);
}

/* From the newest on, so that it is known whether what needs it is kept. */
static void keep_needed(const struct run *r)
{
	for (size_t of = 0; of < r->count; of++)
		for (size_t n = needs_of(r, of); is_need_of(r, n, of); n++)
			if (r->items[r->needs.items[n].by].keep)
				keep_for(&r->items[of],
				    &r->items[r->needs.items[n].by]);
}

/* ---- how much at once -----------------------------------------------------
 */

struct dropping {
	const struct run *run;
	size_t left; /* of the cap */
	size_t turn;
};

/* Those that need it first, the oldest of them before the others, unless its
 * archive stays. False where the cap was reached before it. */
static bool drop(struct dropping *d, size_t of)
{
	const struct run *r = d->run;
	struct retention_item *i = &r->items[of];
	size_t first = needs_of(r, of), n = first;

	if (i->keep || i->turn)
		return true;
	while (is_need_of(r, n, of))
		n++;
	while (n > first && !i->stays_for)
		if (!drop(d, r->needs.items[--n].by))
			return false;
	if (!d->left)
		return false;
	d->left--;
	i->turn = ++d->turn;
	return true;
}

/* From the oldest on: what is above the cap waits for the next run. */
static void keep_above_cap(const struct run *r)
{
	struct dropping d = {.run = r,
	    .left = r->policy->max_deletions ? r->policy->max_deletions
					     : RETENTION_MAX_DELETIONS_DEFAULT};

	for (size_t n = r->count; n-- > 0 && drop(&d, n);)
		;
	for (size_t n = 0; n < r->count; n++) {
		struct retention_item *i = &r->items[n];
		if (i->turn)
			continue;
		keep(i, "waits: max_deletions is reached");
		i->stays_for = NULL;
	}
}

int retention_plan(struct retention_item *items, size_t count,
    const struct retention_policy *policy, const struct retention_zone *zone,
    int64_t now, struct err *err)
{
	const unsigned per_period[PERIODS] = {policy->keep_hourly,
	    policy->keep_daily, policy->keep_weekly, policy->keep_monthly,
	    policy->keep_yearly};
	struct run r = {.items = items,
	    .count = count,
	    .policy = policy,
	    .zone = zone,
	    .now = now};

	if (retention_policy_check(policy, err))
		return -1;
	if (count > 1)
		qsort(items, count, sizeof(*items), newest_first);
	find_needs(&r);
	spread_badness(&r);
	for (size_t n = 0; n < count; n++) {
		items[n].keep = false;
		items[n].turn = 0;
		items[n].stays_for = NULL;
		snprintf(items[n].reason, sizeof(items[n].reason), "%s",
		    items[n].archive_only
			? "archive of a dropped snapshot, which "
			  "no snapshot needs"
		    : items[n].bad     ? "not good, and older than a good one"
		    : items[n].partial ? "partial, and older than a good one"
				       : "not kept by any rule");
		keep_by_itself(&r, &items[n]);
	}
	keep_newest(&r, counts, policy->keep_last, "last");
	for (enum period p = HOURLY; p < PERIODS; p++)
		keep_periods(&r, p, per_period[p]);
	keep_within(&r);
	unsigned min =
	    policy->keep_min ? policy->keep_min : RETENTION_KEEP_MIN_DEFAULT;
	keep_newest(&r, is_good, min, "the minimum (keep_min)");
	keep_newest_verified(&r);
	keep_newer_than_good(&r);
	keep_newer_than_verified(&r);
	fill_minimum(&r, min);
	keep_met_late(&r);
	keep_needed(&r);
	keep_above_cap(&r);
	vec_done(&r.needs);
	return 0;
}
