#include "restore/run/outcome.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void each_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = OUTCOME_PENDING; i <= OUTCOME_FAILED; i++) {
		const char *name = outcome_name((enum outcome_kind)i);

		assert_non_null(name);
		for (int j = OUTCOME_PENDING; j < i; j++)
			assert_string_not_equal(
			    name, outcome_name((enum outcome_kind)j));
	}
	/* The journal and the report keep these words. */
	assert_string_equal(outcome_name(OUTCOME_PENDING), "pending");
	assert_string_equal(outcome_name(OUTCOME_DELETED), "deleted");
	assert_string_equal(outcome_name(OUTCOME_FAILED), "failed");
}

/* What policy or request left alone is not missing, and neither is what a dry
 * run could not ask about. */
static void knows_what_is_missing(void **state)
{
	static const bool missing[] = {[OUTCOME_PENDING] = true,
	    [OUTCOME_HELD] = true,
	    [OUTCOME_PARTIAL] = true,
	    [OUTCOME_FAILED] = true};

	(void)state;
	for (int i = OUTCOME_PENDING; i <= OUTCOME_FAILED; i++)
		assert_int_equal(
		    outcome_is_missing((enum outcome_kind)i), missing[i]);
}

static void the_last_detail_counts(void **state)
{
	cleanup(outcome_done) struct outcome o = OUTCOME_INIT;
	struct err err = ERR_INIT;

	(void)state;
	outcome_set(&o, OUTCOME_UPDATED, "%d fields", 3);
	assert_int_equal(o.kind, OUTCOME_UPDATED);
	assert_string_equal(o.detail, "3 fields");
	/* A detail may be made of the one before. */
	outcome_set(&o, OUTCOME_PARTIAL, "%s, one refused", o.detail);
	assert_string_equal(o.detail, "3 fields, one refused");
	outcome_set(&o, OUTCOME_CREATED, "%s", "");
	assert_int_equal(o.kind, OUTCOME_CREATED);
	assert_null(o.detail);
	err_set(&err, ERR_DENIED, "100%% %s", "refused");
	outcome_failed(&o, &err);
	assert_int_equal(o.kind, OUTCOME_FAILED);
	assert_string_equal(o.detail, "100% refused");
}

static void notes_add_up(void **state)
{
	struct outcome o = OUTCOME_INIT;

	(void)state;
	outcome_note(&o, "%s", "first");
	outcome_set(&o, OUTCOME_CREATED, "made");
	outcome_note(&o, "second of %d", 2);
	assert_int_equal(o.notes.len, 2);
	assert_string_equal(o.notes.items[0], "first");
	assert_string_equal(o.notes.items[1], "second of 2");
	outcome_done(&o);
	assert_int_equal(o.kind, OUTCOME_PENDING);
	assert_null(o.detail);
	assert_int_equal(o.notes.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_has_a_name_of_its_own),
	    cmocka_unit_test(knows_what_is_missing),
	    cmocka_unit_test(the_last_detail_counts),
	    cmocka_unit_test(notes_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
