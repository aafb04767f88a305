#include "storage/archive/tar.h"

#include "storage/archive/tar_unpacked.h"
#include "storage/base/cleanup.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 3 * 512 };

static const enum archive_compression both[] = {ARCHIVE_ZSTD, ARCHIVE_GZIP};

static struct tar_writer *writer(
    enum archive_compression c, struct frames *frames, struct sink *sink)
{
	const struct compress_options o = {.compression = c};
	struct err err = ERR_INIT;
	struct tar_writer *t = tar_writer_new(&o, frames, sink, &err);

	if (!t)
		fail_msg("%s", err.message);
	return t;
}

/* The tar that it unpacks to. */
static void unpack(
    enum archive_compression c, const struct buf *packed, struct buf *out)
{
	struct err err = ERR_INIT;
	cleanup(source_freep) struct source *from = tar_unpacked(
	    c, source_from_memory(packed->data, packed->len), &err);
	cleanup(sink_freep) struct sink *to = test_sink(out);

	assert_non_null(from);
	assert_true(stream_copy(from, to, &err) >= 0);
}

/* Offsets of a header: pax of POSIX.1-2017, "ustar Interchange Format". Each
 * entry has a pax header, which says that names are bytes: 3 blocks in all. */
static void an_entry_is_what_any_tar_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf tar = BUF_INIT;
		struct err err = ERR_INIT;
		struct tar_writer *t =
		    writer(both[i], NULL, test_sink(&packed));
		assert_ok(
		    tar_writer_entry(t, "a/b", 7, 1700000000, NULL, &err), err);
		assert_ok(tar_writer_data(t, "con", 3, &err), err);
		assert_ok(tar_writer_data(t, "tent", 4, &err), err);
		assert_ok(tar_writer_finish(t, &err), err);
		tar_writer_free(t);
		unpack(both[i], &packed, &tar);
		/* The entry, its content, and two blocks of zeroes. */
		assert_int_equal(tar.len, HEADER + 3 * 512);
		assert_int_equal(tar.data[156], 'x');
		assert_string_equal(tar.data + 512, "21 hdrcharset=BINARY\n");
		const char *h = tar.data + 1024;
		assert_string_equal(h, "a/b");
		assert_memory_equal(h + 100, "000600 ", 7);
		assert_memory_equal(h + 108, "000000 ", 7);
		assert_memory_equal(h + 124, "00000000007 ", 12);
		assert_memory_equal(h + 136, "14524770400 ", 12);
		assert_int_equal(h[156], '0');
		assert_memory_equal(h + 257, "ustar", 6);
		assert_memory_equal(h + 512, "content\0", 8);
	}
}

static void names_and_attributes_of_any_bytes_come_back(void **state)
{
	static const char name[] = "caf\xc3\xa9/\xff\xfe";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		struct err err = ERR_INIT;
		struct tar_attrs attrs = VEC_INIT;
		struct tar_entry e;
		struct tar_writer *t =
		    writer(both[i], NULL, test_sink(&packed));
		tar_attrs_add(&attrs, "user.content-type", "text/plain", 10);
		tar_attrs_add(&attrs, "user.empty", "", 0);
		assert_ok(tar_writer_entry(t, name, 0, -5, &attrs, &err), err);
		assert_ok(tar_writer_finish(t, &err), err);
		tar_writer_free(t);
		tar_attrs_done(&attrs);
		struct tar_reader *r = tar_reader_new(
		    both[i], source_from_memory(packed.data, packed.len), &err);
		assert_int_equal(tar_reader_next(r, &e, &err), 1);
		assert_string_equal(e.path, name);
		assert_int_equal(e.mtime, -5);
		assert_int_equal(e.attrs.len, 2);
		for (size_t k = 0; k < 2; k++) {
			const struct tar_attr *a = &e.attrs.items[k];
			assert_string_equal(a->value,
			    strcmp(a->name, "user.empty") ? "text/plain" : "");
		}
		tar_entry_done(&e);
		tar_reader_free(r);
	}
}

/* A second header has to fit, too. */
enum { FIRST = 2 * 1024 * 1024, FITS = FRAMES_BYTES - FIRST - 2 * HEADER };

/* In which frame the second of two entries begins. */
static uint64_t frame_of_second(
    enum archive_compression c, size_t first, size_t second)
{
	cleanup(buf_done) struct buf packed = BUF_INIT;
	autofree char *content = calloc(1, FRAMES_BYTES);
	struct frames frames = VEC_INIT;
	struct err err = ERR_INIT;
	struct tar_writer *t = writer(c, &frames, test_sink(&packed));

	assert_ok(tar_writer_entry(t, "one", first, 0, NULL, &err), err);
	assert_int_equal(tar_writer_position(t).frame, 0);
	assert_int_equal(tar_writer_position(t).offset, HEADER);
	assert_ok(tar_writer_data(t, content, first, &err), err);
	assert_ok(tar_writer_entry(t, "two", second, 0, NULL, &err), err);
	struct frames_position p = tar_writer_position(t);
	assert_ok(tar_writer_data(t, content, second, &err), err);
	assert_ok(tar_writer_finish(t, &err), err);
	tar_writer_free(t);
	assert_int_equal(p.offset, p.frame ? HEADER : first + 2 * HEADER);
	assert_true(frames.len > p.frame);
	assert_int_equal(frames_end(&frames), packed.len);
	vec_done(&frames);
	return p.frame;
}

static void an_entry_that_fits_into_a_frame_is_not_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(frame_of_second(both[i], FIRST, FITS), 0);
		assert_int_equal(frame_of_second(both[i], FIRST, FITS + 1), 1);
		/* A short frame compresses worse: the first quarter is not
		 * left for it. */
		assert_int_equal(
		    frame_of_second(
			both[i], FRAMES_BYTES / 4 - HEADER - 512, FRAMES_BYTES),
		    0);
		assert_int_equal(
		    frame_of_second(both[i], FRAMES_BYTES / 4, FRAMES_BYTES),
		    1);
	}
}

static void more_than_was_announced_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		struct err err = ERR_INIT;
		struct tar_writer *t =
		    writer(both[i], NULL, test_sink(&packed));
		assert_ok(tar_writer_entry(t, "f", 4, 0, NULL, &err), err);
		assert_ok(tar_writer_data(t, "four", 4, &err), err);
		assert_fails(tar_writer_data(t, "5", 1, &err), err, ERR_FORMAT);
		assert_contains(err.message, "writing an entry's content");
		tar_writer_free(t);
	}
}

/* Parts are put one behind the other: only the last one ends the archive. */
static void a_part_has_no_end_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf tar = BUF_INIT;
		struct err err = ERR_INIT;
		for (int part = 0; part < 2; part++) {
			struct tar_writer *t =
			    writer(both[i], NULL, test_sink(&packed));
			assert_ok(
			    tar_writer_entry(t, "f", 1, 0, NULL, &err), err);
			assert_ok(tar_writer_data(t, "x", 1, &err), err);
			assert_ok(part ? tar_writer_finish(t, &err)
				       : tar_writer_end(t, &err),
			    err);
			tar_writer_free(t);
		}
		unpack(both[i], &packed, &tar);
		assert_int_equal(tar.len, 2 * (HEADER + 512) + 1024);
	}
}

static void a_full_disk_is_reported_as_one(void **state)
{
	static const size_t rooms[] = {0, 100, 200000};
	autofree char *noise = malloc(1 << 20);
	struct test_random random;

	(void)state;
	test_random_init(&random, 8);
	random_fill(&random.random, noise, 1 << 20);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof(rooms) / sizeof(*rooms); k++) {
			cleanup(buf_done) struct buf packed = BUF_INIT;
			struct err err = ERR_INIT;
			struct tar_writer *t = writer(
			    both[i], NULL, test_sink_full(&packed, rooms[k]));
			int failed =
			    tar_writer_entry(t, "f", 1 << 20, 0, NULL, &err) ||
			    tar_writer_data(t, noise, 1 << 20, &err) ||
			    tar_writer_finish(t, &err);
			assert_true(failed);
			assert_int_equal(err.sys_errno, ENOSPC);
			tar_writer_free(t);
			assert_true(packed.len <= rooms[k]);
		}
}

/* Given up half way, it must not end like a whole one. */
static void one_that_was_given_up_has_no_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		struct err err = ERR_INIT;
		struct tar_writer *t =
		    writer(both[i], NULL, test_sink(&packed));
		assert_ok(tar_writer_entry(t, "f", 4, 0, NULL, &err), err);
		assert_ok(tar_writer_data(t, "fo", 2, &err), err);
		tar_writer_free(t);
		struct tar_entry e;
		char data[8];
		struct tar_reader *r = tar_reader_new(
		    both[i], source_from_memory(packed.data, packed.len), &err);
		int got = r ? tar_reader_next(r, &e, &err) : -1;
		if (got == 1) {
			tar_entry_done(&e);
			assert_int_equal(
			    tar_reader_data(r, data, sizeof(data), &err), -1);
		}
		tar_reader_free(r);
	}
	tar_writer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_entry_is_what_any_tar_reads),
	    cmocka_unit_test(names_and_attributes_of_any_bytes_come_back),
	    cmocka_unit_test(an_entry_that_fits_into_a_frame_is_not_split),
	    cmocka_unit_test(more_than_was_announced_is_refused),
	    cmocka_unit_test(a_part_has_no_end_of_its_own),
	    cmocka_unit_test(a_full_disk_is_reported_as_one),
	    cmocka_unit_test(one_that_was_given_up_has_no_end),
	};

	return cmocka_run_group_tests_name("tar_write", tests, NULL, NULL);
}
