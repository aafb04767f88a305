#include "storage/archive/tar_unpacked.h"

#include "storage/base/cleanup.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

static const enum archive_compression both[] = {ARCHIVE_ZSTD, ARCHIVE_GZIP};

/* Unpacks all of what a source gives: the bytes, or -1. */
static int64_t unpack(enum archive_compression c, struct source *packed,
    struct buf *out, struct err *err)
{
	cleanup(source_freep) struct source *from =
	    tar_unpacked(c, packed, err);
	cleanup(sink_freep) struct sink *to = test_sink(out);

	return from ? stream_copy(from, to, err) : -1;
}

static void frames_that_follow_each_other_are_one_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		test_tar_compress(both[i], "one, ", 5, &packed);
		test_tar_compress(both[i], "two, ", 5, &packed);
		test_tar_compress(both[i], "three", 5, &packed);
		assert_int_equal(
		    unpack(both[i],
			test_source(packed.data, packed.len, 3, false), &out,
			&err),
		    15);
		assert_string_equal(buf_str(&out), "one, two, three");
	}
}

/* No frame at all is the end of an archive; one without content is not
 * written, and to libarchive looks like a damaged one. */
static void nothing_unpacks_to_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(
		    unpack(both[i], source_from_memory("", 0), &out, &err), 0);
		assert_int_equal(out.len, 0);
		test_tar_compress(both[i], "", 0, &packed);
		assert_int_equal(
		    unpack(both[i], source_from_memory(packed.data, packed.len),
			&out, &err),
		    -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

/* A large file's frames begin anywhere in it; what is there may be compressed
 * itself. */
static void only_one_layer_is_taken_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		cleanup(buf_done) struct buf inner = BUF_INIT;
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		test_tar_compress(both[i % 2], "content", 7, &inner);
		test_tar_compress(both[i / 2], inner.data, inner.len, &packed);
		assert_int_equal(
		    unpack(both[i / 2],
			source_from_memory(packed.data, packed.len), &out,
			&err),
		    (int64_t)inner.len);
		assert_memory_equal(out.data, inner.data, inner.len);
	}
}

static void what_is_no_frame_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf out = BUF_INIT;
		cleanup(buf_done) struct buf plain = BUF_INIT;
		struct err err = ERR_INIT;
		struct test_random random;
		/* The other one's frames are none of this one's. */
		test_tar_compress(both[1 - i], "content", 7, &packed);
		assert_int_equal(
		    unpack(both[i], source_from_memory(packed.data, packed.len),
			&out, &err),
		    -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, "unpacking a frame");
		/* Cut in its middle. */
		buf_clear(&packed);
		test_random_init(&random, 2);
		for (int k = 0; k < 10000; k++)
			buf_add_char(
			    &plain, (char)random_below(&random.random, 256));
		test_tar_compress(both[i], plain.data, plain.len, &packed);
		err = (struct err)ERR_INIT;
		assert_int_equal(
		    unpack(both[i],
			source_from_memory(packed.data, packed.len / 2), &out,
			&err),
		    -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void an_error_of_its_source_comes_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t len = 0; len <= 12; len += 6) {
			cleanup(buf_done) struct buf packed = BUF_INIT;
			cleanup(buf_done) struct buf out = BUF_INIT;
			struct err err = ERR_INIT;
			test_tar_compress(both[i], "content", 7, &packed);
			assert_int_equal(
			    unpack(both[i],
				test_source(packed.data, len, 5, true), &out,
				&err),
			    -1);
			assert_int_equal(err.code, ERR_NETWORK);
			assert_string_equal(
			    err.message, "the connection broke");
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_that_follow_each_other_are_one_content),
	    cmocka_unit_test(nothing_unpacks_to_nothing),
	    cmocka_unit_test(only_one_layer_is_taken_off),
	    cmocka_unit_test(what_is_no_frame_is_refused),
	    cmocka_unit_test(an_error_of_its_source_comes_through),
	};

	return cmocka_run_group_tests_name("tar_unpacked", tests, NULL, NULL);
}
