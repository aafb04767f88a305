#include "storage/base/gunzip.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <string.h>
#include <zlib.h>

static void take(void *ctx, const void *data, size_t len)
{
	buf_add(ctx, data, len);
}

static void pack(const struct buf *from, struct buf *to)
{
	z_stream z = {.zalloc = NULL};

	assert_int_equal(
	    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	buf_reserve(to, deflateBound(&z, from->len) + 32);
	z.next_in = (unsigned char *)from->data;
	z.avail_in = (uInt)from->len;
	z.next_out = (unsigned char *)to->data;
	z.avail_out = (uInt)to->cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->len = z.total_out;
	deflateEnd(&z);
}

static void what_was_packed_comes_back(void **state)
{
	static const size_t sizes[] = {0, 1, 16384, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		cleanup(buf_done) struct buf packed = BUF_INIT;
		cleanup(buf_done) struct buf back = BUF_INIT;
		struct err err = ERR_INIT;
		bool whole = false;
		buf_reserve(&text, 1);
		for (size_t n = 0; n < sizes[i]; n++)
			buf_add_char(&text, (char)(n * n >> 3));
		pack(&text, &packed);
		assert_true(gunzip_is_gzip(packed.data, packed.len));
		assert_ok(gunzip(packed.data, packed.len, sizes[i], take, &back,
			      &whole, &err),
		    err);
		assert_true(whole);
		assert_int_equal(back.len, text.len);
		if (back.len)
			assert_memory_equal(back.data, text.data, back.len);
		/* Every beginning of it is a beginning, and no error. */
		size_t step = packed.len > 1000 ? 977 : 1;
		for (size_t n = 0; n < packed.len; n += step) {
			buf_clear(&back);
			assert_ok(gunzip(packed.data, n, sizes[i], take, &back,
				      &whole, &err),
			    err);
			assert_false(whole);
			assert_true(back.len <= text.len);
		}
	}
}

static void what_is_broken_is_refused(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf packed = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	struct err err = ERR_INIT;
	bool whole = false;

	(void)state;
	for (size_t n = 0; n < 50000; n++)
		buf_add_char(&text, 'a');
	pack(&text, &packed);
	assert_fails(
	    gunzip(packed.data, packed.len, 49999, take, &back, &whole, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "more than 49999 bytes");
	buf_add_char(&packed, 'x');
	assert_fails(
	    gunzip(packed.data, packed.len, 50000, take, &back, &whole, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "1 bytes follow the end");
	packed.data[packed.len - 6] ^= 1; /* the checksum */
	assert_fails(gunzip(packed.data, packed.len - 1, 50000, take, &back,
			 &whole, &err),
	    err, ERR_FORMAT);
	assert_fails(
	    gunzip("no gzip at all", 14, 99, take, &back, &whole, &err), err,
	    ERR_FORMAT);
	assert_false(gunzip_is_gzip("no gzip at all", 14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_packed_comes_back),
	    cmocka_unit_test(what_is_broken_is_refused),
	};

	return cmocka_run_group_tests_name("base/gunzip", tests, NULL, NULL);
}
