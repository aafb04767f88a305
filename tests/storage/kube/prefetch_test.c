#include "storage/kube/prefetch.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/script_client.h"

#include <stdlib.h>

/* ---- how many are under way ---- */

static void no_more_are_sent_ahead_than_may_be(void **state)
{
	struct kube_in_flight f = {.most = 2};

	(void)state;
	assert_true(kube_in_flight_try(&f));
	assert_true(kube_in_flight_try(&f));
	assert_false(kube_in_flight_try(&f));
	assert_int_equal(f.requests, 2); /* a refusal takes no place */
	kube_in_flight_leave(&f);
	assert_true(kube_in_flight_try(&f));
	/* What cannot wait is not refused. */
	kube_in_flight_enter(&f);
	assert_int_equal(f.requests, 3);
	assert_false(kube_in_flight_try(&f));
	kube_in_flight_leave(&f);
	kube_in_flight_leave(&f);
	assert_true(kube_in_flight_try(&f));
	assert_false(kube_in_flight_try(NULL));
	kube_in_flight_enter(NULL);
	kube_in_flight_leave(NULL);
}

static void places_are_kept_for_what_cannot_wait(void **state)
{
	struct kube_in_flight f = {.most = 3, .kept = 2};

	(void)state;
	assert_true(kube_in_flight_try(&f));
	assert_false(kube_in_flight_try(&f));
	kube_in_flight_enter(&f);
	assert_int_equal(f.kept, 1);
	assert_false(kube_in_flight_try(&f));
	kube_in_flight_enter(&f);
	kube_in_flight_enter(&f);
	assert_int_equal(f.kept, 0);
	assert_int_equal(f.requests, 4);
}

/* ---- a request ahead ---- */

struct fixture {
	struct script_client c; /* its HTTP client is not used */
	char *url;
	struct kube_access access;
	struct kube_client *client;
	struct buf got;
	unsigned attempts;
};

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)err;
	buf_add(&((struct fixture *)ctx)->got, data, len);
	return 0;
}

static int on_attempt(void *ctx, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	f->attempts++;
	buf_clear(&f->got);
	return 0;
}

static void setup(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;
	static char name[] = "ctx";

	*f = (struct fixture){.attempts = 0};
	script_client_init(&f->c, replies, count, 0);
	f->url = script_server_url(f->c.server, "");
	f->access = (struct kube_access){.name = name, .server = f->url};
	const struct kube_client_options o = {.access = &f->access,
	    .max_attempts = 2,
	    .clock = &f->c.clock.clock,
	    .random = &f->c.random.random,
	    .cancel = &f->c.cancel};
	f->client = kube_client_new(&o, &err);
	assert_non_null(f->client);
}

static void teardown(struct fixture *f)
{
	kube_client_free(f->client);
	script_client_done(&f->c);
	free(f->url);
	buf_done(&f->got);
}

static struct kube_prefetch *send(struct fixture *f)
{
	char query[] = "limit=7";
	const struct kube_request r = {.path = "/api/v1/pods",
	    .query = query,
	    .on_data = on_data,
	    .on_attempt = on_attempt,
	    .ctx = f};
	struct kube_prefetch *a = kube_prefetch_send(f->client, &r);

	/* Its query alone is a copy. */
	memset(query, 'x', sizeof(query) - 1);
	assert_non_null(a);
	return a;
}

static void what_was_sent_ahead_is_received(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_OK(7, "content")}};
	struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	setup(&f, replies, 1);
	struct kube_prefetch *a = send(&f);
	assert_int_equal(f.got.len, 0); /* nobody has come for it yet */
	assert_ok(kube_prefetch_receive(a, &answer, &err), err);
	assert_string_equal(buf_str(&f.got), "content");
	assert_true(str_starts(
	    script_server_request(f.c.server, 0), "GET /api/v1/pods?limit=7 "));
	kube_prefetch_free(a);
	kube_answer_done(&answer);
	teardown(&f);
	kube_prefetch_free(NULL);
}

static void an_error_is_given_to_whoever_receives(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = SCRIPT_STATUS(403)}};
	struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	setup(&f, replies, 1);
	struct kube_prefetch *a = send(&f);
	assert_fails(kube_prefetch_receive(a, &answer, &err), err, ERR_DENIED);
	assert_int_equal(f.got.len, 0);
	kube_prefetch_free(a);
	kube_answer_done(&answer);
	teardown(&f);
}

/* Whether it was answered already, or never is: it ends, and delivers nothing.
 */
static void what_is_not_wanted_any_more_is_ended(void **state)
{
	static const struct script_reply replies[][1] = {
	    {{.bytes = SCRIPT_OK(7, "content")}}, {{.delay_ms = 600 * 1000}}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture f;
		setup(&f, replies[i], 1);
		kube_prefetch_free(send(&f));
		assert_int_equal(f.got.len, 0);
		assert_int_equal(f.attempts, 0);
		teardown(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_are_sent_ahead_than_may_be),
	    cmocka_unit_test(places_are_kept_for_what_cannot_wait),
	    cmocka_unit_test(what_was_sent_ahead_is_received),
	    cmocka_unit_test(an_error_is_given_to_whoever_receives),
	    cmocka_unit_test(what_is_not_wanted_any_more_is_ended),
	};

	return cmocka_run_group_tests_name("prefetch", tests, NULL, NULL);
}
