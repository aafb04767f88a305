#include "storage/git/pack/index_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { OBJECTS = 64, PART_BYTES = 100 };

/* A pack in memory: blobs, each second one a delta on the first. */
struct made {
	struct buf pack;
	uint64_t offsets[OBJECTS];
};

static int read_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct made *m = ctx;

	if (offset > m->pack.len || len > m->pack.len - offset)
		return err_set(err, ERR_FORMAT, "beyond the end");
	memcpy(data, m->pack.data + offset, len);
	return 0;
}

static void add_packed(struct buf *out, const void *data, size_t len)
{
	uint8_t packed[256];
	uLongf packed_len = sizeof(packed);

	assert_int_equal(compress(packed, &packed_len, data, len), Z_OK);
	buf_add(out, packed, packed_len);
}

/* gitformat-pack(5). Lengths are below 16, so that a header is one byte. */
static void add_object(struct made *m, int i)
{
	char text[32];
	uint64_t back;

	m->offsets[i] = m->pack.len;
	if (i % 2 == 0) {
		snprintf(text, sizeof(text), "object %03d", i);
		buf_add_char(&m->pack, (char)(3 << 4 | 10));
		add_packed(&m->pack, text, 10);
		return;
	}
	/* 10 bytes become 5: copy 3 from 0, insert two digits. */
	const char delta[] = {10, 5, (char)0x90, 3, 2, (char)('0' + i / 10),
	    (char)('0' + i % 10)};
	buf_add_char(&m->pack, (char)(6 << 4 | sizeof(delta)));
	back = m->offsets[i] - m->offsets[0];
	if (back >= 128)
		buf_add_char(
		    &m->pack, (char)(0x80 | (((back >> 7) - 1) & 0x7f)));
	buf_add_char(&m->pack, (char)(back & 0x7f));
	add_packed(&m->pack, delta, sizeof(delta));
}

static void make(struct made *m)
{
	static const char head[] = {
	    'P', 'A', 'C', 'K', 0, 0, 0, 2, 0, 0, 0, OBJECTS};
	uint8_t sum[DIGEST_SHA1_LEN];

	*m = (struct made){.pack = BUF_INIT};
	buf_add(&m->pack, head, sizeof(head));
	for (int i = 0; i < OBJECTS; i++)
		add_object(m, i);
	digest_of(DIGEST_SHA1, m->pack.data, m->pack.len, sum);
	buf_add(&m->pack, sum, sizeof(sum));
}

static int read_parts(struct made *m, struct buf *idx, struct err *err)
{
	const struct index_pack_options o = {
	    .read_at = read_at, .ctx = m, .threads = 3};
	const struct index_parts p = {.bytes = m->pack.len,
	    .offsets = m->offsets,
	    .count = OBJECTS,
	    .part_bytes = PART_BYTES};
	cleanup(index_pack_freep) struct index_pack *ip = index_pack_new(&o);

	if (index_parts_read(ip, &p, err) || index_pack_resolve(ip, err))
		return -1;
	index_pack_write(ip, idx);
	return 0;
}

static void parts_make_the_index_that_the_whole_makes(void **state)
{
	cleanup(buf_done) struct buf whole = BUF_INIT;
	cleanup(buf_done) struct buf parts = BUF_INIT;
	struct err err = ERR_INIT;
	struct made m;

	(void)state;
	make(&m);
	const struct index_pack_options o = {.read_at = read_at, .ctx = &m};
	cleanup(index_pack_freep) struct index_pack *ip = index_pack_new(&o);
	assert_ok(index_pack_feed(ip, m.pack.data, m.pack.len, &err), err);
	assert_ok(index_pack_resolve(ip, &err), err);
	index_pack_write(ip, &whole);
	assert_ok(read_parts(&m, &parts, &err), err);
	assert_int_equal(parts.len, whole.len);
	assert_memory_equal(parts.data, whole.data, whole.len);
	buf_done(&m.pack);
}

static void a_flipped_byte_anywhere_is_found(void **state)
{
	struct made m;

	(void)state;
	make(&m);
	for (size_t i = 0; i < m.pack.len; i++) {
		cleanup(buf_done) struct buf idx = BUF_INIT;
		struct err err = ERR_INIT;
		m.pack.data[i] ^= 1;
		assert_int_equal(read_parts(&m, &idx, &err), -1);
		m.pack.data[i] ^= 1;
	}
	buf_done(&m.pack);
}

static void offsets_that_are_not_its_own_are_refused(void **state)
{
	struct made m;

	(void)state;
	make(&m);
	for (int i = 0; i < OBJECTS; i++) {
		cleanup(buf_done) struct buf idx = BUF_INIT;
		cleanup(buf_done) struct buf right = BUF_INIT;
		struct err err = ERR_INIT;
		m.offsets[i]++;
		/* Where no part begins nobody asks for the offset. */
		if (!read_parts(&m, &idx, &err)) {
			m.offsets[i]--;
			assert_ok(read_parts(&m, &right, &err), err);
			assert_int_equal(idx.len, right.len);
			assert_memory_equal(idx.data, right.data, idx.len);
			m.offsets[i]++;
		} else {
			assert_int_equal(err.code, ERR_FORMAT);
		}
		m.offsets[i]--;
	}
	m.offsets[0]++;
	cleanup(buf_done) struct buf idx = BUF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(read_parts(&m, &idx, &err), -1);
	buf_done(&m.pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_make_the_index_that_the_whole_makes),
	    cmocka_unit_test(a_flipped_byte_anywhere_is_found),
	    cmocka_unit_test(offsets_that_are_not_its_own_are_refused),
	};

	return cmocka_run_group_tests_name("index_parts", tests, NULL, NULL);
}
