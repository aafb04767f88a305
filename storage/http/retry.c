#include "storage/http/retry.h"

#include "storage/base/cleanup.h"

#include <string.h>

enum {
	DEFAULT_MAX_ATTEMPTS = 6,
	DEFAULT_BASE_MS = 200,
	DEFAULT_CAP_MS = 20 * 1000,
	MAX_RETRY_AFTER_MS = 60 * 1000,
	SLEEP_SLICE_MS = 100, /* how late a cancellation may be noticed */
};

enum http_retry_verdict http_retry_judge(
    void *ctx, const struct http_response *response, const struct err *failure)
{
	(void)ctx;
	if (failure)
		return failure->code == ERR_NETWORK && !response->too_slow
			   ? HTTP_RETRY_AGAIN
			   : HTTP_RETRY_DONE;
	switch (response->status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return HTTP_RETRY_AGAIN;
	default:
		return HTTP_RETRY_DONE;
	}
}

/* Full jitter: a random time up to the doubled bound, so that many clients that
 * failed together do not return together. */
static int64_t backoff_ms(
    const struct http_retry *a, int attempt, const struct random *random)
{
	int64_t cap = a->cap_ms ? a->cap_ms : DEFAULT_CAP_MS;
	int64_t bound = a->base_ms ? a->base_ms : DEFAULT_BASE_MS;

	for (int i = 1; i < attempt && bound < cap; i++)
		bound *= 2;
	if (bound > cap)
		bound = cap;
	return (int64_t)random_below(random, (uint64_t)bound + 1);
}

static int wait_before_next(const struct http_options *o,
    const struct http_retry *a, int64_t wait_ms, struct err *err)
{
	const struct cancel *cancel = a->cancel ? a->cancel : o->cancel;
	int64_t until = clock_ticks_ms(o->clock) + wait_ms;

	for (;;) {
		if (!a->even_if_stopped && cancel_check(cancel, err))
			return -1;
		int64_t left = until - clock_ticks_ms(o->clock);
		if (left <= 0)
			return 0;
		clock_sleep_ms(
		    o->clock, left < SLEEP_SLICE_MS ? left : SLEEP_SLICE_MS);
	}
}

static int64_t pause_ms(const struct http_options *o,
    const struct http_retry *a, int attempt,
    const struct http_response *response, bool answered)
{
	int64_t asked =
	    answered ? http_retry_after_ms(response, clock_now_ms(o->clock))
		     : -1;

	if (asked > MAX_RETRY_AFTER_MS)
		asked = MAX_RETRY_AFTER_MS;
	int64_t own = backoff_ms(a, attempt, o->random);
	return asked > own ? asked : own;
}

int http_retry_send(struct http *h, const struct http_retry *attempts,
    struct http_response *response, struct err *err)
{
	const struct http_options *o = http_options_of(h);
	int max = attempts->max_attempts ? attempts->max_attempts
					 : DEFAULT_MAX_ATTEMPTS;

	for (int attempt = 1;; attempt++) {
		cleanup(http_request_done) struct http_request request =
		    HTTP_REQUEST_INIT;
		struct err failure = ERR_INIT;
		if (attempts->prepare(attempts->ctx, attempt, &request, err))
			return -1;
		request.even_if_stopped |= attempts->even_if_stopped;
		request.cancel = attempts->cancel;
		int result = http_send(h, &request, response, &failure);
		enum http_retry_verdict verdict = attempts->judge(
		    attempts->ctx, response, result ? &failure : NULL);
		if (verdict == HTTP_RETRY_DONE || attempt >= max) {
			if (result)
				*err = failure;
			if (result && attempt > 1)
				err_wrap(err, "after %d attempts", attempt);
			return result;
		}
		if (wait_before_next(o, attempts,
			pause_ms(o, attempts, attempt, response, !result), err))
			return -1;
	}
}
