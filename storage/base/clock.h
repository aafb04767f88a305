/*
 * Time as an argument: whoever needs it is given a clock, so that a test
 * gives its own. Also the forms in which time is written down.
 */
#ifndef STORAGE_BASE_CLOCK_H
#define STORAGE_BASE_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t (*now_ms)(void *ctx);	/* milliseconds since the epoch, UTC */
	int64_t (*ticks_ms)(void *ctx); /* monotonic, for durations */
	void (*sleep_ms)(void *ctx, int64_t duration_ms);
	void *ctx;
};

/* The machine's own clock. */
const struct clock *clock_system(void);

int64_t clock_now_ms(const struct clock *c);
int64_t clock_ticks_ms(const struct clock *c);
void clock_sleep_ms(const struct clock *c, int64_t duration_ms);

/* Room for each of the forms below with its NUL. */
enum { CLOCK_TEXT_MAX = 32 };

/* RFC 3339 in UTC, seconds: 2026-01-02T03:04:05Z. */
void clock_rfc3339(int64_t seconds, char out[CLOCK_TEXT_MAX]);
/* ISO 8601 basic: 20260102T030405Z, as in snapshot names and AWS dates. */
void clock_stamp(int64_t seconds, char out[CLOCK_TEXT_MAX]);

/* The reverse. Strict: the whole string has to be the time. Returns 0, or -1 if
 * it is not. The RFC 3339 reader accepts fractions of a second, which it cuts
 * off, and offsets. */
int clock_parse_rfc3339(const char *text, int64_t *seconds);
int clock_parse_stamp(const char *text, int64_t *seconds);
/* IMF-fixdate of RFC 9110: Fri, 02 Jan 2026 03:04:05 GMT. */
int clock_parse_http_date(const char *text, int64_t *seconds);

#endif
