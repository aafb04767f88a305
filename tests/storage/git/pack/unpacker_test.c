/* Objects out of a pack whose entries are known. */
#include "storage/git/pack/unpacker.h"

#include "storage/base/cleanup.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct test_pack making;
	struct buf pack;
	struct index_pack *ip;
	struct unpacker u;
	size_t len; /* of what it gave */
};

static int setup(void **state)
{
	*state = mem_new(struct fixture);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->ip)
		unpacker_done(&f->u);
	index_pack_free(f->ip);
	buf_done(&f->making.bytes);
	buf_done(&f->pack);
	free(f);
	return 0;
}

/* Of all that was added: with bases that are resolved, as index_deltas.c
 * does. */
static void open_all(struct fixture *f, uint64_t max_object_bytes)
{
	const struct index_pack_options o = {.hash = GIT_SHA1,
	    .read_at = test_pack_read_at,
	    .ctx = &f->pack,
	    .threads = 1,
	    .max_object_bytes = max_object_bytes};
	struct err err = ERR_INIT;

	test_pack_end(&f->making, &f->pack);
	f->ip = index_pack_new(&o);
	assert_ok(index_pack_feed(f->ip, f->pack.data, f->pack.len, &err), err);
	unpacker_init(&f->u, f->ip);
}

static void gives(struct fixture *f, uint8_t *data, const char *content)
{
	assert_non_null(data);
	assert_int_equal(f->len, strlen(content));
	assert_memory_equal(data, content, f->len);
	free(data);
}

static uint8_t *apply(struct fixture *f, uint32_t entry, const char *base)
{
	return unpacker_apply(
	    &f->u, entry, (const uint8_t *)base, strlen(base), &f->len);
}

static void refuses(struct fixture *f, uint8_t *data, const char *why)
{
	assert_null(data);
	assert_int_equal(f->u.err.code, ERR_FORMAT);
	assert_contains(f->u.err.message, why);
}

static void a_whole_object_is_unpacked_again(void **state)
{
	struct fixture *f = *state;

	test_pack_blob(&f->making, "a long one, for which room is made");
	test_pack_blob(&f->making, "b");
	test_pack_blob(&f->making, "");
	open_all(f, 100);
	for (int i = 0; i < 2; i++) {
		gives(f, unpacker_whole(&f->u, 0, &f->len),
		    "a long one, for which room is made");
		gives(f, unpacker_whole(&f->u, 1, &f->len), "b");
		gives(f, unpacker_whole(&f->u, 2, &f->len), "");
	}
}

/* Longer than what is read at once. */
static void a_large_object_is_unpacked_in_pieces(void **state)
{
	struct fixture *f = *state;
	size_t len = 20 * sizeof(f->u.window);
	autofree char *content = mem_alloc(len + 1);
	uint32_t random = 1;

	for (size_t i = 0; i < len; i++) {
		random = random * 1664525 + 1013904223;
		content[i] = (char)('0' + (random >> 25));
	}
	content[len] = '\0';
	test_pack_blob(&f->making, "a");
	test_pack_blob(&f->making, content);
	test_pack_blob(&f->making, "b");
	open_all(f, len);
	for (int i = 0; i < 2; i++) {
		gives(f, unpacker_whole(&f->u, 1, &f->len), content);
		gives(f, unpacker_whole(&f->u, 2, &f->len), "b");
		gives(f, unpacker_whole(&f->u, 0, &f->len), "a");
	}
}

static void a_delta_is_applied_to_its_base(void **state)
{
	struct fixture *f = *state;
	uint64_t a = test_pack_blob(&f->making, "a");

	test_pack_offset_delta(&f->making, a, "a", "b");
	open_all(f, 100);
	gives(f, apply(f, 1, "a"), "ab");
	/* It says how long its base is. */
	refuses(f, apply(f, 1, "aa"), "malformed");
}

static void a_chain_is_made_again_from_its_first_base(void **state)
{
	struct fixture *f = *state;
	uint64_t a = test_pack_blob(&f->making, "a");
	uint64_t ab = test_pack_offset_delta(&f->making, a, "a", "b");

	test_pack_offset_delta(&f->making, ab, "ab", "c");
	open_all(f, 100);
	gives(f, unpacker_make_again(&f->u, 2, &f->len), "abc");
	gives(f, unpacker_make_again(&f->u, 1, &f->len), "ab");
	gives(f, unpacker_make_again(&f->u, 0, &f->len), "a");
}

/* A small delta may say that it makes a large object. */
static void what_is_longer_than_allowed_is_not_made(void **state)
{
	struct fixture *f = *state;
	uint64_t a = test_pack_blob(&f->making, "0123456789");

	test_pack_offset_delta(&f->making, a, "0123456789", "0123456789");
	open_all(f, 15);
	refuses(f, apply(f, 1, "0123456789"),
	    "of an object of 20 bytes, and only 15 are allowed");
	f->u.err = (struct err)ERR_INIT;
	refuses(
	    f, unpacker_make_again(&f->u, 1, &f->len), "only 15 are allowed");
}

/* Between the first reading, which found it good, and this one. */
static void a_pack_that_changed_is_refused(void **state)
{
	struct fixture *f = *state;
	uint64_t a = test_pack_blob(&f->making, "one");
	uint64_t b = test_pack_blob(&f->making, "another");

	open_all(f, 100);
	f->pack.data[a + 3] ^= 0x20;
	refuses(f, unpacker_whole(&f->u, 0, &f->len), "the pack changed");
	f->u.err = (struct err)ERR_INIT;
	gives(f, unpacker_whole(&f->u, 1, &f->len), "another");
	/* One that became shorter; what was read before is still known. */
	f->pack.len = (size_t)b + 2;
	unpacker_done(&f->u);
	unpacker_init(&f->u, f->ip);
	assert_null(unpacker_whole(&f->u, 1, &f->len));
	assert_int_not_equal(f->u.err.code, ERR_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_whole_object_is_unpacked_again),
	    TEST(a_large_object_is_unpacked_in_pieces),
	    TEST(a_delta_is_applied_to_its_base),
	    TEST(a_chain_is_made_again_from_its_first_base),
	    TEST(what_is_longer_than_allowed_is_not_made),
	    TEST(a_pack_that_changed_is_refused),
	};

	return cmocka_run_group_tests_name("unpacker", tests, NULL, NULL);
}
