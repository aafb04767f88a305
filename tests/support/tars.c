#include "tests/support/tars.h"

#include "storage/archive/tar.h"
#include "storage/archive/tar_gzip.h"
#include "storage/archive/zstd.h"
#include "storage/base/cleanup.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { BLOCK = 512 };

static void fill_block(struct buf *tar)
{
	while (tar->len % BLOCK)
		buf_add_char(tar, '\0');
}

void test_tar_header(struct buf *tar, const char *name, char type,
    uint64_t bytes, const char *link)
{
	char h[BLOCK] = {0};
	unsigned sum = 0;

	assert_true(strlen(name) < 100);
	memcpy(h, name, strlen(name));
	memcpy(h + 100, "0000600", 7);
	memcpy(h + 108, "0000000", 7);
	memcpy(h + 116, "0000000", 7);
	snprintf(h + 124, 12, "%011llo", (unsigned long long)bytes);
	snprintf(h + 136, 12, "%011llo", 1700000000ULL);
	memset(h + 148, ' ', 8);
	h[156] = type;
	if (link)
		memcpy(h + 157, link, strlen(link));
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_add(tar, h, BLOCK);
}

void test_tar_content(struct buf *tar, const void *data, size_t len)
{
	buf_add(tar, data, len);
	fill_block(tar);
}

void test_tar_file(
    struct buf *tar, const char *name, const void *data, size_t len)
{
	test_tar_header(tar, name, '0', len, NULL);
	test_tar_content(tar, data, len);
}

void test_tar_record(
    struct buf *records, const char *key, const char *value, size_t value_len)
{
	size_t rest = strlen(" =\n") + strlen(key) + value_len, len = rest;
	size_t before = records->len;
	char digits[24];

	/* The length counts its own digits. */
	for (int i = 0; i < 3; i++)
		len =
		    rest + (size_t)snprintf(digits, sizeof(digits), "%zu", len);
	buf_printf(records, "%zu %s=", len, key);
	buf_add(records, value, value_len);
	buf_add_char(records, '\n');
	assert_int_equal(records->len - before, len);
}

void test_tar_pax(struct buf *tar, const struct buf *records)
{
	test_tar_header(tar, "pax", 'x', records->len, NULL);
	test_tar_content(tar, records->data, records->len);
}

void test_tar_end(struct buf *tar)
{
	static const char zeroes[2 * BLOCK];

	buf_add(tar, zeroes, sizeof(zeroes));
}

void test_tar_compress(
    enum archive_compression c, const void *data, size_t len, struct buf *out)
{
	struct err err = ERR_INIT;
	cleanup(sink_freep) struct sink *s =
	    c == ARCHIVE_GZIP ? tar_gzip(0, NULL, test_sink(out), &err)
			      : zstd_compress(0, 0, NULL, test_sink(out), &err);

	assert_non_null(s);
	assert_ok(sink_write(s, data, len, &err), err);
	assert_ok(sink_finish(s, &err), err);
}

void test_tar_list(
    enum archive_compression c, const struct buf *packed, struct buf *out)
{
	struct err err = ERR_INIT;
	struct tar_entry e;
	int r;
	struct tar_reader *t = tar_reader_new(
	    c, source_from_memory(packed->data, packed->len), &err);

	assert_non_null(t);
	while ((r = tar_reader_next(t, &e, &err)) == 1) {
		char data[4096];
		ssize_t n;
		buf_printf(out, "%s: ", e.path);
		while ((n = tar_reader_data(t, data, sizeof(data), &err)) > 0)
			buf_add(out, data, (size_t)n);
		assert_int_equal(n, 0);
		buf_add_char(out, '\n');
		tar_entry_done(&e);
	}
	if (r)
		fail_msg("%s", err.message);
	tar_reader_free(t);
}
