#include "storage/archive/limits.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* Parts of `part` bytes up to `len` bytes in all. */
static const char *wrong_with(size_t part, size_t len)
{
	cleanup(buf_done) struct buf path = BUF_INIT;

	while (path.len < len)
		buf_add_char(&path,
		    path.len % (part + 1) == part && path.len + 1 < len ? '/'
									: 'a');
	return limits_path_wrong(buf_str(&path));
}

static void limits_each_part(void **state)
{
	(void)state;
	assert_null(wrong_with(LIMITS_PART_BYTES, LIMITS_PART_BYTES));
	assert_string_equal(
	    wrong_with(LIMITS_PART_BYTES + 1, LIMITS_PART_BYTES + 1),
	    "has a part of over 255 bytes");
	/* Not only the first and the last. */
	assert_null(wrong_with(255, 3 * 256 - 1));
	assert_string_equal(
	    wrong_with(256, 3 * 257 - 1), "has a part of over 255 bytes");
}

static void limits_the_whole(void **state)
{
	(void)state;
	assert_null(wrong_with(100, LIMITS_PATH_BYTES));
	assert_string_equal(wrong_with(100, LIMITS_PATH_BYTES + 1),
	    "is longer than 3500 bytes");
}

static void refuses_what_reaches_outside(void **state)
{
	static const char *const table[] = {
	    "", "/", "/etc/passwd", "..", "a/../b", "./a", "a/.", "a//b", "a/"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *wrong = limits_path_wrong(table[i]);

		if (!wrong)
			fail_msg("'%s' is accepted", table[i]);
		assert_string_equal(
		    wrong, "reaches outside or has an unsafe name");
	}
	assert_null(limits_path_wrong("a"));
	assert_null(limits_path_wrong("..a/b.."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limits_each_part),
	    cmocka_unit_test(limits_the_whole),
	    cmocka_unit_test(refuses_what_reaches_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
