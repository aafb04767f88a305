#include "storage/archive/limits.h"

#include "storage/archive/contents.h"
#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/json/scan.h"
#include "storage/terraform/state.h"
#include "storage/vault/chain_head.h"
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

static void limits_a_state(void **state)
{
	(void)state;
	assert_null(limits_state_wrong(0));
	assert_null(limits_state_wrong(LIMITS_STATE_BYTES - 1));
	assert_null(limits_state_wrong(LIMITS_STATE_BYTES));
	assert_string_equal(limits_state_wrong(LIMITS_STATE_BYTES + 1),
	    "is larger than 200 GiB");
	assert_string_equal(
	    limits_state_wrong(UINT64_MAX), "is larger than 200 GiB");
}

/* What one side takes, the other reads: with what comes to it on the way, an
 * envelope, kind and apiVersion. */
static void a_reader_takes_more_than_a_capture_writes(void **state)
{
	(void)state;
	assert_true((int)JSON_SCAN_MAX_DEPTH + 2 <= (int)JSON_MAX_DEPTH);
	assert_true((int)STATE_MAX_DEPTH <= (int)JSON_MAX_DEPTH);
	assert_true(LIMITS_ITEM_BYTES < LIMITS_OBJECT_BYTES);
	/* Each entry is a line; a path is escaped in it, byte by byte. */
	assert_true(6 * (int)LIMITS_PATH_BYTES + (int)LIMITS_ATTRS_BYTES <
		    (int)CONTENTS_LINE_MAX);
	/* The head of a vault holds any label. */
	assert_true(2 * (63 + 17) < CHAIN_HEAD_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limits_each_part),
	    cmocka_unit_test(limits_the_whole),
	    cmocka_unit_test(limits_a_state),
	    cmocka_unit_test(refuses_what_reaches_outside),
	    cmocka_unit_test(a_reader_takes_more_than_a_capture_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
