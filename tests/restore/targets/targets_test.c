#include "restore/targets/targets.h"

#include "storage/base/cleanup.h"
#include "tests/support/targets.h"

#include <string.h>

#define CLUSTERS                                                               \
	"[{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"prod\",\"uid\":"  \
	"\"u-1\"},{\"name\":\"edge\"}]}]"

/* ---- clusters ------------------------------------------------------------ */

static void a_cluster_without_a_target_is_refused(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	test_targets_init(&t, "", CLUSTERS);
	assert_fails(test_targets_open(&t, &err), err, ERR_USAGE);
	assert_contains(
	    err.message, "cluster 'prod' of the snapshot has no target");
	assert_contains(err.message, "restore.targets.clusters");
	test_targets_done(&t);
}

static void it_is_left_out_where_that_is_wanted(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	test_targets_init(&t, "", CLUSTERS);
	t.chosen.spared = true;
	assert_ok(test_targets_open(&t, &err), err);
	assert_int_equal(t.targets.clusters.len, 0);
	test_targets_done(&t);
}

/* Planned without asking anybody. */
static void offline_none_is_connected(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	test_targets_init(&t, "", CLUSTERS);
	t.chosen.offline = true;
	t.options.same_cluster = true;
	assert_ok(test_targets_open(&t, &err), err);
	assert_int_equal(t.targets.plan.len, 2);
	const struct plan_cluster *c = &t.targets.plan.items[0];
	assert_string_equal(c->name, "prod");
	assert_string_equal(c->source_uid, "u-1");
	assert_null(c->client);
	assert_true(c->same_cluster);
	assert_null(t.targets.plan.items[1].source_uid);
	test_targets_done(&t);
}

static void only_those_that_are_chosen_need_a_target(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;
	cleanup(strvec_done) struct strvec only = VEC_INIT;

	(void)state;
	strvec_add(&only, "edge/");
	test_targets_init(&t, "", CLUSTERS);
	t.chosen.offline = true;
	t.chosen.only_kubernetes = &only;
	assert_ok(test_targets_open(&t, &err), err);
	assert_int_equal(t.targets.clusters.len, 1);
	assert_string_equal(t.targets.clusters.items[0].name, "edge");
	test_targets_done(&t);
}

/* One of the sources is its own target, unless another is named for it. */
static void a_target_goes_before_the_source(void **state)
{
	struct test_targets t;

	(void)state;
	test_targets_init(&t,
	    "kubernetes: {clusters: [{name: prod, context: own}, {name: edge, "
	    "context: own-edge}]}\n"
	    "restore: {targets: {clusters: [{from: prod, context: other}]}}\n",
	    CLUSTERS);
	assert_string_equal(
	    targets_cluster(t.settings, "prod")->context, "other");
	assert_string_equal(
	    targets_cluster(t.settings, "edge")->context, "own-edge");
	assert_null(targets_cluster(t.settings, "test"));
	test_targets_done(&t);
}

/* ---- what a plan needs --------------------------------------------------- */

static void what_has_no_target_cannot_be_restored(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	test_targets_init(
	    &t, "terraform: {buckets: [{bucket: known}]}\n", "[]");
	uint32_t there = test_targets_state(&t, "known", "k");
	uint32_t state_ = test_targets_state(&t, "unknown", "k");
	uint32_t out = test_targets_state(&t, "unknown", "l");
	uint32_t git = test_targets_git(&t, "team/web", "https://h/web");
	uint32_t lost = test_targets_git(&t, "team/lost", NULL);
	test_plan_node(&t.plan, out)->action = PLAN_EXCLUDE;
	assert_ok(test_targets_open(&t, &err), err);
	targets_check(&t.targets, t.plan.p);
	assert_int_equal(test_plan_node(&t.plan, there)->action, PLAN_APPLY);
	assert_int_equal(test_plan_node(&t.plan, git)->action, PLAN_APPLY);
	assert_int_equal(test_plan_node(&t.plan, out)->action, PLAN_EXCLUDE);
	assert_int_equal(test_plan_node(&t.plan, state_)->action, PLAN_CANNOT);
	assert_string_equal(test_plan_node(&t.plan, state_)->reason,
	    "bucket 'unknown' has no target; name it in "
	    "restore.targets.buckets");
	assert_int_equal(test_plan_node(&t.plan, lost)->action, PLAN_CANNOT);
	assert_contains(test_plan_node(&t.plan, lost)->reason,
	    "restore.targets.repositories");
	test_targets_done(&t);
}

static void without_buckets_none_is_opened(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	test_targets_init(
	    &t, "terraform: {buckets: [{bucket: known}]}\n", "[]");
	t.chosen.elsewhere = true;
	assert_ok(test_targets_open(&t, &err), err);
	assert_int_equal(t.targets.buckets.len, 0);
	test_targets_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cluster_without_a_target_is_refused),
	    cmocka_unit_test(it_is_left_out_where_that_is_wanted),
	    cmocka_unit_test(offline_none_is_connected),
	    cmocka_unit_test(only_those_that_are_chosen_need_a_target),
	    cmocka_unit_test(a_target_goes_before_the_source),
	    cmocka_unit_test(what_has_no_target_cannot_be_restored),
	    cmocka_unit_test(without_buckets_none_is_opened),
	};

	return cmocka_run_group_tests_name(
	    "targets/targets", tests, NULL, NULL);
}
