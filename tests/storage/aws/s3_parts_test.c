#include "storage/aws/s3_parts.h"

#include "storage/aws/s3.h"
#include "storage/base/cleanup.h"
#include "tests/support/s3_script.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <unistd.h>

#define MIB ((uint64_t)1024 * 1024)

static void parts_grow_with_the_stream_and_never_over_the_memory(void **state)
{
	const size_t memories[] = {MIB, 24 * MIB, 64 * MIB, 512 * MIB};

	(void)state;
	assert_int_equal(s3_part_bytes(1, 0, 64 * MIB), 8 * MIB);
	assert_int_equal(s3_part_bytes(1000, 0, 64 * MIB), 8 * MIB);
	assert_int_equal(s3_part_bytes(1001, 0, 64 * MIB), 16 * MIB);
	assert_int_equal(s3_part_bytes(3001, 0, 64 * MIB), 64 * MIB);
	assert_int_equal(s3_part_bytes(10000, 0, 64 * MIB), 64 * MIB);
	for (size_t i = 0; i < 4; i++) {
		size_t before = 0;
		for (int n = 1; n <= S3_MAX_PARTS; n++) {
			size_t size = s3_part_bytes(n, 0, memories[i]);
			assert_true(size >= before && size >= 5 * MIB);
			assert_true(size <= memories[i] || size == 5 * MIB);
			before = size;
		}
	}
}

static void what_parts_hold(void **state)
{
	(void)state;
	/* 8 * 1000 + 16 * 1000 + 32 * 1000 + 64 * 7000 MiB */
	assert_int_equal(s3_parts_hold(0, 64 * MIB), 504000 * MIB);
	/* 5 TiB, S3's largest object, where memory allows. */
	assert_true(s3_parts_hold(5 * MIB * MIB, 1024 * MIB) >= 5 * MIB * MIB);
	assert_true(s3_parts_hold(5 * MIB * MIB, 64 * MIB) < 5 * MIB * MIB);
	/* What is known to fit does. */
	for (uint64_t n = 1; n < 600000; n = n * 2 + 1)
		assert_true(s3_parts_hold(n * MIB, 64 * MIB) >= n * MIB);
}

/* A part of three bytes, which are in a file. */
static int send(
    struct test_s3 *t, bool cut, struct s3_sent *sent, struct err *err)
{
	char id[] = "upload";
	const struct s3_put put = {.key = "k"};
	const struct s3_parts p = {.s3 = t->s3, .put = &put, .upload_id = id};
	char *dir = test_dir_make();
	struct spool content;

	spool_init(&content, dir, 1);
	assert_ok(spool_add(&content, "abc", 3, err), *err);
	assert_true(content.fd >= 0);
	if (cut)
		assert_int_equal(ftruncate(content.fd, 0), 0);
	int failed = s3_parts_send(&p, 7, &content, sent, err);
	spool_done(&content);
	test_dir_remove(dir);
	return failed;
}

static void a_part_is_sent_with_its_number(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = S3_DONE, .close = 1}};
	/* MD5 of "abc" (RFC 1321, A.5). */
	static const uint8_t md5[] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f,
	    0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
	struct s3_sent sent = {.etag = NULL};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 1);
	assert_ok(send(&t, false, &sent, &err), err);
	assert_string_equal(sent.etag, "\"e\"");
	assert_memory_equal(sent.md5, md5, sizeof(md5));
	assert_non_null(
	    test_s3_request(&t, "/k?partNumber=7&uploadId=upload "));
	free(sent.etag);
	test_s3_stop(&t);
}

static void a_part_without_an_etag_is_refused(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = S3_REPLY("200 OK", "", "0", ""), .close = 1}};
	struct s3_sent sent = {.etag = NULL};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 1);
	assert_fails(send(&t, false, &sent, &err), err, ERR_FORMAT);
	assert_string_equal(
	    err.message, "bucket/k: the store took a part and gave it no ETag");
	assert_null(sent.etag);
	test_s3_stop(&t);
}

static void what_cannot_be_read_again_is_not_sent(void **state)
{
	static const struct script_reply replies[] = {
	    {.bytes = S3_DONE, .close = 1}};
	struct s3_sent sent = {.etag = NULL};
	struct test_s3 t;
	struct err err = ERR_INIT;

	(void)state;
	test_s3_start(&t, replies, 1);
	assert_int_equal(send(&t, true, &sent, &err), -1);
	assert_int_not_equal(err.code, ERR_NONE);
	assert_int_equal(script_server_count(t.server), 0);
	assert_null(sent.etag);
	test_s3_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		parts_grow_with_the_stream_and_never_over_the_memory),
	    cmocka_unit_test(what_parts_hold),
	    cmocka_unit_test(a_part_is_sent_with_its_number),
	    cmocka_unit_test(a_part_without_an_etag_is_refused),
	    cmocka_unit_test(what_cannot_be_read_again_is_not_sent),
	};

	return cmocka_run_group_tests_name("s3 parts", tests, NULL, NULL);
}
