#include "restore/kube/lease.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_script.h"

#include <string.h>

#define LEASE(holder, duration, renewed)                                       \
	"{\"metadata\":{\"resourceVersion\":\"7\",\"uid\":\"u\"},\"spec\":{"   \
	"\"holderIdentity\":\"" holder "\",\"leaseDurationSeconds\":" duration \
	",\"acquireTime\":\"2026-01-01T00:00:00.000000Z\",\"renewTime\":"      \
	"\"" renewed "\"}}"

static const int64_t now = 1767225700; /* 2026-01-01T00:01:40Z */

static void who_holds_it_and_whether_that_run_is_dead(void **state)
{
	static const struct {
		const char *object;
		const char *holder;
		bool dead;
	} cases[] = {
	    {LEASE("a", "60", "2026-01-01T00:01:00.000000Z"), "a", false},
	    {LEASE("a", "60", "2026-01-01T00:00:00.000000Z"), "a", true},
	    /* Whose clock is ahead. */
	    {LEASE("a", "60", "2026-01-01T01:00:00.000000Z"), "a", false},
	    /* It was given back. */
	    {LEASE("", "60", "2026-01-01T00:01:39.000000Z"), "", true},
	    {LEASE("a", "60", "yesterday"), "a", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(lease_info_done) struct lease_info info = {
		    .holder = NULL};
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].object);
		struct err err = ERR_INIT;

		assert_ok(lease_parse(object, now, &info, &err), err);
		assert_string_equal(info.holder, cases[i].holder);
		assert_string_equal(info.version, "7");
		assert_int_equal(info.taken, 1767225600);
		assert_int_equal(info.dead, cases[i].dead);
	}
}

static void what_is_no_lock_is_refused(void **state)
{
	static const char *const cases[] = {"{}", "[]",
	    "{\"spec\":{\"holderIdentity\":\"a\"}}",
	    LEASE("a", "86401", "2026-01-01T00:01:00.000000Z"),
	    LEASE("a", "-1", "2026-01-01T00:01:00.000000Z")};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(lease_info_done) struct lease_info info = {
		    .holder = NULL};
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i]);
		struct err err = ERR_INIT;

		assert_int_equal(lease_parse(object, now, &info, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_non_null(strstr(err.message, "delete it"));
	}
}

/* A server in which it is not there and which answers so to those who make it:
 * the error, and how often it was asked. */
static void assert_refused(const char *answer, enum err_code code, size_t asked)
{
	enum { REPLIES = 20 };
	struct script_reply replies[REPLIES];
	struct err err = ERR_INIT;
	struct test_kube kube;

	for (size_t i = 0; i < REPLIES; i++)
		replies[i] = (struct script_reply){.close = 1,
		    .bytes =
			i % 2 ? answer : KUBE_REPLY("404 Not Found", "{}")};
	test_kube_start(&kube, replies, REPLIES);
	const struct lease_options o = {
	    .holder = "apply", .clock = &kube.clock.clock};
	assert_null(lease_take(kube.client, &o, &err));
	assert_int_equal(err.code, code);
	assert_int_equal(script_server_count(kube.server), asked);
	test_kube_stop(&kube);
}

static void one_that_cannot_be_made_is_given_up(void **state)
{
	(void)state;
	/* The API is not served. */
	assert_refused(KUBE_REPLY("404 Not Found", "{}"), ERR_NOT_FOUND, 2);
	/* It is there for one request and not for the other. */
	assert_refused(KUBE_REPLY("409 Conflict", "{}"), ERR_EXISTS, 16);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_holds_it_and_whether_that_run_is_dead),
	    cmocka_unit_test(what_is_no_lock_is_refused),
	    cmocka_unit_test(one_that_cannot_be_made_is_given_up),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
