/* What is known of the snapshots of a vault before retention decides. */
#include "config/retention/outlook.h"

#include "storage/base/cleanup.h"
#include "tests/support/snapshots.h"

#include <stdlib.h>

enum { HOUR = 3600, DAY = 24 * HOUR };

static void hold(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	m->hold = true;
}

static void each_snapshot_is_known(void **state)
{
	struct test_snapshots s;
	struct err err = ERR_INIT;
	cleanup(outlook_done) struct outlook o = OUTLOOK_INIT;

	(void)state;
	test_snapshots_init(&s, 0);
	test_snapshots_add(&s, hold);
	s.clock.now_ms += (int64_t)HOUR * 1000;
	test_snapshots_add(&s, NULL);
	const struct outlook_terms terms = {.vault = &s.t->vault,
	    .name = "prod",
	    .trust = &s.trust,
	    .needed_for_s = 7 * DAY};
	assert_ok(outlook_gather(&o, &terms, &err), err);
	assert_int_equal(o.items.len, 2);
	VEC_EACH (&o.list, snapshot) {
		const struct retention_item *item =
		    outlook_of(&o, snapshot->label);
		assert_non_null(item);
		assert_int_equal(item->time, snapshot->time);
		assert_int_equal(item->hold, snapshot == o.list.items);
		assert_false(item->untrusted || item->unseen || item->bad ||
			     item->verified || item->partial);
		assert_non_null(proof_of(&o.proofs, item->label));
	}
	assert_null(outlook_of(&o, "prod-20000101T000000Z"));
	test_snapshots_done(&s);
}

static void a_policy_is_that_of_the_configuration(void **state)
{
	struct settings_retention r = {.keep_last = 1,
	    .keep_hourly = 2,
	    .keep_daily = 3,
	    .keep_weekly = 4,
	    .keep_monthly = 5,
	    .keep_yearly = 6,
	    .keep_within = 7000,
	    .keep_min = 8,
	    .max_deletions = 9,
	    .verified_only = true};
	struct err err = ERR_INIT;

	(void)state;
	strvec_add(&r.keep_tags, "release");
	cleanup(retention_policy_done) struct retention_policy p =
	    outlook_policy(&r);
	assert_ok(retention_policy_check(&p, &err), err);
	assert_int_equal(p.keep_last, 1);
	assert_int_equal(p.keep_hourly, 2);
	assert_int_equal(p.keep_daily, 3);
	assert_int_equal(p.keep_weekly, 4);
	assert_int_equal(p.keep_monthly, 5);
	assert_int_equal(p.keep_yearly, 6);
	assert_int_equal(p.keep_within_s, 7);
	assert_int_equal(p.keep_min, 8);
	assert_int_equal(p.max_deletions, 9);
	assert_true(p.verified_only);
	assert_true(strvec_has(&p.keep_tags, "release"));
	strvec_done(&r.keep_tags);
}

static void archives_are_needed_for_a_week_at_least(void **state)
{
	static const struct {
		int64_t full_every_ms, needed_s;
	} rows[] = {{0, 7 * DAY}, {1000, 7 * DAY},
	    {(int64_t)30 * DAY * 1000, 30 * DAY}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct settings s = {
		    .incremental.full_every = rows[i].full_every_ms};
		assert_int_equal(outlook_needed_for_s(&s), rows[i].needed_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_snapshot_is_known),
	    cmocka_unit_test(a_policy_is_that_of_the_configuration),
	    cmocka_unit_test(archives_are_needed_for_a_week_at_least),
	};

	return cmocka_run_group_tests_name("outlook", tests, NULL, NULL);
}
