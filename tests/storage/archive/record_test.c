#include "storage/archive/record.h"

#include "tests/support/test.h"

#include <string.h>

/* What is put in comes out again, however little there is of it. */
static void records_come_back_in_order(void **state)
{
	const struct archive_attr attrs[] = {
	    {.name = "a", .value = "1"}, {.name = "empty", .value = ""}};
	const struct archive_entry whole = {.path = "p/one",
	    .source = "s",
	    .facts = "{}",
	    .mtime = 7,
	    .attrs = attrs,
	    .attr_count = 2};
	const struct archive_entry bare = {.path = "two"};
	struct record r = {.attrs = VEC_INIT};
	struct buf b = BUF_INIT;
	const char *data;
	size_t at = 0;

	(void)state;
	assert_false(record_next(&b, &at, &r, &data));
	record_add(&b, &whole, 9, "a\0b", 3);
	record_add(&b, &bare, 9, NULL, 0);
	record_add(&b, &whole, 9, "", 0);
	assert_true(record_next(&b, &at, &r, &data));
	assert_string_equal(r.path, "p/one");
	assert_string_equal(r.source, "s");
	assert_string_equal(r.facts, "{}");
	assert_int_equal(r.mtime, 7);
	assert_int_equal(r.bytes, 3);
	assert_memory_equal(data, "a\0b", 3);
	assert_int_equal(r.attrs.len, 2);
	assert_string_equal(r.attrs.items[0].name, "user.a");
	assert_string_equal(r.attrs.items[0].value, "1");
	assert_int_equal(r.attrs.items[0].value_len, 1);
	assert_string_equal(r.attrs.items[1].name, "user.empty");
	assert_int_equal(r.attrs.items[1].value_len, 0);
	/* One without a time has that of the archive. */
	assert_true(record_next(&b, &at, &r, &data));
	assert_string_equal(r.path, "two");
	assert_null(r.source);
	assert_null(r.facts);
	assert_int_equal(r.mtime, 9);
	assert_int_equal(r.bytes, 0);
	assert_int_equal(r.attrs.len, 0);
	assert_true(record_next(&b, &at, &r, &data));
	assert_string_equal(r.path, "p/one");
	assert_int_equal(r.attrs.len, 2);
	assert_false(record_next(&b, &at, &r, &data));
	vec_done(&r.attrs);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_come_back_in_order),
	};

	return cmocka_run_group_tests_name("archive/record", tests, NULL, NULL);
}
