#include "restore/kube/lease.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_holds_it_and_whether_that_run_is_dead),
	    cmocka_unit_test(what_is_no_lock_is_refused),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
