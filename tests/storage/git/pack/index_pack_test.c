#include "storage/git/pack/index_pack.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A pack of three blobs. */
struct fixture {
	struct buf pack;
	atomic_size_t small;
};

static const char *const contents[] = {"one", "two", "a third one"};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct test_pack p = {.bytes = BUF_INIT};

	for (size_t i = 0; i < 3; i++)
		test_pack_blob(&p, contents[i]);
	test_pack_end(&p, &f->pack);
	buf_done(&p.bytes);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->pack);
	free(f);
	return 0;
}

static int read_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	return test_pack_read_at(&f->pack, offset, data, len, err);
}

static void count_small(void *ctx, const void *data, size_t len)
{
	(void)data;
	(void)len;
	atomic_fetch_add(&((struct fixture *)ctx)->small, 1);
}

static struct index_pack *begin(struct fixture *f)
{
	const struct index_pack_options o = {.hash = GIT_SHA1,
	    .read_at = read_at,
	    .on_small_blob = count_small,
	    .ctx = f,
	    .threads = 1};

	return index_pack_new(&o);
}

/* All of the pack, `piece` bytes at a time. */
static int index_all(
    struct fixture *f, struct index_pack *ip, size_t piece, struct err *err)
{
	for (size_t at = 0; at < f->pack.len; at += piece) {
		size_t left = f->pack.len - at;
		if (index_pack_feed(ip, f->pack.data + at,
			left < piece ? left : piece, err))
			return -1;
	}
	return index_pack_resolve(ip, err);
}

static void it_is_read_in_pieces_of_any_length(void **state)
{
	struct fixture *f = *state;

	for (size_t piece = 1; piece <= f->pack.len; piece++) {
		cleanup(index_pack_freep) struct index_pack *ip = begin(f);
		struct err err = ERR_INIT;
		f->small = 0;
		assert_ok(index_all(f, ip, piece, &err), err);
		assert_int_equal(index_pack_count(ip), 3);
		assert_int_equal(f->small, 3);
		for (size_t i = 0; i < 3; i++)
			assert_true(index_pack_has(
			    ip, test_object_id("blob", contents[i]).bytes));
		assert_false(
		    index_pack_has(ip, test_object_id("blob", "four").bytes));
		for (size_t i = 1; i < 3; i++)
			assert_true(memcmp(index_pack_id(ip, i - 1),
					index_pack_id(ip, i), 20) < 0);
		assert_memory_equal(index_pack_checksum(ip),
		    f->pack.data + f->pack.len - 20, 20);
	}
}

/* A bit anywhere, an end too early or too late: it is not taken for whole. */
static void what_is_damaged_is_refused(void **state)
{
	struct fixture *f = *state;
	size_t whole = f->pack.len;

	for (size_t at = 0; at < whole; at++) {
		cleanup(index_pack_freep) struct index_pack *ip = begin(f);
		struct err err = ERR_INIT;
		f->pack.data[at] ^= 4;
		assert_int_equal(index_all(f, ip, whole, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		f->pack.data[at] ^= 4;
	}
	for (size_t len = 0; len < whole; len++) {
		cleanup(index_pack_freep) struct index_pack *ip = begin(f);
		struct err err = ERR_INIT;
		f->pack.len = len;
		assert_int_equal(index_all(f, ip, whole, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
	f->pack.len = whole;
	buf_add_char(&f->pack, '\0');
	cleanup(index_pack_freep) struct index_pack *ip = begin(f);
	struct err err = ERR_INIT;
	assert_fails(index_all(f, ip, 1000, &err), err, ERR_FORMAT);
}

static void its_index_has_a_fan_out_and_a_checksum(void **state)
{
	struct fixture *f = *state;
	cleanup(index_pack_freep) struct index_pack *ip = begin(f);
	cleanup(buf_done) struct buf index = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t sum[20];

	assert_ok(index_all(f, ip, 1000, &err), err);
	index_pack_write(ip, &index);
	/* gitformat-pack(5), version 2: for each of three objects an id, a CRC
	 * and an offset; then the checksums of pack and index. */
	assert_int_equal(index.len, 8 + 4 * 256 + 3 * (20 + 4 + 4) + 40);
	assert_memory_equal(index.data, "\377tOc\0\0\0\2", 8);
	assert_memory_equal(index.data + 8 + 4 * 255, "\0\0\0\3", 4);
	assert_memory_equal(index.data + 8 + 4 * 256, index_pack_id(ip, 0), 20);
	assert_memory_equal(
	    index.data + index.len - 40, index_pack_checksum(ip), 20);
	digest_of(DIGEST_SHA1, index.data, index.len - 20, sum);
	assert_memory_equal(index.data + index.len - 20, sum, 20);
}

static void what_objects_name_is_collected_and_can_be_forgotten(void **state)
{
	struct fixture *f = *state;
	struct test_pack p = {.bytes = BUF_INIT};
	const struct git_id blob = test_object_id("blob", "elsewhere");
	cleanup(buf_done) struct buf tree = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t id[GIT_ID_LEN];
	size_t at = 0;

	test_tree_entry(&tree, "100644", "name", &blob);
	test_pack_object(&p, OBJECT_TREE, tree.data, tree.len);
	f->pack.len = 0;
	test_pack_end(&p, &f->pack);
	buf_done(&p.bytes);
	cleanup(index_pack_freep) struct index_pack *ip = begin(f);
	assert_ok(index_all(f, ip, 1000, &err), err);
	assert_true(object_links_next(index_pack_object_links(ip), &at, id));
	assert_memory_equal(id, blob.bytes, 20);
	assert_false(object_links_next(index_pack_object_links(ip), &at, id));

	index_pack_forget_object_links(ip);
	at = 0;
	assert_false(object_links_next(index_pack_object_links(ip), &at, id));
	assert_int_equal(index_pack_count(ip), 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_read_in_pieces_of_any_length),
	    TEST(what_is_damaged_is_refused),
	    TEST(its_index_has_a_fan_out_and_a_checksum),
	    TEST(what_objects_name_is_collected_and_can_be_forgotten),
	};

	return cmocka_run_group_tests_name("index_pack", tests, NULL, NULL);
}
