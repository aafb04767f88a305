#include "storage/archive/pathset.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdio.h>

static void add_range(struct pathset *s, int from, int to)
{
	char path[32];

	for (int i = from; i < to; i++) {
		snprintf(path, sizeof(path), "kubernetes/%d.json", i);
		assert_true(pathset_add(s, path));
	}
}

static bool has_number(const struct pathset *s, int i)
{
	char path[32];

	snprintf(path, sizeof(path), "kubernetes/%d.json", i);
	return pathset_has(s, path);
}

static void finds_what_was_added(void **state)
{
	cleanup(pathset_done) struct pathset s = PATHSET_INIT;

	(void)state;
	assert_false(pathset_has(&s, "a"));
	assert_true(pathset_add(&s, "a"));
	assert_false(pathset_add(&s, "a"));
	assert_int_equal(s.len, 1);
	assert_true(pathset_has(&s, "a"));
	assert_false(pathset_has(&s, "a/"));
	assert_false(pathset_has(&s, ""));
	assert_true(pathset_add(&s, ""));
	assert_int_equal(s.len, 2);
}

static void keeps_all_while_it_grows(void **state)
{
	cleanup(pathset_done) struct pathset s = PATHSET_INIT;

	(void)state;
	add_range(&s, 0, 3000);
	assert_int_equal(s.len, 3000);
	assert_true(s.cap * 3 >= s.len * 4);
	for (int i = 0; i < 3000; i++)
		assert_true(has_number(&s, i));
	assert_false(has_number(&s, 3000));
	assert_false(pathset_add(&s, "kubernetes/0.json"));
	assert_int_equal(s.len, 3000);
}

static void compares_and_merges(void **state)
{
	cleanup(pathset_done) struct pathset a = PATHSET_INIT;
	cleanup(pathset_done) struct pathset b = PATHSET_INIT;

	(void)state;
	assert_false(pathset_meets(&a, &b));
	add_range(&a, 0, 300);
	assert_false(pathset_meets(&a, &b));
	assert_false(pathset_meets(&b, &a));
	add_range(&b, 300, 600);
	assert_false(pathset_meets(&a, &b));
	assert_true(pathset_add(&b, "kubernetes/299.json"));
	assert_true(pathset_meets(&a, &b));
	assert_true(pathset_meets(&b, &a));
	pathset_merge(&a, &b);
	assert_int_equal(a.len, 600);
	assert_int_equal(b.len, 301);
	for (int i = 0; i < 600; i++)
		assert_true(has_number(&a, i));
	pathset_merge(&a, &b);
	assert_int_equal(a.len, 600);
}

static void one_that_was_released_is_empty(void **state)
{
	struct pathset s = PATHSET_INIT;

	(void)state;
	assert_true(pathset_add(&s, "a"));
	pathset_done(&s);
	assert_int_equal(s.len, 0);
	assert_false(pathset_has(&s, "a"));
	pathset_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_what_was_added),
	    cmocka_unit_test(keeps_all_while_it_grows),
	    cmocka_unit_test(compares_and_merges),
	    cmocka_unit_test(one_that_was_released_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
