#include "storage/archive/format.h"

#include "tests/support/test.h"

/* Names of objects and words of manifests, which are for ever. */
static void names_are_those_of_format_1(void **state)
{
	(void)state;
	assert_string_equal(format_compression_name(ARCHIVE_ZSTD), "zstd");
	assert_string_equal(format_compression_name(ARCHIVE_GZIP), "gzip");
	assert_string_equal(format_encryption_name(ARCHIVE_AGE), "age");
	assert_string_equal(format_encryption_name(ARCHIVE_PLAIN), "none");
	assert_string_equal(
	    format_suffix(ARCHIVE_ZSTD, ARCHIVE_AGE), ".tar.zst.age");
	assert_string_equal(
	    format_suffix(ARCHIVE_ZSTD, ARCHIVE_PLAIN), ".tar.zst");
	assert_string_equal(
	    format_suffix(ARCHIVE_GZIP, ARCHIVE_AGE), ".tar.gz.age");
	assert_string_equal(
	    format_suffix(ARCHIVE_GZIP, ARCHIVE_PLAIN), ".tar.gz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_those_of_format_1),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
