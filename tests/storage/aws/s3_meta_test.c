#include "storage/aws/s3.h"
#include "storage/aws/s3_call.h"

#include "storage/aws/session.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void etags_are_compared_by_what_they_name(void **state)
{
	static const char *const same[][2] = {{"\"a\"", "\"a\""},
	    {"\"a\"", "a"}, {"W/\"a\"", "\"a\""}, {"a", "W/a"},
	    {"\"a-2\"", "a-2"}};
	static const char *const different[][2] = {{"\"a\"", "\"b\""},
	    {"\"a\"", "\"A\""}, {"a", "aa"}, {"\"a", "a"}, {"a\"", "a"},
	    {"", ""}, {"\"\"", "\"\""}, {NULL, NULL}, {NULL, "a"}, {"a", NULL},
	    {"w/a", "a"}};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (!s3_same_etag(same[i][0], same[i][1]))
			fail_msg("%s is %s", same[i][0], same[i][1]);
	for (size_t i = 0; i < sizeof(different) / sizeof(*different); i++)
		if (s3_same_etag(different[i][0], different[i][1]))
			fail_msg("pair %zu is not the same", i);
}

/* Of an upload of parts, or one that the key service encrypts, it is another.
 */
static void an_etag_is_an_md5_only_sometimes(void **state)
{
	static char md5_text[] = "\"900150983cd24fb0d6963f7d28e17f72\"";
	static const struct {
		const char *etag;
		const char *sse;
		bool is;
	} cases[] = {
	    {md5_text, NULL, true},
	    {md5_text, "AES256", true},
	    {md5_text, "aws:kms", false},
	    {md5_text, "aws:kms:dsse", false},
	    {"900150983CD24FB0D6963F7D28E17F72", NULL, true},
	    {"\"900150983cd24fb0d6963f7d28e17f72-2\"", NULL, false},
	    {"\"900150983cd24fb0d6963f7d28e17f7\"", NULL, false},
	    {"\"900150983cd24fb0d6963f7d28e17f720\"", NULL, false},
	    {"\"g00150983cd24fb0d6963f7d28e17f72\"", NULL, false},
	    {NULL, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_meta m = S3_META_INIT;
		uint8_t md5[16] = {0}, expected[16];
		m.etag = str_dup(cases[i].etag);
		m.sse = str_dup(cases[i].sse);
		assert_int_equal(s3_etag_md5(&m, md5), cases[i].is);
		if (cases[i].is) {
			hex_decode(md5_text + 1, 32, expected);
			assert_memory_equal(md5, expected, 16);
		}
		s3_meta_done(&m);
	}
}

static void a_content_range_is_read_strictly(void **state)
{
	static const struct {
		const char *text;
		uint64_t from, to, whole;
	} good[] = {
	    {"bytes 0-0/1", 0, 0, 1},
	    {"bytes 5-9/10", 5, 9, 10},
	    {"bytes 0-9223372036854775806/9223372036854775807", 0,
		INT64_MAX - 1, INT64_MAX},
	};
	static const char *const bad[] = {"", "bytes", "bytes ", "bytes 0-9",
	    "bytes 0-9/", "bytes 0-9/*", "bytes */10", "bytes -9/10",
	    "bytes 0-/10", "bytes 9-5/10", "bytes 0-10/10", "bytes 0-9/10 ",
	    "bytes 0-9/10/11", "bytes  0-9/10", "items 0-9/10", "0-9/10",
	    "bytes 0-9223372036854775807/9223372036854775808",
	    "bytes 0-9/99999999999999999999"};
	uint64_t from, to, whole;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(
		    s3_parse_content_range(good[i].text, &from, &to, &whole),
		    0);
		assert_true(from == good[i].from && to == good[i].to &&
			    whole == good[i].whole);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!s3_parse_content_range(bad[i], &from, &to, &whole))
			fail_msg("'%s' is read as a range", bad[i]);
}

static void an_answer_becomes_what_an_upload_needs(void **state)
{
	static const char *const headers[] = {"content-length: 4",
	    "content-range: bytes 2-5/100", "content-type: text/plain",
	    "content-encoding: gzip", "content-disposition: inline",
	    "content-language: fr", "cache-control: no-cache", "etag: \"e\"",
	    "x-amz-version-id: v1",
	    "last-modified: Tue, 14 Nov 2023 22:13:20 GMT",
	    "x-amz-server-side-encryption: aws:kms",
	    "x-amz-server-side-encryption-aws-kms-key-id: key/1",
	    "x-amz-storage-class: STANDARD_IA",
	    "x-amz-object-lock-mode: GOVERNANCE",
	    "x-amz-object-lock-retain-until-date: 2023-11-15T00:00:00Z",
	    "x-amz-object-lock-legal-hold: ON", "x-amz-tagging-count: 3",
	    "x-amz-checksum-crc32c: AAAAAA==", "x-amz-meta-owner:  ops ",
	    "x-amz-meta-a:b:c", "x-amz-metadata: no"};
	struct http_response r = HTTP_RESPONSE_INIT;
	struct s3_meta m = S3_META_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		strvec_add(&r.headers, headers[i]);
	s3_meta_from_response(&m, &r);
	assert_int_equal(m.size, 100); /* the whole, not the range */
	assert_string_equal(m.content_type, "text/plain");
	assert_string_equal(m.content_encoding, "gzip");
	assert_string_equal(m.content_disposition, "inline");
	assert_string_equal(m.content_language, "fr");
	assert_string_equal(m.cache_control, "no-cache");
	assert_string_equal(m.etag, "\"e\"");
	assert_string_equal(m.version_id, "v1");
	assert_int_equal(m.mtime, 1700000000);
	assert_string_equal(m.sse, "aws:kms");
	assert_string_equal(m.sse_kms_key_id, "key/1");
	assert_string_equal(m.storage_class, "STANDARD_IA");
	assert_string_equal(m.lock_mode, "GOVERNANCE");
	assert_int_equal(m.lock_until, 1700006400);
	assert_true(m.legal_hold);
	assert_int_equal(m.tag_count, 3);
	assert_string_equal(m.checksum, "crc32c AAAAAA==");
	assert_int_equal(m.user.len, 2);
	assert_string_equal(m.user.items[0].name, "owner");
	assert_string_equal(m.user.items[0].value, "ops ");
	assert_string_equal(m.user.items[1].name, "a");
	assert_string_equal(m.user.items[1].value, "b:c");
	/* Another answer leaves nothing of the one before. */
	http_response_done(&r);
	strvec_add(&r.headers, "content-length: 18446744073709551616");
	strvec_add(&r.headers, "last-modified: yesterday");
	strvec_add(&r.headers, "x-amz-object-lock-legal-hold: OFF");
	strvec_add(&r.headers, "x-amz-tagging-count: -1");
	s3_meta_from_response(&m, &r);
	assert_int_equal(m.size, 0);
	assert_int_equal(m.mtime, 0);
	assert_int_equal(m.lock_until, 0);
	assert_int_equal(m.tag_count, 0);
	assert_false(m.legal_hold);
	assert_null(m.content_type);
	assert_null(m.checksum);
	assert_int_equal(m.user.len, 0);
	http_response_done(&r);
	s3_meta_done(&m);
}

static void sent(const struct s3_call *c, const char *name, const char *value)
{
	VEC_EACH (&c->call.headers, h)
		if (str_eq(h->name, name)) {
			assert_string_equal(h->value, value);
			return;
		}
	fail_msg("no header '%s'", name);
}

/* What the configuration wants of a bucket's objects goes over what else is
 * known of this one. */
static void an_upload_sends_it_and_the_configuration_wins(void **state)
{
	struct strvec wanted = VEC_INIT;
	struct aws aws = {.s = {.put_headers = &wanted}};
	struct s3 s3 = {.aws = &aws};
	struct s3_call c = {.s3 = &s3};
	struct s3_meta m = S3_META_INIT;
	struct s3_pair_vec tags = VEC_INIT;

	(void)state;
	strvec_add(&wanted, "x-amz-storage-class: ONEZONE_IA");
	strvec_add(&wanted, "x-amz-acl: bucket-owner-full-control");
	m.content_type = str_dup("application/json");
	m.storage_class = str_dup("STANDARD");
	m.lock_mode = str_dup("COMPLIANCE");
	m.lock_until = 1700006400;
	m.legal_hold = true;
	s3_pairs_add(&m.user, "owner", "ops");
	s3_pairs_add(&tags, "team", "a&b=c");
	s3_pairs_add(&tags, "k d", "");
	s3_call_put_headers(
	    &c, &(const struct s3_put){.meta = &m, .tags = &tags});
	assert_int_equal(c.call.headers.len, 8);
	sent(&c, "content-type", "application/json");
	sent(&c, "x-amz-storage-class", "ONEZONE_IA");
	sent(&c, "x-amz-acl", "bucket-owner-full-control");
	sent(&c, "x-amz-object-lock-mode", "COMPLIANCE");
	sent(&c, "x-amz-object-lock-retain-until-date", "2023-11-15T00:00:00Z");
	sent(&c, "x-amz-object-lock-legal-hold", "ON");
	sent(&c, "x-amz-meta-owner", "ops");
	sent(&c, "x-amz-tagging", "team=a%26b%3Dc&k%20d=");
	aws_call_done(&c.call);
	/* Without any of it, nothing is sent. */
	struct s3_call bare = {.s3 = &s3};
	aws.s.put_headers = NULL;
	s3_pairs_done(&tags);
	s3_call_put_headers(&bare, &(const struct s3_put){.tags = &tags});
	assert_int_equal(bare.call.headers.len, 0);
	aws_call_done(&bare.call);
	s3_meta_done(&m);
	strvec_done(&wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(etags_are_compared_by_what_they_name),
	    cmocka_unit_test(an_etag_is_an_md5_only_sometimes),
	    cmocka_unit_test(a_content_range_is_read_strictly),
	    cmocka_unit_test(an_answer_becomes_what_an_upload_needs),
	    cmocka_unit_test(an_upload_sends_it_and_the_configuration_wins),
	};

	return cmocka_run_group_tests_name("s3_meta", tests, NULL, NULL);
}
