#include "tests/support/configs.h"
#include "tests/support/test.h"

#define RESTORE(TEXT) CONFIG_HEAD "restore: {" TEXT "}\n"
#define TARGETS(TEXT) RESTORE("targets: {" TEXT "}")

static void a_cluster_goes_to_one_place(void **state)
{
	static const struct config_case cases[] = {
	    {TARGETS("clusters: [{from: a, context: c}, {from: b, "
		     "in_cluster: true}]"),
		NULL},
	    {TARGETS("clusters: [{from: a}]"),
		"restore.targets.clusters[0]: names no target"},
	    {TARGETS("clusters: [{from: a, in_cluster: true, context: c}]"),
		"in_cluster: excludes 'kubeconfig' and 'context'"},
	    /* Which of both was meant is not for us to choose. */
	    {TARGETS("clusters: [{from: a, context: c}, {from: b, context: "
		     "d}, {from: a, context: e}]"),
		"restore.targets.clusters[2]: has the from 'a' of item 0; "
		"give it another"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void a_cluster_is_drilled_in_one_place(void **state)
{
	static const struct config_case cases[] = {
	    {CONFIG_HEAD "drill: {clusters: [{from: a, context: c}, {from: b, "
			 "context: d}]}\n",
		NULL},
	    {CONFIG_HEAD "drill: {clusters: [{from: a, context: c}, {from: a, "
			 "context: d}]}\n",
		"drill.clusters[1]: has the from 'a' of item 0; give it "
		"another"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void a_part_of_a_bucket_goes_to_one_place(void **state)
{
	static const struct config_case cases[] = {
	    {TARGETS("buckets: [{from: abc, bucket: def}]"), NULL},
	    {TARGETS("buckets: [{from: abc, bucket: d}]"),
		"bucket: is not a name of a bucket"},
	    {TARGETS("buckets: [{from: abc, from_prefix: a/, bucket: def}, "
		     "{from: abc, from_prefix: b/, bucket: ghi}, "
		     "{from: abc, bucket: jkl}]"),
		NULL},
	    {TARGETS("buckets: [{from: abc, from_prefix: a/, bucket: def}, "
		     "{from: abc, from_prefix: a/, bucket: ghi}]"),
		"restore.targets.buckets[1]: has the from and from_prefix "
		"'abc' of item 0"},
	    {TARGETS("buckets: [{from: abc, bucket: def}, {from: abc, "
		     "bucket: ghi}]"),
		"restore.targets.buckets[1]: has the from"},
	    {TARGETS("buckets: [{from: abc, bucket: def, kms: key}]"),
		"kms: key and kms_key_id belong together"},
	    {TARGETS("buckets: [{from: abc, bucket: def, kms_key_id: k}]"),
		"kms: key and kms_key_id belong together"},
	    {TARGETS("buckets: [{from: abc, bucket: def, kms: key, "
		     "kms_key_id: k}]"),
		NULL},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void a_repository_goes_to_a_url(void **state)
{
	static const struct config_case cases[] = {
	    {TARGETS("repositories: {team/web: 'https://h/web'}"), NULL},
	    {TARGETS("repositories: {'https://a/': 'https://b/'}"), NULL},
	    {TARGETS("repositories: {'https://a/': 'https://b'}"),
		"ends in '/' and its target does not; both or none"},
	    {TARGETS("repositories: {web: h}"), "is not a URL of a repository"},
	    {TARGETS("repositories: {web: 'https://u:p@h/web'}"),
		"holds a user or password"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void edges_and_rules_say_something(void **state)
{
	static const struct config_case cases[] = {
	    {RESTORE("edges: [{from: A, pointer: /spec/x, to: B.core}]"), NULL},
	    {RESTORE("edges: [{from: A, pointer: spec/x, to: B.core}]"),
		"pointer: is not a JSON pointer"},
	    {RESTORE("rules: [{kind: A, last: 1}]"), NULL},
	    {RESTORE("rules: [{kind: A}]"),
		"kind: says nothing about it; it takes pause, by_replicas"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void a_transform_is_a_patch_of_some(void **state)
{
#define TRANSFORM(TEXT) RESTORE("transforms: [{" TEXT "}]")
#define PATCH "patch: [{op: remove, path: /spec/x}]"
	static const struct config_case cases[] = {
	    {TRANSFORM("kind: A, " PATCH), NULL},
	    {TRANSFORM("namespace: a, " PATCH), NULL},
	    {TRANSFORM("name: a, " PATCH), NULL},
	    {TRANSFORM("labels: a=b, " PATCH), NULL},
	    {TRANSFORM(PATCH), "selects everything; it takes at least one of"},
	    {TRANSFORM("kind: A, patch: []"), "patch: is not a patch"},
	    {TRANSFORM("kind: A, patch: {op: remove}"),
		"patch: is not a patch"},
	    {TRANSFORM("kind: A, patch: [{op: remove, path: /a}, {op: drop, "
		       "path: /b}]"),
		"operation 1 lacks 'op' (add, remove"},
	    {TRANSFORM("kind: A, patch: [{op: remove}]"),
		"operation 0 lacks 'op'"},
	    {TRANSFORM("kind: A, patch: [{path: /a}]"),
		"operation 0 lacks 'op'"},
	    {TRANSFORM("kind: A, patch: [x]"), "operation 0 lacks 'op'"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cluster_goes_to_one_place),
	    cmocka_unit_test(a_cluster_is_drilled_in_one_place),
	    cmocka_unit_test(a_part_of_a_bucket_goes_to_one_place),
	    cmocka_unit_test(a_repository_goes_to_a_url),
	    cmocka_unit_test(edges_and_rules_say_something),
	    cmocka_unit_test(a_transform_is_a_patch_of_some),
	};

	return cmocka_run_group_tests_name(
	    "config/validate_restore", tests, NULL, NULL);
}
