#include "restore/targets/repositories.h"

#include "restore/plan/node.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/targets.h"

#include <stdlib.h>

static void assert_url(struct test_targets *t, const char *name,
    const char *source, const char *expected)
{
	uint32_t node = test_targets_git(t, name, source);
	autofree char *url =
	    repositories_url(&t->targets, test_plan_node(&t->plan, node));

	assert_string_equal(url, expected);
}

static void a_repository_goes_back_unless_it_is_sent_elsewhere(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;

	(void)state;
	test_targets_init(&t,
	    "restore: {targets: {repositories: {team/web: 'https://n/web', "
	    "'https://a/': 'https://b/', 'https://a/x/': 'https://c/', "
	    "'https://a/x/one': 'https://d/one'}}}\n",
	    "[]");
	assert_ok(test_targets_open(&t, &err), err);
	assert_url(&t, "team/web", "https://a/web", "https://n/web");
	assert_url(&t, "one", "https://a/x/one", "https://d/one");
	/* The longest beginning of its URL. */
	assert_url(&t, "two", "https://a/x/two", "https://c/two");
	assert_url(&t, "three", "https://a/three", "https://b/three");
	assert_url(&t, "four", "https://z/four", "https://z/four");
	assert_url(&t, "five", NULL, "");
	test_targets_done(&t);
}

/* What capture noted goes before where the entry was read from. */
static void the_facts_say_where_it_was(void **state)
{
	struct test_targets t;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *facts =
	    test_json("{\"url\":\"https://real/r\"}");

	(void)state;
	test_targets_init(&t, "", "[]");
	assert_ok(test_targets_open(&t, &err), err);
	uint32_t node = test_targets_git(&t, "r", "https://other/r");
	node_set_facts(test_plan_node(&t.plan, node), facts);
	autofree char *url =
	    repositories_url(&t.targets, test_plan_node(&t.plan, node));
	assert_string_equal(url, "https://real/r");
	test_targets_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_repository_goes_back_unless_it_is_sent_elsewhere),
	    cmocka_unit_test(the_facts_say_where_it_was),
	};

	return cmocka_run_group_tests_name(
	    "targets/repositories", tests, NULL, NULL);
}
