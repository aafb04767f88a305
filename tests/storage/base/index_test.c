#include "storage/base/index.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void finds_all_values_of_a_name_in_order(void **state)
{
	cleanup(index_freep) struct index *x = index_new();

	(void)state;
	assert_int_equal(index_first(x, "a"), INDEX_END);
	index_add(x, "a", 7);
	index_add(x, "b", 1);
	index_add(x, "a", 7);
	index_add(x, "a", INDEX_END);
	uint32_t it = index_first(x, "a");
	assert_int_equal(index_value(x, it), 7);
	it = index_next(x, it);
	assert_int_equal(index_value(x, it), 7);
	it = index_next(x, it);
	assert_int_equal(index_value(x, it), INDEX_END);
	assert_int_equal(index_next(x, it), INDEX_END);
	it = index_first(x, "b");
	assert_int_equal(index_value(x, it), 1);
	assert_int_equal(index_next(x, it), INDEX_END);
	assert_int_equal(index_first(x, ""), INDEX_END);
	assert_int_equal(index_first(x, "ab"), INDEX_END);
	assert_string_equal(index_name(x, it), "b");
}

static void the_empty_name_is_one(void **state)
{
	cleanup(index_freep) struct index *x = index_new();

	(void)state;
	index_add(x, "", 3);
	assert_int_equal(index_value(x, index_first(x, "")), 3);
	assert_string_equal(index_name(x, index_first(x, "")), "");
}

/* What was added is found by others, who keep no copy of their own. */
static void its_copy_of_a_name_stays(void **state)
{
	enum { NAMES = 20000, LONG = 70000 };
	cleanup(index_freep) struct index *x = index_new();
	autofree char *long_name = mem_zalloc(LONG + 1);
	char name[32] = "first";
	const char *first = index_add(x, name, 0);

	(void)state;
	memset(long_name, 'l', LONG);
	const char *longest = index_add(x, long_name, 1);
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name-%u", i);
		index_add(x, name, i);
	}
	assert_string_equal(first, "first");
	assert_string_equal(longest, long_name);
	assert_ptr_equal(index_add(x, "first", 2), first);
	assert_ptr_equal(index_name(x, index_first(x, "first")), first);
}

/* More names than the first table has room for, each with two values, the
 * second added after the table grew. */
static void keeps_all_while_it_grows(void **state)
{
	enum { NAMES = 5000 };
	cleanup(index_freep) struct index *x = index_new();
	char name[32];

	(void)state;
	for (uint32_t i = 0; i < 2 * NAMES; i++) {
		snprintf(name, sizeof(name), "name-%u", i % NAMES);
		index_add(x, name, i);
	}
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name-%u", i);
		uint32_t it = index_first(x, name);
		assert_int_not_equal(it, INDEX_END);
		assert_int_equal(index_value(x, it), i);
		it = index_next(x, it);
		assert_int_not_equal(it, INDEX_END);
		assert_int_equal(index_value(x, it), i + NAMES);
		assert_int_equal(index_next(x, it), INDEX_END);
	}
	assert_int_equal(index_first(x, "name-5000"), INDEX_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_all_values_of_a_name_in_order),
	    cmocka_unit_test(the_empty_name_is_one),
	    cmocka_unit_test(its_copy_of_a_name_stays),
	    cmocka_unit_test(keeps_all_while_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
