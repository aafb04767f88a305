#include "config/retention/retention.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400, HOUR = 3600, MOST = 400 };

struct fixture {
	struct retention_zone *zone;
	struct retention_item items[MOST];
	char labels[MOST][16];
	size_t count;
};

static void open_fixture(struct fixture *f, const char *zone)
{
	struct err err = ERR_INIT;

	memset(f, 0, sizeof(*f));
	f->zone = retention_zone_open(zone, &err);
	assert_non_null(f->zone);
}

static struct retention_item *add(struct fixture *f, int64_t time)
{
	struct retention_item *i = &f->items[f->count];

	snprintf(f->labels[f->count], sizeof(f->labels[0]), "s%06u",
	    (unsigned)f->count);
	i->label = f->labels[f->count++];
	i->time = time;
	return i;
}

static struct retention_item *at(struct fixture *f, int64_t time)
{
	for (size_t n = 0; n < f->count; n++)
		if (f->items[n].time == time)
			return &f->items[n];
	fail_msg("no item of that time");
	return NULL;
}

static void plan(
    struct fixture *f, const struct retention_policy *p, int64_t now)
{
	struct err err = ERR_INIT;

	assert_ok(
	    retention_plan(f->items, f->count, p, f->zone, now, &err), err);
}

static size_t kept(const struct fixture *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->items[i].keep;
	return n;
}

static void an_empty_policy_is_refused(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_min = 5};
	struct err err = ERR_INIT;

	(void)state;
	open_fixture(&f, "UTC");
	assert_fails(
	    retention_plan(f.items, 0, &p, f.zone, 0, &err), err, ERR_USAGE);
	retention_zone_free(f.zone);
}

static void a_zone_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
	    "No/Where", "../../etc/passwd", "", "Europe", "zone.tab"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err)ERR_INIT;
		assert_null(retention_zone_open(bad[i], &err));
		assert_int_equal(err.code, ERR_USAGE);
	}
}

static void utc_needs_no_files(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	setenv("TZDIR", "/nowhere", 1);
	struct retention_zone *z = retention_zone_open("UTC", &err);
	struct retention_zone *none = retention_zone_open("Asia/Tokyo", &err);
	unsetenv("TZDIR");
	assert_non_null(z);
	assert_int_equal(retention_zone_offset(z, 1774737000), 0);
	assert_null(none);
	retention_zone_free(z);
}

static void days_are_cut_in_the_zone(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_daily = 2, .keep_min = 1};
	/* 2026-03-28 22:30 and 23:30 UTC: in Berlin 23:30, and 00:30 of the
	 * day on which summer time begins. */
	int64_t before = 1774737000, after = before + HOUR;

	(void)state;
	open_fixture(&f, "Europe/Berlin");
	assert_int_equal(retention_zone_offset(f.zone, before), HOUR);
	assert_int_equal(retention_zone_offset(f.zone, after + DAY), 2 * HOUR);
	add(&f, before - HOUR);
	add(&f, before);
	add(&f, after);
	plan(&f, &p, after + HOUR);
	assert_true(at(&f, after)->keep);
	assert_true(at(&f, before)->keep);
	assert_false(at(&f, before - HOUR)->keep);
	assert_string_equal(at(&f, before)->reason, "daily, 2026-03-28");
	retention_zone_free(f.zone);
}

static void a_leap_day_is_a_day(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_daily = 3, .keep_min = 1};
	int64_t feb28 = 1709121600 - 12 * HOUR; /* 2024-02-28 00:00 UTC */

	(void)state;
	open_fixture(&f, "UTC");
	for (int d = 0; d < 3; d++)
		add(&f, feb28 + 12 * HOUR + d * DAY);
	plan(&f, &p, feb28 + 3 * DAY);
	assert_int_equal(kept(&f), 3);
	assert_string_equal(
	    at(&f, feb28 + 12 * HOUR + DAY)->reason, "daily, 2024-02-29");
	retention_zone_free(f.zone);
}

static void partial_ones_never_take_the_place_of_good_ones(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now - 4 * DAY);
	add(&f, now - 3 * DAY)->partial = true;
	add(&f, now - 2 * DAY); /* the last good one */
	add(&f, now - DAY)->partial = true;
	add(&f, now - HOUR)->bad = true;
	plan(&f, &p, now);
	assert_true(at(&f, now - 2 * DAY)->keep);
	assert_true(at(&f, now - DAY)->keep);
	assert_true(at(&f, now - HOUR)->keep);
	assert_false(at(&f, now - 3 * DAY)->keep);
	assert_false(at(&f, now - 4 * DAY)->keep);
	retention_zone_free(f.zone);
}

static void where_nothing_is_good_nothing_is_dropped(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};

	(void)state;
	open_fixture(&f, "UTC");
	for (int i = 0; i < 20; i++)
		add(&f, 1800000000 - i * DAY)->partial = true;
	plan(&f, &p, 1800000001);
	assert_int_equal(kept(&f), 20);
	retention_zone_free(f.zone);
}

static void future_ones_push_nothing_out(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 2, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now + 365 * DAY);
	add(&f, now + 366 * DAY);
	add(&f, now - HOUR);
	add(&f, now - 2 * HOUR);
	add(&f, now - 3 * HOUR);
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 4);
	assert_true(at(&f, now - 2 * HOUR)->keep);
	assert_false(at(&f, now - 3 * HOUR)->keep);
	retention_zone_free(f.zone);
}

static void holds_tags_and_the_newest_verified_stay(void **state)
{
	struct fixture f;
	cleanup(strvec_done) struct strvec tags = VEC_INIT;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	strvec_add(&tags, "release");
	strvec_add(&p.keep_tags, "release");
	add(&f, now - 9 * DAY)->hold = true;
	add(&f, now - 8 * DAY)->tags = &tags;
	add(&f, now - 7 * DAY)->verified = true;
	add(&f, now - 6 * DAY);
	add(&f, now - HOUR);
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 4);
	assert_false(at(&f, now - 6 * DAY)->keep);
	assert_string_equal(at(&f, now - 9 * DAY)->reason, "hold");
	assert_string_equal(at(&f, now - 8 * DAY)->reason, "tag release");
	retention_policy_done(&p);
	retention_zone_free(f.zone);
}

static void a_span_is_told_as_it_is_written(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_within_s = 90 * 60, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now - 2 * HOUR);
	add(&f, now - HOUR);
	plan(&f, &p, now);
	assert_false(at(&f, now - 2 * HOUR)->keep);
	assert_string_equal(at(&f, now - HOUR)->reason, "within 90m");
	retention_zone_free(f.zone);
}

/* 1800000000 is Friday, 2027-01-15. */
static void each_period_is_told_by_its_name(void **state)
{
	static const struct {
		struct retention_policy policy;
		const char *reason;
	} cases[] = {
	    {{.keep_hourly = 1, .keep_min = 1},
		"hourly, 08:00 UTC on 2027-01-15"},
	    {{.keep_daily = 1, .keep_min = 1}, "daily, 2027-01-15"},
	    {{.keep_weekly = 1, .keep_min = 1}, "weekly, from 2027-01-11"},
	    {{.keep_monthly = 1, .keep_min = 1}, "monthly, 2027-01"},
	    {{.keep_yearly = 1, .keep_min = 1}, "yearly, 2027"},
	};
	int64_t now = 1800000000;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		open_fixture(&f, "UTC");
		add(&f, now);
		plan(&f, &cases[i].policy, now);
		assert_string_equal(at(&f, now)->reason, cases[i].reason);
		retention_zone_free(f.zone);
	}
	retention_zone_free(NULL);
}

static void one_that_is_not_trusted_stays_and_counts_for_nothing(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 2, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now - 9 * DAY)->untrusted = true;
	add(&f, now - 8 * DAY)->bad = true;
	add(&f, now - 3 * DAY);
	add(&f, now - 2 * DAY);
	add(&f, now - DAY)->untrusted = true;
	add(&f, now - HOUR);
	plan(&f, &p, now);
	assert_true(at(&f, now - 9 * DAY)->keep);
	assert_string_equal(at(&f, now - 9 * DAY)->reason,
	    "its manifest is not trusted: name the public key that signed it, "
	    "or remove it by hand");
	assert_true(at(&f, now - 8 * DAY)->keep); /* nothing newer verified */
	assert_true(at(&f, now - DAY)->keep);
	assert_true(at(&f, now - HOUR)->keep);
	assert_true(at(&f, now - 2 * DAY)->keep);
	assert_false(at(&f, now - 3 * DAY)->keep);
	at(&f, now - 2 * DAY)->verified = true;
	plan(&f, &p, now);
	assert_false(at(&f, now - 8 * DAY)->keep);
	retention_zone_free(f.zone);
}

/* A check that is wrong fails all of them: then none may go for the one that it
 * has not reached yet. */
static void what_was_looked_into_makes_no_room_for_what_was_not(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 10, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now - 5 * DAY)->bad = true;
	add(&f, now - 4 * DAY)->bad = true;
	add(&f, now - 3 * DAY)->partial = true;
	at(&f, now - 3 * DAY)->verified = true;
	add(&f, now - 2 * DAY)->partial = true;
	add(&f, now - HOUR);
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 4);
	assert_false(at(&f, now - 2 * DAY)->keep);
	at(&f, now - HOUR)->verified = true;
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 1);
	retention_zone_free(f.zone);
}

/* Whoever holds the key of records calls all but the newest bad. */
static void what_is_called_bad_fills_up_the_minimum(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 10, .keep_min = 3};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	for (int day = 5; day >= 2; day--)
		add(&f, now - day * DAY)->bad = true;
	add(&f, now - HOUR)->verified = true;
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 3);
	assert_true(at(&f, now - 2 * DAY)->keep);
	assert_true(at(&f, now - 3 * DAY)->keep);
	assert_string_equal(at(&f, now - 3 * DAY)->reason,
	    "fewer good ones than the minimum (keep_min)");
	/* Good ones take their places. */
	add(&f, now - 2 * HOUR)->verified = true;
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 3);
	assert_false(at(&f, now - 3 * DAY)->keep);
	add(&f, now - 3 * HOUR);
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 3);
	assert_false(at(&f, now - 2 * DAY)->keep);
	retention_zone_free(f.zone);
}

static void one_out_of_sight_stays_and_counts_for_nothing(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 2, .keep_min = 1};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now - 9 * DAY)->unseen = true;
	add(&f, now - 3 * DAY);
	add(&f, now - 2 * DAY);
	add(&f, now - DAY)->unseen = true;
	add(&f, now - HOUR)->verified = true;
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 4);
	assert_false(at(&f, now - 3 * DAY)->keep);
	/* A verification said that it is gone. */
	at(&f, now - 9 * DAY)->bad = true;
	plan(&f, &p, now);
	assert_false(at(&f, now - 9 * DAY)->keep);
	retention_zone_free(f.zone);
}

static void one_that_waits_for_its_verification_stays(void **state)
{
	struct fixture f;
	struct retention_policy p = {
	    .keep_last = 1, .keep_min = 1, .verified_only = true};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	add(&f, now - 9 * DAY);
	add(&f, now - 2 * DAY);
	add(&f, now - DAY);
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 3); /* nothing is verified: nothing counts */
	f.items[1].verified = true;
	plan(&f, &p, now);
	assert_true(at(&f, now - DAY)->keep);
	assert_true(at(&f, now - 2 * DAY)->keep);
	assert_false(at(&f, now - 9 * DAY)->keep);
	retention_zone_free(f.zone);
}

static void the_cap_lets_the_oldest_go_first(void **state)
{
	struct fixture f;
	struct retention_policy p = {
	    .keep_last = 1, .keep_min = 1, .max_deletions = 2};
	int64_t now = 1800000000;

	(void)state;
	open_fixture(&f, "UTC");
	for (int i = 0; i < 10; i++)
		add(&f, now - i * DAY);
	plan(&f, &p, now);
	assert_int_equal(kept(&f), 8);
	assert_false(at(&f, now - 9 * DAY)->keep);
	assert_false(at(&f, now - 8 * DAY)->keep);
	assert_true(at(&f, now - 7 * DAY)->keep);
	retention_zone_free(f.zone);
}

static unsigned below(struct test_random *r, unsigned bound)
{
	return (unsigned)random_below(&r->random, bound);
}

/* Moments at which calendars are odd: summer time begins and ends in Berlin and
 * in New York, a leap day begins, Apia leaves out a day, a year ends. */
static const int64_t odd_moments[] = {1774746000, 1761440400, 1772953200,
    1762063200, 1709164800, 1835395200, 1325239200, 1767225600};

static int64_t random_now(struct test_random *r)
{
	enum { COUNT = sizeof(odd_moments) / sizeof(*odd_moments) };

	if (below(r, 2))
		return 1700000000 + (int64_t)below(r, 400 * DAY);
	return odd_moments[below(r, COUNT)] + (int64_t)below(r, 4 * DAY);
}

static void random_timeline(struct fixture *f, struct retention_policy *p,
    struct test_random *r, int64_t now)
{
	/* Scattered over years, or in a row of hours or of days. */
	int64_t step = below(r, 2) ? 0 : HOUR * (1 + (int64_t)below(r, 30));
	int64_t time = now + (int64_t)below(r, 2 * DAY);

	f->count = 0;
	memset(f->items, 0, 40 * sizeof(f->items[0]));
	*p = (struct retention_policy){.keep_last = below(r, 5),
	    .keep_hourly = below(r, 5),
	    .keep_daily = below(r, 5),
	    .keep_weekly = below(r, 3),
	    .keep_monthly = below(r, 3),
	    .keep_yearly = 1 + below(r, 2),
	    .keep_within_s = (int64_t)below(r, 3) * DAY,
	    .keep_min = 1 + below(r, 6),
	    .max_deletions = 1 + below(r, 30),
	    .verified_only = below(r, 3) == 0};
	for (unsigned n = below(r, 40); n > 0; n--) {
		time = step ? time - step - (int64_t)below(r, 600)
			    : now + 2 * DAY -
				  (int64_t)below(r, 800 * DAY) /
				      (1 + (int64_t)below(r, 50));
		struct retention_item *i = add(f, time);
		i->partial = below(r, 4) == 0;
		i->bad = below(r, 8) == 0;
		i->untrusted = below(r, 20) == 0;
		i->unseen = below(r, 20) == 0;
		i->hold = below(r, 20) == 0;
		i->verified = !i->bad && below(r, 5) == 0;
	}
}

enum { BY_DAY, BY_WEEK, BY_MONTH, BY_YEAR };

/* The day, week, month or year in words, by the C library's own calendar,
 * which TZ has set to the zone. */
static void period_in_words(int64_t time, int by, char out[16])
{
	time_t t = (time_t)time;
	struct tm tm;

	localtime_r(&t, &tm);
	if (by == BY_DAY)
		strftime(out, 16, "%F", &tm);
	else if (by == BY_WEEK)
		strftime(out, 16, "%G-%V", &tm);
	else if (by == BY_MONTH)
		strftime(out, 16, "%Y-%m", &tm);
	else
		strftime(out, 16, "%Y", &tm);
}

static bool is_whole(const struct retention_item *i)
{
	return !i->untrusted && !i->unseen;
}

/* Of how many of the last `count` such periods with a good snapshot the newest
 * is not kept. Items are sorted, newest first. */
static unsigned periods_lost(const struct fixture *f,
    const struct retention_policy *p, int64_t now, int by, unsigned count)
{
	char last[16] = "", this[16];
	unsigned lost = 0;

	for (size_t n = 0; n < f->count && count; n++) {
		const struct retention_item *i = &f->items[n];
		if (i->partial || i->bad || !is_whole(i) || i->time > now ||
		    (p->verified_only && !i->verified))
			continue;
		period_in_words(i->time, by, this);
		if (strcmp(this, last) == 0)
			continue;
		memcpy(last, this, sizeof(last));
		lost += !i->keep;
		count--;
	}
	return lost;
}

static unsigned calendar_violations(
    const struct fixture *f, const struct retention_policy *p, int64_t now)
{
	return periods_lost(f, p, now, BY_DAY, p->keep_daily) +
	       periods_lost(f, p, now, BY_WEEK, p->keep_weekly) +
	       periods_lost(f, p, now, BY_MONTH, p->keep_monthly) +
	       periods_lost(f, p, now, BY_YEAR, p->keep_yearly);
}

/* How many of the promises the plan breaks. */
static unsigned violations(
    const struct fixture *f, const struct retention_policy *p, int64_t now)
{
	unsigned good = 0, good_kept = 0, dropped = 0, broken = 0;
	bool newest_seen = false, verified_seen = false;

	for (size_t n = 0; n < f->count; n++) {
		const struct retention_item *i = &f->items[n];
		bool is_good =
		    is_whole(i) && !i->bad && !i->partial && i->time <= now;
		good += is_good;
		good_kept += is_good && i->keep;
		dropped += !i->keep;
		broken += (i->hold || i->untrusted) && !i->keep;
		broken += i->unseen && !i->bad && !i->keep;
		verified_seen |= is_good && i->verified;
		broken += (i->bad || (i->verified && !is_good)) && !i->keep &&
			  !verified_seen;
		broken += i->time > now && !i->keep;
		if (is_good && !newest_seen) {
			newest_seen = true;
			broken += !i->keep;
		}
	}
	broken += good_kept < (good < p->keep_min ? good : p->keep_min);
	broken += dropped > p->max_deletions;
	broken += good == 0 && dropped > 0;
	return broken;
}

/* BACKSTAY_TIMELINES= another number of them. */
static long timelines_asked(void)
{
#ifdef __SANITIZE_ADDRESS__
	long usual = 60000;
#else
	long usual = 1000000;
#endif
	const char *asked = getenv("BACKSTAY_TIMELINES");

	return asked ? strtol(asked, NULL, 10) : usual;
}

static void random_timelines_break_no_promise(void **state)
{
	static const char *const zones[] = {"America/New_York", "Europe/Berlin",
	    "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"};
	enum { ZONES = sizeof(zones) / sizeof(*zones) };
	static struct fixture f;
	long timelines = timelines_asked();
	unsigned broken = 0, calendar = 0, dropped = 0;
	struct test_random r;

	(void)state;
	test_random_init(&r, 42);
	for (int z = 0; z < ZONES; z++) {
		open_fixture(&f, zones[z]);
		setenv("TZ", zones[z], 1);
		tzset();
		for (long n = z; n < timelines; n += ZONES) {
			struct retention_policy p;
			int64_t now = random_now(&r);
			random_timeline(&f, &p, &r, now);
			plan(&f, &p, now);
			broken += violations(&f, &p, now);
			calendar += calendar_violations(&f, &p, now);
			dropped += (unsigned)(f.count - kept(&f));
		}
		retention_zone_free(f.zone);
	}
	printf("# %ld random timelines in %d zones, %u snapshots dropped: %u "
	       "violations of keep_min and the last good one, %u of the "
	       "calendar\n",
	    timelines, ZONES, dropped, broken, calendar);
	assert_int_equal(broken, 0);
	assert_int_equal(calendar, 0);
	assert_true(dropped > timelines);
}

/* ---- what needs what ----------------------------------------------------- */

/* Item `n` needs the archives of all from `first` on. */
static void needs_from(
    struct fixture *f, struct strvec *needs, size_t n, size_t first)
{
	for (size_t i = first; i < n; i++)
		strvec_add(needs, f->labels[i]);
	f->items[n].needs = needs;
}

static struct retention_item *named(struct fixture *f, const char *label)
{
	for (size_t n = 0; n < f->count; n++)
		if (strcmp(f->items[n].label, label) == 0)
			return &f->items[n];
	fail_msg("no item of that label");
	return NULL;
}

static void what_a_kept_one_needs_is_kept(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	struct strvec needs[6] = {VEC_INIT};

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 0; n < 6; n++)
		add(&f, n * HOUR);
	needs_from(&f, &needs[1], 1, 0);
	strvec_add(&needs[5], f.labels[2]);
	strvec_add(&needs[5], f.labels[4]);
	f.items[5].needs = &needs[5];
	needs_from(&f, &needs[4], 4, 3);
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 4);
	assert_string_equal(named(&f, "s000005")->reason, "last");
	assert_string_equal(
	    named(&f, "s000004")->reason, "needed by 's000005'");
	/* Needed by what is kept only because it is needed. */
	assert_string_equal(
	    named(&f, "s000003")->reason, "needed by 's000004'");
	assert_string_equal(
	    named(&f, "s000002")->reason, "needed by 's000005'");
	assert_int_equal(named(&f, "s000001")->turn, 1);
	assert_int_equal(named(&f, "s000000")->turn, 2);
	for (int n = 0; n < 6; n++)
		strvec_done(&needs[n]);
	retention_zone_free(f.zone);
}

/* Of one that no rule keeps the archive stays; what only that one needed goes.
 */
static void the_archive_of_a_dropped_one_stays_for_a_kept_one(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	struct strvec needs[4] = {VEC_INIT};

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 0; n < 4; n++)
		add(&f, n * HOUR);
	needs_from(&f, &needs[1], 1, 0);
	needs_from(&f, &needs[2], 2, 0);
	strvec_add(&needs[3], f.labels[1]);
	f.items[3].needs = &needs[3];
	for (int n = 0; n < 3; n++)
		f.items[n].reducible = true;
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 1);
	const struct retention_item *stays = named(&f, "s000001");
	assert_string_equal(stays->stays_for, "s000003");
	assert_string_equal(stays->reason,
	    "not kept by any rule; its archive stays for 's000003'");
	/* Nothing is there without what it needs. */
	assert_null(named(&f, "s000000")->stays_for);
	assert_true(named(&f, "s000000")->turn > named(&f, "s000002")->turn);
	assert_true(named(&f, "s000000")->turn > stays->turn);
	/* A rule, a hold, or one out of sight keeps all of it. */
	named(&f, "s000001")->hold = true;
	plan(&f, &p, DAY);
	assert_true(named(&f, "s000001")->keep);
	assert_null(named(&f, "s000001")->stays_for);
	/* What waits is kept whole. */
	named(&f, "s000001")->hold = false;
	p.max_deletions = 1;
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 3);
	for (size_t n = 0; n < f.count; n++)
		assert_true(f.items[n].keep ? !f.items[n].stays_for
					    : f.items[n].turn == 1);
	for (int n = 0; n < 4; n++)
		strvec_done(&needs[n]);
	retention_zone_free(f.zone);
}

static void an_archive_that_stayed_counts_for_no_rule(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 9,
	    .keep_daily = 9,
	    .keep_within_s = 9 * DAY,
	    .keep_min = 9};
	struct strvec needs = VEC_INIT;

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 0; n < 4; n++)
		add(&f, n * HOUR);
	f.items[0].archive_only = f.items[1].archive_only =
	    f.items[3].archive_only = true;
	strvec_add(&needs, f.labels[1]);
	f.items[2].needs = &needs;
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 2);
	assert_string_equal(
	    named(&f, "s000001")->reason, "needed by 's000002'");
	assert_string_equal(named(&f, "s000000")->reason,
	    "archive of a dropped snapshot, which no snapshot needs");
	assert_false(named(&f, "s000003")->keep);
	/* It may be needed by what nobody sees. */
	named(&f, "s000000")->hidden = "s9";
	named(&f, "s000003")->met_late = true;
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 4);
	strvec_done(&needs);
	retention_zone_free(f.zone);
}

/* A chain longer than the cap gets shorter from its end, and never stalls. */
static void a_chain_is_dropped_from_its_end(void **state)
{
	struct fixture f;
	struct retention_policy p = {
	    .keep_last = 1, .keep_min = 1, .max_deletions = 3};
	struct strvec needs[8] = {VEC_INIT};

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 0; n < 9; n++)
		add(&f, n * HOUR);
	for (size_t n = 1; n < 8; n++)
		needs_from(&f, &needs[n], n, 0);
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 6);
	assert_int_equal(named(&f, "s000007")->turn, 1);
	assert_int_equal(named(&f, "s000006")->turn, 2);
	assert_int_equal(named(&f, "s000005")->turn, 3);
	assert_string_equal(
	    named(&f, "s000000")->reason, "waits: max_deletions is reached");
	p.max_deletions = 100;
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 1);
	for (unsigned n = 0; n < 8; n++) {
		char label[16];
		snprintf(label, sizeof(label), "s%06u", n);
		assert_int_equal(named(&f, label)->turn, 8 - n);
		strvec_done(&needs[n]);
	}
	retention_zone_free(f.zone);
}

static void what_needs_a_bad_one_is_not_good(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	struct strvec needs = VEC_INIT;

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 0; n < 3; n++)
		add(&f, n * HOUR);
	f.items[1].bad = true;
	needs_from(&f, &needs, 2, 1);
	plan(&f, &p, DAY);
	/* The last good one is the first; what is newer stays beside it. */
	assert_string_equal(named(&f, "s000000")->reason, "last");
	assert_int_equal(kept(&f), 3);
	strvec_done(&needs);
	retention_zone_free(f.zone);
}

/* What claims to need something newer, or itself, would make a circle. */
static void a_circle_counts_for_nothing(void **state)
{
	struct fixture f;
	struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	struct strvec needs = VEC_INIT;

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 0; n < 3; n++)
		add(&f, n * HOUR);
	strvec_add(&needs, f.labels[0]);
	strvec_add(&needs, f.labels[1]);
	strvec_add(&needs, "s999999");
	f.items[0].needs = f.items[1].needs = &needs;
	plan(&f, &p, DAY);
	assert_int_equal(kept(&f), 1);
	strvec_done(&needs);
	retention_zone_free(f.zone);
}

/* Only what no rule keeps; a bad one is of no use to any. */
static void what_is_met_late_is_left_for_now(void **state)
{
	const struct retention_policy p = {.keep_last = 1, .keep_min = 1};
	struct fixture f;

	(void)state;
	open_fixture(&f, "UTC");
	for (int n = 1; n <= 4; n++)
		add(&f, n * DAY)->met_late = n != 3;
	at(&f, DAY)->bad = true;
	at(&f, 4 * DAY)->verified = true;
	plan(&f, &p, 5 * DAY);
	assert_string_equal(at(&f, 4 * DAY)->reason, "last");
	assert_false(at(&f, DAY)->keep);
	assert_false(at(&f, 3 * DAY)->keep);
	assert_true(at(&f, 2 * DAY)->keep);
	assert_non_null(strstr(at(&f, 2 * DAY)->reason, "less than 3 days"));
	retention_zone_free(f.zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_policy_is_refused),
	    cmocka_unit_test(a_zone_that_is_none_is_refused),
	    cmocka_unit_test(utc_needs_no_files),
	    cmocka_unit_test(days_are_cut_in_the_zone),
	    cmocka_unit_test(a_leap_day_is_a_day),
	    cmocka_unit_test(partial_ones_never_take_the_place_of_good_ones),
	    cmocka_unit_test(where_nothing_is_good_nothing_is_dropped),
	    cmocka_unit_test(future_ones_push_nothing_out),
	    cmocka_unit_test(holds_tags_and_the_newest_verified_stay),
	    cmocka_unit_test(a_span_is_told_as_it_is_written),
	    cmocka_unit_test(each_period_is_told_by_its_name),
	    cmocka_unit_test(
		one_that_is_not_trusted_stays_and_counts_for_nothing),
	    cmocka_unit_test(
		what_was_looked_into_makes_no_room_for_what_was_not),
	    cmocka_unit_test(what_is_called_bad_fills_up_the_minimum),
	    cmocka_unit_test(one_out_of_sight_stays_and_counts_for_nothing),
	    cmocka_unit_test(one_that_waits_for_its_verification_stays),
	    cmocka_unit_test(the_cap_lets_the_oldest_go_first),
	    cmocka_unit_test(random_timelines_break_no_promise),
	    cmocka_unit_test(what_a_kept_one_needs_is_kept),
	    cmocka_unit_test(a_chain_is_dropped_from_its_end),
	    cmocka_unit_test(the_archive_of_a_dropped_one_stays_for_a_kept_one),
	    cmocka_unit_test(an_archive_that_stayed_counts_for_no_rule),
	    cmocka_unit_test(what_needs_a_bad_one_is_not_good),
	    cmocka_unit_test(a_circle_counts_for_nothing),
	    cmocka_unit_test(what_is_met_late_is_left_for_now),
	};

	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
