#include "storage/archive/tar_gzip.h"

#include "storage/base/cleanup.h"
#include "storage/base/gunzip.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sink *gzip(int level, struct frames *frames, struct sink *next)
{
	struct err err = ERR_INIT;
	struct sink *s = tar_gzip(level, frames, next, &err);

	if (!s)
		fail_msg("%s", err.message);
	return s;
}

static void append(void *ctx, const void *data, size_t len)
{
	buf_add(ctx, data, len);
}

/* One member by zlib, which is not what wrote it. */
static void unpack(const char *data, size_t len, struct buf *out)
{
	struct err err = ERR_INIT;
	bool whole;

	assert_ok(gunzip(data, len, 64 << 20, append, out, &whole, &err), err);
	assert_true(whole);
}

static void fill(struct buf *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_char(b, (char)('a' + i * i % 26));
}

static void a_member_ends_after_four_mebibytes(void **state)
{
	static const struct {
		size_t len;
		size_t members;
	} cases[] = {{1, 1}, {FRAMES_BYTES - 1, 1}, {FRAMES_BYTES, 1},
	    {FRAMES_BYTES + 1, 2}, {2 * FRAMES_BYTES + 5, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf plain = BUF_INIT;
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf back = BUF_INIT;
		struct frames frames = VEC_INIT;
		struct err err = ERR_INIT;
		fill(&plain, cases[i].len);
		struct sink *s = gzip(0, &frames, test_sink(&packed));
		assert_ok(sink_write(s, plain.data, plain.len, &err), err);
		assert_ok(sink_finish(s, &err), err);
		sink_free(s);
		assert_int_equal(frames.len, cases[i].members);
		assert_int_equal(frames_end(&frames), packed.len);
		VEC_EACH (&frames, f) {
			size_t before = back.len;
			unpack(packed.data + f->offset, f->bytes, &back);
			assert_int_equal(back.len - before, f->unpacked);
			assert_true(f->unpacked <= FRAMES_BYTES);
		}
		assert_int_equal(back.len, plain.len);
		assert_memory_equal(back.data, plain.data, plain.len);
		vec_done(&frames);
	}
}

/* Neither of when it was written, nor of who wrote it in which pieces. */
static void the_same_input_gives_the_same_bytes(void **state)
{
	cleanup(buf_done) struct buf plain = BUF_INIT;
	cleanup(buf_done) struct buf once = BUF_INIT;
	cleanup(buf_done) struct buf pieces = BUF_INIT;
	cleanup(buf_done) struct buf fast = BUF_INIT;
	static const char no_time[4];
	struct err err = ERR_INIT;

	(void)state;
	fill(&plain, 300000);
	struct sink *s = gzip(0, NULL, test_sink(&once));
	assert_ok(sink_write(s, plain.data, plain.len, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	s = gzip(0, NULL, test_sink(&pieces));
	for (size_t at = 0; at < plain.len; at += 1000)
		assert_ok(sink_write(s, plain.data + at, 1000, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	assert_int_equal(once.len, pieces.len);
	assert_memory_equal(once.data, pieces.data, once.len);
	/* MTIME of RFC 1952. */
	assert_memory_equal(once.data + 4, no_time, 4);
	s = gzip(1, NULL, test_sink(&fast));
	assert_ok(sink_write(s, plain.data, plain.len, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	assert_true(fast.len > once.len);
}

static void a_frame_ends_on_request(void **state)
{
	cleanup(buf_done) struct buf packed = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	struct frames frames = VEC_INIT;
	struct err err = ERR_INIT;
	struct sink *s = gzip(0, &frames, test_sink(&packed));

	(void)state;
	assert_int_equal(tar_gzip_position(s).frame, 0);
	assert_ok(sink_write(s, "one", 3, &err), err);
	assert_int_equal(tar_gzip_position(s).offset, 3);
	assert_ok(tar_gzip_end_frame(s, &err), err);
	assert_ok(tar_gzip_end_frame(s, &err), err); /* twice is once */
	assert_int_equal(tar_gzip_position(s).frame, 1);
	assert_int_equal(tar_gzip_position(s).offset, 0);
	assert_ok(sink_write(s, "two", 3, &err), err);
	assert_ok(sink_finish(s, &err), err);
	assert_int_equal(frames.len, 2);
	unpack(
	    packed.data + frames.items[1].offset, frames.items[1].bytes, &back);
	assert_string_equal(buf_str(&back), "two");
	sink_free(s);
	vec_done(&frames);
}

/* What could not be written is an error at once or at the end, and at the end
 * of a frame; nothing follows it. */
static void a_full_disk_is_reported_as_one(void **state)
{
	(void)state;
	for (size_t room = 0; room <= 26; room += 13) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		struct err err = ERR_INIT;
		struct err refused = ERR_INIT;
		struct sink *s =
		    tar_gzip(0, NULL, test_sink_full(&packed, room), &refused);
		int failed = !s ||
			     sink_write(s, "some content", 12, &refused) ||
			     tar_gzip_end_frame(s, &refused);
		assert_true(failed);
		assert_int_equal(refused.sys_errno, ENOSPC);
		size_t before = packed.len;
		if (s)
			assert_fails(
			    sink_write(s, "more", 4, &err), err, ERR_SYSTEM);
		sink_free(s);
		assert_int_equal(packed.len, before);
	}
}

static void given_up_it_has_no_end(void **state)
{
	cleanup(buf_done) struct buf packed = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	struct err err = ERR_INIT;
	struct sink *s = gzip(0, NULL, test_sink(&packed));
	bool whole = true;

	(void)state;
	assert_ok(sink_write(s, "half", 4, &err), err);
	sink_free(s);
	if (packed.len)
		assert_ok(gunzip(packed.data, packed.len, 100, append, &back,
			      &whole, &err),
		    err);
	else
		whole = false;
	assert_false(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_member_ends_after_four_mebibytes),
	    cmocka_unit_test(the_same_input_gives_the_same_bytes),
	    cmocka_unit_test(a_frame_ends_on_request),
	    cmocka_unit_test(a_full_disk_is_reported_as_one),
	    cmocka_unit_test(given_up_it_has_no_end),
	};

	return cmocka_run_group_tests_name("tar_gzip", tests, NULL, NULL);
}
