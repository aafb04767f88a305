/* Which bucket a state goes to, without a request. */
#include "restore/targets/buckets.h"

#include "storage/base/cleanup.h"
#include "tests/support/targets.h"

#include <stdlib.h>
#include <string.h>

static void open_with(struct test_targets *t, const char *config)
{
	struct err err = ERR_INIT;

	test_targets_init(t, config, "[]");
	assert_ok(test_targets_open(t, &err), err);
}

/* Where a state is sent, as people read it; NULL: nowhere. */
static void assert_goes(struct test_targets *t, const char *bucket,
    const char *key, const char *to_bucket, const char *to_key)
{
	uint32_t node = test_targets_state(t, bucket, key);
	autofree char *to =
	    buckets_destination(&t->targets, test_plan_node(&t->plan, node));

	if (!to_bucket) {
		assert_null(to);
		return;
	}
	autofree char *end = str_printf(", '%s'", to_key);
	if (!to || !strstr(to, to_bucket) || !str_ends(to, end))
		fail_msg("%s/%s: %s", bucket, key, to ? to : "nowhere");
}

static void a_bucket_goes_to_itself_or_where_it_is_sent(void **state)
{
	struct test_targets t;

	(void)state;
	open_with(&t,
	    "terraform: {buckets: [{bucket: one}, {bucket: two}]}\n"
	    "restore: {targets: {buckets: [{from: two, bucket: other}]}}\n");
	assert_goes(&t, "one", "k", "one", "k");
	assert_goes(&t, "two", "k", "other", "k");
	assert_goes(&t, "three", "k", NULL, NULL);
	test_targets_done(&t);
}

static void the_longest_prefix_that_fits_wins(void **state)
{
	struct test_targets t;

	(void)state;
	open_with(&t,
	    "terraform: {buckets: [{bucket: one}]}\n"
	    "restore: {targets: {buckets: [{from: one, from_prefix: a/, "
	    "bucket: short}, {from: one, from_prefix: a/b/, bucket: longer, "
	    "to_prefix: x/}]}}\n");
	assert_goes(&t, "one", "a/b/k", "longer", "x/k");
	assert_goes(&t, "one", "a/k", "short", "k");
	assert_goes(&t, "one", "a/bk", "short", "bk");
	/* What no prefix fits stays in its own bucket. */
	assert_goes(&t, "one", "k", "one", "k");
	test_targets_done(&t);
}

static void one_without_facts_goes_nowhere(void **state)
{
	struct test_targets t;

	(void)state;
	open_with(&t, "terraform: {buckets: [{bucket: one}]}\n");
	uint32_t node = test_plan_add_state(&t.plan, "one/k");
	assert_null(buckets_find(&t.targets, test_plan_node(&t.plan, node)));
	test_targets_done(&t);
}

/* Of a source the objects have the customer's key that had one; of a target all
 * of them. */
static void options_are_those_of_its_target(void **state)
{
	struct test_targets t;

	(void)state;
	open_with(&t,
	    "terraform: {buckets: [{bucket: one}, {bucket: two}]}\n"
	    "restore: {overwrite_state: true, targets: {buckets: [{from: two, "
	    "bucket: other, lock_files: false, kms: key, kms_key_id: k, "
	    "to_prefix: x/}]}}\n");
	uint32_t one = test_targets_state(&t, "one", "k");
	uint32_t two = test_targets_state(&t, "two", "k");
	const struct state_apply_options *o =
	    &buckets_find(&t.targets, test_plan_node(&t.plan, one))->options;
	assert_true(o->overwrite);
	assert_true(o->customer_key_kept);
	assert_false(o->no_lock_file);
	assert_int_equal(o->kms, STATE_APPLY_KMS_KEEP);
	o = &buckets_find(&t.targets, test_plan_node(&t.plan, two))->options;
	assert_true(o->overwrite);
	assert_false(o->customer_key_kept);
	assert_true(o->no_lock_file);
	assert_int_equal(o->kms, STATE_APPLY_KMS_KEY);
	assert_string_equal(o->kms_key_id, "k");
	assert_string_equal(o->to_prefix, "x/");
	test_targets_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_goes_to_itself_or_where_it_is_sent),
	    cmocka_unit_test(the_longest_prefix_that_fits_wins),
	    cmocka_unit_test(one_without_facts_goes_nowhere),
	    cmocka_unit_test(options_are_those_of_its_target),
	};

	return cmocka_run_group_tests_name(
	    "targets/buckets", tests, NULL, NULL);
}
