/* Frames as any zstd reads them: compressed, stored, and one after another. */
#include "storage/archive/zstd.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

static void add_random(struct buf *b, size_t len, uint64_t seed)
{
	autofree uint8_t *data = mem_alloc(len + 1);
	struct test_random r;

	test_random_init(&r, seed);
	random_fill(&r.random, data, len);
	buf_add(b, data, len);
}

static void add_text(struct buf *b, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		buf_printf(b, "line %zu of what compresses well\n", i);
}

/* What libzstd makes of all the frames. */
static void decompress(const struct buf *packed, struct buf *out)
{
	autofree char *chunk = mem_alloc(ZSTD_DStreamOutSize());
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	ZSTD_inBuffer in = {.src = packed->data, .size = packed->len};
	size_t left = 0;

	while (in.pos < in.size) {
		ZSTD_outBuffer o = {
		    .dst = chunk, .size = ZSTD_DStreamOutSize()};
		left = ZSTD_decompressStream(ctx, &o, &in);
		if (ZSTD_isError(left))
			fail_msg("%s at byte %zu of %zu",
			    ZSTD_getErrorName(left), in.pos, in.size);
		buf_add(out, chunk, o.pos);
	}
	assert_int_equal(left, 0); /* the last frame is whole */
	ZSTD_freeDCtx(ctx);
}

/* Parts that compress and parts that do not, in turn, `step` bytes a write. */
static void pack(const struct buf *parts, size_t count, int threads,
    size_t step, struct buf *out)
{
	struct err err = ERR_INIT;
	cleanup(sink_freep) struct sink *s =
	    zstd_compress(2, threads, NULL, test_sink(out), &err);

	assert_non_null(s);
	for (size_t i = 0; i < count; i++) {
		const struct buf *p = &parts[i];
		assert_ok(zstd_store(s, i % 2, &err), err);
		for (size_t at = 0; at < p->len; at += step) {
			size_t n = p->len - at < step ? p->len - at : step;
			assert_ok(sink_write(s, p->data + at, n, &err), err);
		}
	}
	assert_ok(sink_finish(s, &err), err);
}

enum { PARTS = 8 };

static void make_parts(struct buf parts[PARTS])
{
	static const size_t stored[] = {1, 131072, 131073, 3 << 20};

	for (size_t i = 0; i < PARTS; i += 2) {
		parts[i] = parts[i + 1] = (struct buf)BUF_INIT;
		if (i != 2) /* one of them has nothing to compress */
			add_text(&parts[i], 40000 * i + 1);
		add_random(&parts[i + 1], stored[i / 2], i + 1);
	}
}

static void frames_of_both_kinds_hold_what_was_written(void **state)
{
	static const size_t steps[] = {1000, 131072, 1 << 20};
	struct buf parts[PARTS];
	cleanup(buf_done) struct buf all = BUF_INIT;

	(void)state;
	make_parts(parts);
	for (size_t i = 0; i < PARTS; i++)
		buf_add(&all, buf_str(&parts[i]), parts[i].len);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT, got = BUF_INIT;
		pack(parts, PARTS, 2, steps[i], &packed);
		decompress(&packed, &got);
		assert_int_equal(got.len, all.len);
		assert_memory_equal(got.data, all.data, all.len);
	}
	for (size_t i = 0; i < PARTS; i++)
		buf_done(&parts[i]);
}

static void the_bytes_do_not_depend_on_threads(void **state)
{
	struct buf parts[PARTS];
	cleanup(buf_done) struct buf one = BUF_INIT, four = BUF_INIT;

	(void)state;
	make_parts(parts);
	pack(parts, PARTS, 1, 4096, &one);
	pack(parts, PARTS, 4, 4096, &four);
	assert_int_equal(one.len, four.len);
	assert_memory_equal(one.data, four.data, one.len);
	for (size_t i = 0; i < PARTS; i++)
		buf_done(&parts[i]);
}

static void what_is_stored_takes_hardly_more_room(void **state)
{
	struct buf parts[2] = {BUF_INIT, BUF_INIT};
	cleanup(buf_done) struct buf packed = BUF_INIT;

	(void)state;
	add_random(&parts[1], 10 << 20, 5);
	pack(parts, 2, 1, 131072, &packed);
	assert_true(packed.len < parts[1].len + 512);
	buf_done(&parts[1]);
}

static void nothing_at_all_is_a_frame(void **state)
{
	cleanup(buf_done) struct buf packed = BUF_INIT, got = BUF_INIT;

	(void)state;
	pack(NULL, 0, 1, 1, &packed);
	assert_true(packed.len > 0);
	decompress(&packed, &got);
	assert_int_equal(got.len, 0);
}

static bool gains(const char *dir, const struct buf *content)
{
	struct err err = ERR_INIT;
	autoclose int fd = file_unnamed(dir, &err);

	assert_true(fd >= 0);
	assert_ok(
	    file_write_all(fd, content->data, content->len, "x", &err), err);
	return zstd_gains(fd, content->len);
}

static void samples_say_what_compresses(void **state)
{
	char *dir = test_dir_make();
	cleanup(buf_done) struct buf b = BUF_INIT;

	(void)state;
	add_random(&b, 2 << 20, 9);
	assert_false(gains(dir, &b));
	/* An eighth of it would. */
	add_text(&b, 10000);
	assert_true(gains(dir, &b));
	buf_clear(&b);
	add_text(&b, 60000);
	assert_true(gains(dir, &b));
	/* Too short to be worth a question. */
	buf_clear(&b);
	add_random(&b, 10000, 9);
	assert_true(gains(dir, &b));
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_of_both_kinds_hold_what_was_written),
	    cmocka_unit_test(the_bytes_do_not_depend_on_threads),
	    cmocka_unit_test(what_is_stored_takes_hardly_more_room),
	    cmocka_unit_test(nothing_at_all_is_a_frame),
	    cmocka_unit_test(samples_say_what_compresses),
	};

	return cmocka_run_group_tests_name("zstd", tests, NULL, NULL);
}
