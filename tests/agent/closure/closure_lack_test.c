/* What a snapshot lacks, and what it needs, as they are kept. */
#include "agent/closure/closure_room.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>

static int set_up(void **state)
{
	*state = closure_new();
	return 0;
}

static int tear_down(void **state)
{
	closure_free(*state);
	return 0;
}

static void a_lack_is_a_line_of_its_kind(void **state)
{
	struct closure *c = *state;

	closure_lack(c, false, "%s of %d", "key", 2);
	closure_lack(c, true, "https://h/%s", "100%");
	assert_int_equal(c->lacks.len, 2);
	assert_false(c->lacks.items[0].outside);
	assert_string_equal(c->lacks.items[0].what, "key of 2");
	assert_true(c->lacks.items[1].outside);
	assert_string_equal(c->lacks.items[1].what, "https://h/100%");
}

static void what_was_released_is_empty(void **state)
{
	struct closure_lacks l = VEC_INIT;

	(void)state;
	*vec_add(&l) = (struct closure_lack){.what = str_dup("a")};
	closure_lacks_done(&l);
	assert_int_equal(l.len, 0);
	assert_null(l.items);
	closure_lacks_done(&l);
}

/* No two objects are known by the same. */
static void an_object_is_known_by_all_that_it_is(void **state)
{
	static const struct {
		const char *cluster, *key, *ns, *name, *target;
	} rows[] = {{"prod", "secrets", "a", "b", "prod\nsecrets\na/b"},
	    {"prod", "nodes", NULL, "b", "prod\nnodes\n/b"},
	    {"edge", "secrets", "a", "b", "edge\nsecrets\na/b"},
	    {"prod", "configmaps", "a", "b", "prod\nconfigmaps\na/b"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *target = closure_target(
		    rows[i].cluster, rows[i].key, rows[i].ns, rows[i].name);
		assert_string_equal(target, rows[i].target);
	}
}

static void a_need_keeps_who_has_it(void **state)
{
	struct closure *c = *state;
	char by[] = "Deployment a/web";

	closure_need(c, "prod", "secrets", "a", "key", by);
	by[0] = 'X';
	/* A field that is empty names nothing. */
	closure_need(c, "prod", "secrets", "a", NULL, by);
	closure_need(c, "prod", "secrets", "a", "", by);
	assert_int_equal(c->needs.len, 1);
	assert_string_equal(c->needs.items[0].target, "prod\nsecrets\na/key");
	assert_string_equal(c->needs.items[0].by, "Deployment a/web");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_lack_is_a_line_of_its_kind),
	    cmocka_unit_test(what_was_released_is_empty),
	    cmocka_unit_test(an_object_is_known_by_all_that_it_is),
	    TEST(a_need_keeps_who_has_it),
	};

	return cmocka_run_group_tests_name("closure_lack", tests, NULL, NULL);
}
