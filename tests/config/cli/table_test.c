#include "config/cli/table.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void add(struct table *t, const char *a, const char *b, const char *c)
{
	struct strvec *row = table_row(t);

	table_cell(row, "%s", a);
	if (b)
		table_cell(row, "%s", b);
	if (c)
		table_cell(row, "%s", c);
}

static void assert_written(const struct table *t, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	table_write(t, &out);
	assert_string_equal(buf_str(&out), expected);
}

/* The last cell of a row is not padded, wherever it stands. */
static void columns_are_as_wide_as_they_need_to_be(void **state)
{
	cleanup(table_done) struct table t = VEC_INIT;

	(void)state;
	assert_written(&t, "");
	add(&t, "a", "long", "x");
	add(&t, "bbb", "c", "yy");
	add(&t, "much longer", NULL, NULL);
	assert_written(&t, "a            long  x\n"
			   "bbb          c     yy\n"
			   "much longer\n");
}

/* Two bytes, one column. */
static void width_is_that_of_characters(void **state)
{
	cleanup(table_done) struct table t = VEC_INIT;

	(void)state;
	add(&t, "\xc3\xa4", "|", NULL);
	add(&t, "ab", "|", NULL);
	assert_written(&t, "\xc3\xa4   |\nab  |\n");
}

static void nothing_is_printed_that_a_terminal_obeys(void **state)
{
	cleanup(table_done) struct table t = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	add(&t, "a\033[2Jb\nc", "d", NULL);
	table_write(&t, &out);
	assert_null(strchr(buf_str(&out), '\033'));
	assert_ptr_equal(
	    strchr(buf_str(&out), '\n'), buf_str(&out) + out.len - 1);
}

static void there_is_a_limit_of_columns(void **state)
{
	cleanup(table_done) struct table t = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct strvec *row = table_row(&t);

	(void)state;
	for (int i = 0; i < TABLE_COLUMNS_MAX + 1; i++)
		table_cell(row, "%d", i % 10);
	table_write(&t, &out);
	assert_string_equal(
	    buf_str(&out), "0  1  2  3  4  5  6  7  8  9  0  1  \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_are_as_wide_as_they_need_to_be),
	    cmocka_unit_test(width_is_that_of_characters),
	    cmocka_unit_test(nothing_is_printed_that_a_terminal_obeys),
	    cmocka_unit_test(there_is_a_limit_of_columns),
	};

	return cmocka_run_group_tests_name("cli/table", tests, NULL, NULL);
}
