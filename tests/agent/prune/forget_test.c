/*
 * Which snapshot may be forgotten by hand.
 */
#include "agent/prune/forget.h"
#include "tests/support/test.h"

enum { NOW = 1000 };

static struct retention_item good(const char *label)
{
	return (struct retention_item){.label = label};
}

static void one_goes_and_the_others_stay(void **state)
{
	struct retention_item items[] = {good("a"), good("b"), good("c")};
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(forget_plan(items, 3, "b", NOW, &err), err);
	assert_true(items[0].keep && !items[1].keep && items[2].keep);
	assert_int_equal(items[1].turn, 1);
	assert_int_equal(items[0].turn + items[2].turn, 0);
	assert_string_equal(items[1].reason, "forgotten by hand");
}

static void refuse(struct retention_item *items, size_t count,
    enum err_code code, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(forget_plan(items, count, "b", NOW, &err), -1);
	assert_int_equal(err.code, code);
	assert_contains(err.message, text);
}

static void the_last_good_one_stays(void **state)
{
	struct retention_item items[] = {good("a"), good("b"), good("c")};
	struct err err = ERR_INIT;

	(void)state;
	items[0].partial = true;
	items[2].bad = true;
	refuse(items, 3, ERR_USAGE, "'b' is the last good snapshot");
	items[2] = good("c");
	items[2].unseen = true;
	refuse(items, 3, ERR_USAGE, "the last good snapshot");
	items[2].unseen = false;
	items[2].untrusted = true;
	refuse(items, 3, ERR_USAGE, "the last good snapshot");
	items[2].untrusted = false;
	items[2].time = NOW + 1;
	refuse(items, 3, ERR_USAGE, "the last good snapshot");
	/* Of that one alone, as well. */
	items[1].bad = true;
	assert_int_equal(forget_plan(items, 3, "c", NOW, &err), -1);
	assert_contains(err.message, "'c' is the last good snapshot");
	items[1].bad = false;
	/* One that is not good may go, though no good one is there. */
	items[1].partial = true;
	assert_ok(forget_plan(items, 3, "b", NOW, &err), err);
}

static void what_is_held_or_needed_stays(void **state)
{
	struct retention_item items[] = {good("a"), good("b"), good("c")};
	struct strvec needs = VEC_INIT;

	(void)state;
	items[1].hold = true;
	refuse(items, 3, ERR_USAGE, "mark b --no-hold");
	items[1].hold = false;
	strvec_add(&needs, "b");
	items[2].needs = &needs;
	refuse(items, 3, ERR_USAGE, "'c' needs the archive of 'b'");
	items[2].needs = NULL;
	items[1].hidden = "d";
	refuse(items, 3, ERR_USAGE, "'d' needs the archive of 'b'");
	items[1].hidden = NULL;
	items[1].untrusted = true;
	refuse(items, 3, ERR_USAGE, "no key that is trusted signed");
	strvec_done(&needs);
}

static void its_archive_stays_for_who_needs_it(void **state)
{
	struct retention_item items[] = {good("a"), good("b"), good("c")};
	struct strvec needs = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	strvec_add(&needs, "b");
	items[2].needs = &needs;
	items[1].reducible = true;
	assert_ok(forget_plan(items, 3, "b", NOW, &err), err);
	assert_string_equal(items[1].stays_for, "c");
	assert_string_equal(
	    items[1].reason, "forgotten by hand; its archive stays for 'c'");
	items[1].hidden = "d";
	refuse(items, 3, ERR_USAGE, "'d' needs the archive of 'b'");
	/* What stayed is no snapshot, and is not forgotten. */
	items[1] = good("b");
	items[1].archive_only = true;
	assert_int_equal(forget_plan(items, 3, "b", NOW, &err), 1);
	assert_true(items[1].keep);
	strvec_done(&needs);
}

static void one_that_is_not_there_is_named(void **state)
{
	struct retention_item items[] = {good("a")};

	(void)state;
	for (size_t count = 0; count < 2; count++) {
		struct err err = ERR_INIT;
		assert_int_equal(
		    forget_plan(count ? items : NULL, count, "b", NOW, &err),
		    1);
		assert_int_equal(err.code, ERR_NOT_FOUND);
		assert_contains(err.message, "'b' is not there");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_goes_and_the_others_stay),
	    cmocka_unit_test(the_last_good_one_stays),
	    cmocka_unit_test(what_is_held_or_needed_stays),
	    cmocka_unit_test(its_archive_stays_for_who_needs_it),
	    cmocka_unit_test(one_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
