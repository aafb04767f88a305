#include "storage/base/buf.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* What a block held when it was last grown: it may lie around after that. */
static char left_behind[64];

/* In the place of the C library's. */
void *reallocarray(void *p, size_t count, size_t size)
{
	if (p)
		memcpy(left_behind, p, sizeof(left_behind));
	return realloc(p, count * size);
}

static void grows_and_always_ends_in_a_nul(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 1000; i++) {
		buf_printf(&b, "%d,", i);
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	buf_truncate(&b, 4);
	assert_string_equal(buf_str(&b), "0,1,");
	buf_drop_front(&b, 2);
	assert_string_equal(buf_str(&b), "1,");
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
}

static void holds_bytes_of_any_value(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_add_char(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\0", 4);
}

static void hands_its_bytes_over(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	char *empty = buf_steal(&b);
	assert_string_equal(empty, "");
	free(empty);
	buf_add_str(&b, "x");
	char *x = buf_steal(&b);
	assert_null(b.data);
	assert_string_equal(x, "x");
	free(x);
}

static void growing_leaves_nothing_of_what_is_written(void **state)
{
	cleanup(buf_wipe) struct buf b = BUF_INIT;

	(void)state;
	buf_printf(&b, "%s", "user:");
	buf_printf(&b, "%070d", 7);
	assert_int_equal(b.len, 75);
	assert_string_equal(left_behind, "user:");
	assert_null(memchr(left_behind, '0', sizeof(left_behind)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grows_and_always_ends_in_a_nul),
	    cmocka_unit_test(holds_bytes_of_any_value),
	    cmocka_unit_test(hands_its_bytes_over),
	    cmocka_unit_test(growing_leaves_nothing_of_what_is_written),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
