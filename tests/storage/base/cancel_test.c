#include "storage/base/cancel.h"

#include "tests/support/test.h"

static void a_request_stops_the_work_and_all_within_it(void **state)
{
	struct cancel run = {0};
	struct cancel step = {.outer = &run};
	struct cancel part = {.outer = &step};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(cancel_requested(NULL));
	assert_ok(cancel_check(NULL, &err), err);
	assert_ok(cancel_check(&part, &err), err);
	cancel_request(&step);
	assert_true(cancel_requested(&step));
	assert_true(cancel_requested(&part));
	assert_false(cancel_requested(&run));
	assert_fails(cancel_check(&part, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "stopped on request");
	assert_ok(cancel_check(&run, &err), err);
	cancel_request(&run);
	assert_true(cancel_requested(&run));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_stops_the_work_and_all_within_it),
	};

	return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
