/* The check values of "123456789": CRC-32/ISO-HDLC, CRC-32/ISCSI and
 * CRC-64/NVME of the catalogue of parametrised CRC algorithms
 * (https://reveng.sourceforge.io/crc-catalogue/), SHA-1 and SHA-256 as sha1sum
 * and sha256sum have them. */
#include "storage/aws/s3_checksum.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void each_algorithm_has_its_check_value(void **state)
{
	static const char *const announced[] = {
	    "crc32 y/Q5Jg==", "crc32c 4waSgw==", "crc64nvme rosUhgp5mIg=",
	    "sha1 98O8HYCOBHMq32eZZczDTKeuNEE=",
	    "sha256 FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="};
	static const char text[] = "123456789";

	(void)state;
	for (size_t i = 0; i < sizeof(announced) / sizeof(*announced); i++) {
		cleanup(s3_checksum_freep) struct s3_checksum *c =
		    s3_checksum_new(announced[i]);
		cleanup(s3_checksum_freep) struct s3_checksum *other =
		    s3_checksum_new(announced[i]);
		assert_non_null(c);
		/* In pieces. */
		s3_checksum_add(c, text, 4);
		s3_checksum_add(c, text + 4, 5);
		assert_true(s3_checksum_is_right(c));
		s3_checksum_add(other, "123456780", 9);
		assert_false(s3_checksum_is_right(other));
	}
	assert_null(s3_checksum_new("md9 AAAA"));
	assert_null(s3_checksum_new("sha256"));
	assert_null(s3_checksum_new(""));
}

static char *announced_by(const char *const *headers)
{
	cleanup(http_response_done) struct http_response r = HTTP_RESPONSE_INIT;

	for (; *headers; headers++)
		strvec_add(&r.headers, *headers);
	return s3_checksum_of(&r);
}

static void only_that_of_a_whole_object_counts(void **state)
{
	static const struct {
		const char *headers[4];
		const char *announced;
	} rows[] = {
	    {{"x-amz-checksum-crc32: y/Q5Jg==", "x-amz-checksum-sha256: AAA=",
		 NULL},
		"sha256 AAA="},
	    {{"x-amz-checksum-crc64nvme: rosUhgp5mIg=",
		 "x-amz-checksum-type: FULL_OBJECT", NULL},
		"crc64nvme rosUhgp5mIg="},
	    {{"x-amz-checksum-sha256: AAA=", "x-amz-checksum-type: COMPOSITE",
		 NULL},
		NULL},
	    {{"x-amz-checksum-sha256: AAA=-2", NULL}, NULL},
	    {{"x-amz-checksum-md9: AAA=", NULL}, NULL},
	    {{NULL}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *is = announced_by(rows[i].headers);
		assert_true(str_eq(is, rows[i].announced));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_algorithm_has_its_check_value),
	    cmocka_unit_test(only_that_of_a_whole_object_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
