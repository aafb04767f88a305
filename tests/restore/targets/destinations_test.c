#include "restore/targets/destinations.h"

#include "storage/base/cleanup.h"
#include "tests/support/targets.h"

#include <string.h>

static void open_with(struct test_targets *t, const char *config)
{
	struct err err = ERR_INIT;

	test_targets_init(t, config, "[]");
	assert_ok(test_targets_open(t, &err), err);
}

/* ---- two that go to one -------------------------------------------------- */

static void two_repositories_of_one_destination_are_refused(void **state)
{
	struct test_targets t;
	struct err err;

	(void)state;
	open_with(&t, "restore: {targets: {repositories: {a: 'https://h/x', b: "
		      "'ssh://git@h/x.git'}}}\n");
	test_targets_git(&t, "a", "https://s/a");
	test_targets_git(&t, "c", "https://s/c");
	uint32_t b = test_targets_git(&t, "b", "https://s/b");
	assert_fails(
	    destinations_check(&t.targets, t.plan.p, &err), err, ERR_USAGE);
	assert_contains(err.message,
	    "repository a and repository b would both go to "
	    "ssh://git@h/x.git, and one of them be lost");
	assert_contains(err.message, "(restore.targets.repositories)");
	/* One that is not restored is in nobody's way. */
	test_plan_node(&t.plan, b)->action = PLAN_CANNOT;
	err = (struct err)ERR_INIT;
	assert_ok(destinations_check(&t.targets, t.plan.p, &err), err);
	test_targets_done(&t);
}

/* Captured by two URLs, it is one. */
static void one_repository_may_go_there_twice(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	open_with(&t, "");
	test_targets_git(&t, "a", "https://h/x.git");
	test_targets_git(&t, "b", "ssh://git@h/x");
	assert_ok(destinations_check(&t.targets, t.plan.p, &err), err);
	test_targets_done(&t);
}

static void two_states_of_one_key_are_refused(void **state)
{
	struct test_targets t;
	struct err err;

	(void)state;
	open_with(&t,
	    "restore: {targets: {buckets: [{from: one, bucket: all, to_prefix: "
	    "x/}, {from: two, bucket: all, from_prefix: y/, to_prefix: "
	    "x/}]}}\n");
	test_targets_state(&t, "one", "k");
	test_targets_state(&t, "two", "y/l");
	err = (struct err)ERR_INIT;
	assert_ok(destinations_check(&t.targets, t.plan.p, &err), err);
	test_targets_state(&t, "two", "y/k");
	assert_fails(
	    destinations_check(&t.targets, t.plan.p, &err), err, ERR_USAGE);
	assert_contains(
	    err.message, "state one/k and state two/y/k would both go to ");
	assert_contains(err.message, "(restore.targets.buckets)");
	test_targets_done(&t);
}

/* ---- where all of it goes ------------------------------------------------ */

static void assert_listed(struct test_targets *t, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct print_destinations all = VEC_INIT;

	destinations_list(&t->targets, t->plan.p, &all);
	VEC_EACH (&all, d)
		buf_printf(&text, "%s: %s\n", d->what, d->to);
	print_destinations_done(&all);
	if (!str_eq(buf_str(&text), expected))
		fail_msg("%s", buf_str(&text));
}

static void what_is_used_is_listed_once(void **state)
{
	struct test_targets t;

	(void)state;
	open_with(&t,
	    "restore: {namespaces: {a: b}, targets: {buckets: [{from: one, "
	    "from_prefix: p/, bucket: all, to_prefix: x/, endpoint: "
	    "'http://127.0.0.1:1'}, {from: two, bucket: unused}]}}\n");
	test_targets_git(&t, "team/web", "https://h/web");
	test_targets_state(&t, "one", "p/k");
	test_targets_state(&t, "one", "p/l");
	assert_listed(&t, "repository team/web: https://h/web\n"
			  "bucket one, below 'p/': s3://all at "
			  "http://127.0.0.1:1, below 'x/'\n");
	/* Maps of namespaces are of objects. */
	test_plan_add_object(&t.plan, 0, "v1", "ConfigMap", "b", "m");
	assert_listed(&t, "repository team/web: https://h/web\n"
			  "bucket one, below 'p/': s3://all at "
			  "http://127.0.0.1:1, below 'x/'\n"
			  "namespace a: b\n");
	test_targets_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_repositories_of_one_destination_are_refused),
	    cmocka_unit_test(one_repository_may_go_there_twice),
	    cmocka_unit_test(two_states_of_one_key_are_refused),
	    cmocka_unit_test(what_is_used_is_listed_once),
	};

	return cmocka_run_group_tests_name(
	    "targets/destinations", tests, NULL, NULL);
}
