#include "storage/http/retry.h"

#include "storage/base/cleanup.h"
#include "tests/support/script_client.h"

#include <stdlib.h>
#include <string.h>

#define BUSY SCRIPT_STATUS(503)

struct calls {
	struct script_client *f;
	int prepared;
};

static int prepare(
    void *ctx, int attempt, struct http_request *request, struct err *err)
{
	struct calls *c = ctx;

	(void)err;
	c->prepared++;
	assert_int_equal(attempt, c->prepared);
	request->url = c->f->url;
	return 0;
}

/* Whenever it is looked at, an hour has passed. */
static int64_t racing(void *ctx)
{
	struct test_clock *c = ctx;

	c->now_ms += 3600 * 1000;
	return c->now_ms;
}

static void tries_again_what_may_pass(void **state)
{
	static const struct script_reply replies[] = {
	    /* The first: on a kept connection libcurl asks again itself. */
	    {.bytes = NULL, .close = 2},
	    {.bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"},
	    {.bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n"
		      "Content-Length: 0\r\n\r\n"},
	    {.bytes = SCRIPT_OK(2, "ok")},
	};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct calls calls = {.f = &f};
	struct http_retry attempts = {
	    .prepare = prepare, .judge = http_retry_judge, .ctx = &calls};

	(void)state;
	script_client_init(&f, replies, 4, 0);
	int64_t start = f.clock.now_ms;
	assert_ok(http_retry_send(f.http, &attempts, &r, &err), err);
	assert_int_equal(r.status, 200);
	assert_int_equal(calls.prepared, 4);
	assert_true(f.clock.now_ms - start >= 7000);
	http_response_done(&r);
	script_client_done(&f);
}

static void gives_up_with_the_last_answer(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
	    {.bytes = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"},
	    {.bytes = SCRIPT_OK(0, "")},
	};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct calls calls = {.f = &f};
	struct http_retry attempts = {.max_attempts = 2,
	    .prepare = prepare,
	    .judge = http_retry_judge,
	    .ctx = &calls};

	(void)state;
	script_client_init(&f, replies, 3, 0);
	assert_ok(http_retry_send(f.http, &attempts, &r, &err), err);
	assert_int_equal(r.status, 502);
	assert_int_equal(script_server_count(f.server), 2);
	http_response_done(&r);
	script_client_done(&f);
}

static void what_drips_is_ended_and_not_asked_again(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_OK(5, "hello"), .delay_ms = 50},
	    {.bytes = SCRIPT_OK(5, "hello")}};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct calls calls = {.f = &f};
	struct http_retry attempts = {
	    .prepare = prepare, .judge = http_retry_judge, .ctx = &calls};

	(void)state;
	script_client_init(&f, replies, 2, 0);
	f.clock.clock.ticks_ms = racing;
	assert_fails(
	    http_retry_send(f.http, &attempts, &r, &err), err, ERR_NETWORK);
	assert_contains(err.message, "the server is too slow");
	assert_true(r.too_slow);
	assert_int_equal(calls.prepared, 1);
	http_response_done(&r);
	script_client_done(&f);
}

static void judged_by_status_and_by_error(void **state)
{
	static const int again[] = {408, 429, 500, 502, 503, 504};
	static const int done[] = {
	    200, 206, 301, 400, 401, 403, 404, 409, 412, 501, 505, 507};
	static const enum err_code ended[] = {ERR_CANCELLED, ERR_DENIED,
	    ERR_FORMAT, ERR_INTEGRITY, ERR_SYSTEM, ERR_USAGE};
	struct http_response r = HTTP_RESPONSE_INIT;
	struct err err = {.code = ERR_NETWORK};

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++) {
		r.status = again[i];
		assert_int_equal(
		    http_retry_judge(NULL, &r, NULL), HTTP_RETRY_AGAIN);
	}
	for (size_t i = 0; i < sizeof(done) / sizeof(*done); i++) {
		r.status = done[i];
		assert_int_equal(
		    http_retry_judge(NULL, &r, NULL), HTTP_RETRY_DONE);
	}
	assert_int_equal(http_retry_judge(NULL, &r, &err), HTTP_RETRY_AGAIN);
	r.too_slow = true;
	assert_int_equal(http_retry_judge(NULL, &r, &err), HTTP_RETRY_DONE);
	r.too_slow = false;
	for (size_t i = 0; i < sizeof(ended) / sizeof(*ended); i++) {
		err.code = ended[i];
		assert_int_equal(
		    http_retry_judge(NULL, &r, &err), HTTP_RETRY_DONE);
	}
}

/* Randomness that always gives the longest wait of those it is asked for. */
struct longest {
	struct random random;
	const uint64_t *values;
};

static void give_longest(void *ctx, void *out, size_t len)
{
	struct longest *l = ctx;

	assert_int_equal(len, sizeof(*l->values));
	memcpy(out, l->values++, len);
}

static const struct script_reply busy[] = {{.bytes = BUSY}, {.bytes = BUSY},
    {.bytes = BUSY}, {.bytes = BUSY}, {.bytes = BUSY}, {.bytes = BUSY},
    {.bytes = BUSY}};

/* How long `attempts` waits in all, between as many answers of 503. */
static int64_t waited(struct http_retry *attempts, const uint64_t *longest)
{
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct calls calls = {.f = &f};

	script_client_init(&f, busy, 7, 0);
	struct longest l = {
	    .random = {.fill = give_longest, .ctx = &l}, .values = longest};
	const struct http_options o = {
	    .clock = &f.clock.clock, .random = &l.random};
	http_free(f.http);
	f.http = http_new(&o, &err);
	attempts->prepare = prepare;
	attempts->judge = http_retry_judge;
	attempts->ctx = &calls;
	int64_t start = f.clock.now_ms;
	assert_ok(http_retry_send(f.http, attempts, &r, &err), err);
	assert_int_equal(r.status, 503);
	int64_t ms = f.clock.now_ms - start;
	assert_int_equal(calls.prepared,
	    attempts->max_attempts ? attempts->max_attempts : 6);
	assert_int_equal(script_server_count(f.server), calls.prepared);
	http_response_done(&r);
	script_client_done(&f);
	return ms;
}

static void waits_double_up_to_the_cap(void **state)
{
	static const uint64_t usual[] = {200, 400, 800, 1600, 3200};
	static const uint64_t capped[] = {50, 100, 120, 120};
	/* One more than a bound is 0 again: the bounds are these. */
	static const uint64_t beyond[] = {201, 401, 801, 1601, 3201};
	struct http_retry by_default = {0};
	struct http_retry own = {
	    .max_attempts = 5, .base_ms = 50, .cap_ms = 120};
	struct http_retry once = {.max_attempts = 1};

	(void)state;
	assert_int_equal(waited(&by_default, usual), 6200);
	assert_int_equal(waited(&by_default, beyond), 0);
	assert_int_equal(waited(&own, capped), 390);
	assert_int_equal(waited(&once, usual), 0);
}

static void retry_after_is_honoured_up_to_a_minute(void **state)
{
	static const struct {
		const char *answer;
		int64_t ms;
	} cases[] = {
	    {"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
	     "Content-Length: 0\r\n\r\n",
		7000},
	    {"HTTP/1.1 429 Slow\r\nRetry-After: 60\r\n"
	     "Content-Length: 0\r\n\r\n",
		60000},
	    {"HTTP/1.1 503 Busy\r\nRetry-After: 61\r\n"
	     "Content-Length: 0\r\n\r\n",
		60000},
	    {"HTTP/1.1 503 Busy\r\n"
	     "Retry-After: Tue, 14 Nov 2023 22:13:30 GMT\r\n"
	     "Content-Length: 0\r\n\r\n",
		10000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_reply replies[] = {
		    {.bytes = cases[i].answer}, {.bytes = SCRIPT_OK(0, "")}};
		struct script_client f;
		struct err err = ERR_INIT;
		struct http_response r = HTTP_RESPONSE_INIT;
		struct calls calls = {.f = &f};
		const struct http_retry attempts = {.prepare = prepare,
		    .judge = http_retry_judge,
		    .ctx = &calls};
		script_client_init(&f, replies, 2, 0);
		int64_t start = f.clock.now_ms;
		assert_ok(http_retry_send(f.http, &attempts, &r, &err), err);
		assert_int_equal(r.status, 200);
		assert_int_equal(f.clock.now_ms - start, cases[i].ms);
		http_response_done(&r);
		script_client_done(&f);
	}
}

static void no_answer_is_counted_in_the_error(void **state)
{
	static const struct script_reply resets[] = {
	    {.close = 2}, {.close = 2}, {.close = 2}};
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	struct calls calls = {.f = &f};
	const struct http_retry attempts = {.max_attempts = 3,
	    .prepare = prepare,
	    .judge = http_retry_judge,
	    .ctx = &calls};

	(void)state;
	script_client_init(&f, resets, 3, 0);
	assert_fails(
	    http_retry_send(f.http, &attempts, &r, &err), err, ERR_NETWORK);
	assert_true(str_starts(err.message, "after 3 attempts: "));
	assert_int_equal(calls.prepared, 3);
	http_response_done(&r);
	script_client_done(&f);
}

static struct cancel *cancelled_by_sleeping;

static void sleep_and_cancel(void *ctx, int64_t duration_ms)
{
	((struct test_clock *)ctx)->now_ms += duration_ms;
	cancel_request(cancelled_by_sleeping);
}

/* A request to stop ends the wait, but not that of what cleans up. */
static void a_wait_ends_on_request(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = "HTTP/1.1 503 Busy\r\nRetry-After: 30\r\n"
		      "Content-Length: 0\r\n\r\n"},
	    {.bytes = SCRIPT_OK(0, "")}};

	(void)state;
	for (int cleaning = 0; cleaning < 2; cleaning++) {
		struct script_client f;
		struct err err = ERR_INIT;
		struct http_response r = HTTP_RESPONSE_INIT;
		struct calls calls = {.f = &f};
		const struct http_retry attempts = {.prepare = prepare,
		    .judge = http_retry_judge,
		    .ctx = &calls,
		    .even_if_stopped = cleaning};
		script_client_init(&f, replies, 2, 0);
		f.clock.clock.sleep_ms = sleep_and_cancel;
		cancelled_by_sleeping = &f.cancel;
		int64_t start = f.clock.now_ms;
		int result = http_retry_send(f.http, &attempts, &r, &err);
		int64_t ms = f.clock.now_ms - start;
		if (cleaning) {
			assert_ok(result, err);
			assert_int_equal(ms, 30000);
			assert_int_equal(r.status, 200);
		} else {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, ERR_CANCELLED);
			assert_int_equal(ms, 100);
			assert_int_equal(script_server_count(f.server), 1);
		}
		http_response_done(&r);
		script_client_done(&f);
	}
}

static int prepare_nothing(
    void *ctx, int attempt, struct http_request *request, struct err *err)
{
	(void)ctx;
	(void)attempt;
	(void)request;
	return err_set(err, ERR_USAGE, "no credentials");
}

static void what_cannot_be_prepared_is_not_sent(void **state)
{
	struct script_client f;
	struct err err = ERR_INIT;
	struct http_response r = HTTP_RESPONSE_INIT;
	const struct http_retry attempts = {
	    .prepare = prepare_nothing, .judge = http_retry_judge};

	(void)state;
	script_client_init(&f, busy, 1, 0);
	assert_fails(
	    http_retry_send(f.http, &attempts, &r, &err), err, ERR_USAGE);
	assert_string_equal(err.message, "no credentials");
	assert_int_equal(script_server_count(f.server), 0);
	http_response_done(&r);
	script_client_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judged_by_status_and_by_error),
	    cmocka_unit_test(tries_again_what_may_pass),
	    cmocka_unit_test(gives_up_with_the_last_answer),
	    cmocka_unit_test(what_drips_is_ended_and_not_asked_again),
	    cmocka_unit_test(waits_double_up_to_the_cap),
	    cmocka_unit_test(retry_after_is_honoured_up_to_a_minute),
	    cmocka_unit_test(no_answer_is_counted_in_the_error),
	    cmocka_unit_test(a_wait_ends_on_request),
	    cmocka_unit_test(what_cannot_be_prepared_is_not_sent),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
