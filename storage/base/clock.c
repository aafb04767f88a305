#include "storage/base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_now_ms(void *ctx)
{
	(void)ctx;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_ticks_ms(void *ctx)
{
	(void)ctx;
	return read_ms(CLOCK_MONOTONIC);
}

/* A signal ends the sleep early, so that the caller can check its cancel flag.
 */
static void system_sleep_ms(void *ctx, int64_t duration_ms)
{
	(void)ctx;
	if (duration_ms <= 0)
		return;
	struct timespec ts = {.tv_sec = (time_t)(duration_ms / 1000),
	    .tv_nsec = (long)(duration_ms % 1000) * 1000000};
	nanosleep(&ts, NULL);
}

const struct clock *clock_system(void)
{
	static const struct clock c = {.now_ms = system_now_ms,
	    .ticks_ms = system_ticks_ms,
	    .sleep_ms = system_sleep_ms};

	return &c;
}

int64_t clock_now_ms(const struct clock *c)
{
	return c->now_ms(c->ctx);
}

int64_t clock_ticks_ms(const struct clock *c)
{
	return c->ticks_ms(c->ctx);
}

void clock_sleep_ms(const struct clock *c, int64_t duration_ms)
{
	c->sleep_ms(c->ctx, duration_ms);
}

/* False if the year does not fit the forms written here. */
static bool utc(int64_t seconds, struct tm *tm)
{
	time_t t = (time_t)seconds;

	return gmtime_r(&t, tm) && tm->tm_year >= -1900 && tm->tm_year <= 8099;
}

void clock_rfc3339(int64_t seconds, char out[CLOCK_TEXT_MAX])
{
	struct tm tm;

	if (!utc(seconds, &tm) ||
	    !strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

void clock_stamp(int64_t seconds, char out[CLOCK_TEXT_MAX])
{
	struct tm tm;

	if (!utc(seconds, &tm) ||
	    !strftime(out, CLOCK_TEXT_MAX, "%Y%m%dT%H%M%SZ", &tm))
		out[0] = '\0';
}

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Reads exactly `digits` digits; moves *s on. */
static int read_number(const char **s, int digits, int *out)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		value = value * 10 + (**s - '0');
	}
	*out = value;
	return 0;
}

static int read_char(const char **s, char c)
{
	if (**s != c)
		return -1;
	(*s)++;
	return 0;
}

static int to_seconds(const struct tm *asked, int64_t *seconds)
{
	struct tm tm = *asked;

	/* A leap second (60) is allowed to run into the next minute. */
	if (asked->tm_sec > 60 || asked->tm_min > 59 || asked->tm_hour > 23 ||
	    asked->tm_mon < 1 || asked->tm_mon > 12 || asked->tm_mday < 1)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	tm.tm_sec = 0;
	time_t t = timegm(&tm);
	/* timegm turns 31 February into March: such a date is not a date. */
	if (tm.tm_mday != asked->tm_mday)
		return -1;
	*seconds = (int64_t)t + asked->tm_sec;
	return 0;
}

int clock_parse_stamp(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	const char *s = text;

	if (read_number(&s, 4, &tm.tm_year) || read_number(&s, 2, &tm.tm_mon) ||
	    read_number(&s, 2, &tm.tm_mday) || read_char(&s, 'T') ||
	    read_number(&s, 2, &tm.tm_hour) || read_number(&s, 2, &tm.tm_min) ||
	    read_number(&s, 2, &tm.tm_sec) || read_char(&s, 'Z') || *s)
		return -1;
	return to_seconds(&tm, seconds);
}

static int read_offset(const char **s, int64_t *offset)
{
	int hours, minutes;

	*offset = 0;
	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return 0;
	}
	int sign = **s == '-' ? -1 : 1;
	if (**s != '+' && **s != '-')
		return -1;
	(*s)++;
	if (read_number(s, 2, &hours) || read_char(s, ':') ||
	    read_number(s, 2, &minutes) || hours > 23 || minutes > 59)
		return -1;
	*offset = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int clock_parse_rfc3339(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	const char *s = text;
	int64_t offset;

	if (read_number(&s, 4, &tm.tm_year) || read_char(&s, '-') ||
	    read_number(&s, 2, &tm.tm_mon) || read_char(&s, '-') ||
	    read_number(&s, 2, &tm.tm_mday) || (*s != 'T' && *s != 't'))
		return -1;
	s++;
	if (read_number(&s, 2, &tm.tm_hour) || read_char(&s, ':') ||
	    read_number(&s, 2, &tm.tm_min) || read_char(&s, ':') ||
	    read_number(&s, 2, &tm.tm_sec))
		return -1;
	if (*s == '.') {
		size_t digits = strspn(s + 1, "0123456789");
		if (digits == 0)
			return -1;
		s += 1 + digits;
	}
	if (read_offset(&s, &offset) || *s || to_seconds(&tm, seconds))
		return -1;
	*seconds -= offset;
	return 0;
}

int clock_parse_http_date(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	const char *s = text;

	if (strlen(s) != 29 || s[3] != ',' || s[4] != ' ')
		return -1;
	s += 5;
	if (read_number(&s, 2, &tm.tm_mday) || read_char(&s, ' '))
		return -1;
	for (int i = 0; i < 12; i++)
		if (strncmp(s, months[i], 3) == 0)
			tm.tm_mon = i + 1;
	if (tm.tm_mon == 0)
		return -1;
	s += 3;
	if (read_char(&s, ' ') || read_number(&s, 4, &tm.tm_year) ||
	    read_char(&s, ' ') || read_number(&s, 2, &tm.tm_hour) ||
	    read_char(&s, ':') || read_number(&s, 2, &tm.tm_min) ||
	    read_char(&s, ':') || read_number(&s, 2, &tm.tm_sec) ||
	    strcmp(s, " GMT") != 0)
		return -1;
	return to_seconds(&tm, seconds);
}
