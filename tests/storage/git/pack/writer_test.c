#include "storage/git/pack/writer.h"

#include "storage/base/cleanup.h"
#include "storage/git/pack/index_pack.h"
#include "tests/support/packs.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct buf pack;
	size_t room;
	struct pack_writer writer;
};

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	if (len > f->room - f->pack.len)
		return err_set(err, ERR_SYSTEM, "no room");
	buf_add(&f->pack, data, len);
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->room = SIZE_MAX;
	pack_writer_init(&f->writer, GIT_SHA1, on_data, f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pack_writer_done(&f->writer);
	buf_done(&f->pack);
	free(f);
	return 0;
}

static int add(struct fixture *f, const void *data, size_t len, uint64_t size,
    struct err *err)
{
	cleanup(source_freep) struct source *from =
	    test_source(data, len, 1000, false);

	return pack_writer_object(&f->writer, OBJECT_BLOB, size, from, err);
}

static int read_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	memcpy(data, f->pack.data + offset, len);
	return 0;
}

/* What reads packs as they arrive finds them under their ids, at the places
 * where the writer was. Lengths about where their header gets longer
 * (gitformat-pack(5)): 4 bits, then 7 more each. */
static void what_is_written_is_a_pack(void **state)
{
	static const size_t lengths[] = {0, 15, 16, 2047, 2048, 262143, 262144};
	enum { COUNT = sizeof(lengths) / sizeof(*lengths) };
	struct fixture *f = *state;
	autofree char *content = calloc(1, 262145);
	uint64_t places[COUNT];
	struct err err = ERR_INIT;
	const struct index_pack_options o = {
	    .hash = GIT_SHA1, .read_at = read_at, .ctx = f, .threads = 1};

	memset(content, 'x', 262144);
	assert_ok(pack_writer_start(&f->writer, COUNT, &err), err);
	for (size_t i = 0; i < COUNT; i++) {
		places[i] = f->writer.written;
		assert_int_equal(places[i], f->pack.len);
		assert_ok(add(f, content, lengths[i], lengths[i], &err), err);
	}
	assert_ok(pack_writer_end(&f->writer, &err), err);
	cleanup(index_pack_freep) struct index_pack *ip = index_pack_new(&o);
	assert_ok(index_pack_feed(ip, f->pack.data, f->pack.len, &err), err);
	assert_ok(index_pack_resolve(ip, &err), err);
	assert_int_equal(index_pack_count(ip), COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		content[lengths[i]] = '\0';
		struct git_id id = test_object_id("blob", content);
		content[lengths[i]] = 'x';
		size_t k = 0;
		while (k < COUNT && memcmp(index_pack_id(ip, k), id.bytes, 20))
			k++;
		assert_true(k < COUNT);
		assert_int_equal(index_pack_offset(ip, k), places[i]);
	}
	assert_memory_equal(
	    index_pack_checksum(ip), f->pack.data + f->pack.len - 20, 20);
}

static void the_header_has_version_and_count(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	uint8_t sum[20];

	assert_ok(pack_writer_start(&f->writer, 0x01020304, &err), err);
	assert_ok(pack_writer_end(&f->writer, &err), err);
	assert_int_equal(f->pack.len, 12 + 20);
	assert_memory_equal(f->pack.data, "PACK\0\0\0\2\1\2\3\4", 12);
	digest_of(DIGEST_SHA1, f->pack.data, 12, sum);
	assert_memory_equal(f->pack.data + 12, sum, 20);
}

static void an_object_is_as_long_as_it_says(void **state)
{
	struct fixture *f = *state;
	cleanup(source_freep) struct source *broken =
	    test_source("abc", 3, 2, true);
	struct err err = ERR_INIT;

	assert_fails(add(f, "abc", 3, 4, &err), err, ERR_FORMAT);
	assert_contains(err.message, "not as long as it says");
	assert_fails(add(f, "abc", 3, 2, &err), err, ERR_FORMAT);
	assert_fails(add(f, "", 0, 1, &err), err, ERR_FORMAT);
	assert_fails(
	    pack_writer_object(&f->writer, OBJECT_BLOB, 4, broken, &err), err,
	    ERR_NETWORK);
}

static void a_full_disk_and_a_stop_end_it(void **state)
{
	struct fixture *f = *state;
	struct cancel cancel = {0};
	struct err err = ERR_INIT;

	f->room = 15;
	assert_ok(pack_writer_start(&f->writer, 1, &err), err);
	assert_fails(add(f, "abc", 3, 3, &err), err, ERR_SYSTEM);
	assert_string_equal(err.message, "no room");
	assert_fails(pack_writer_end(&f->writer, &err), err, ERR_SYSTEM);
	f->writer.cancel = &cancel;
	cancel_request(&cancel);
	assert_fails(add(f, "", 0, 0, &err), err, ERR_CANCELLED);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_written_is_a_pack),
	    TEST(the_header_has_version_and_count),
	    TEST(an_object_is_as_long_as_it_says),
	    TEST(a_full_disk_and_a_stop_end_it),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
