#include "storage/git/pack/index_pack.h"

#include "storage/base/cleanup.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct test_pack making;
	struct buf pack;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->making.bytes);
	buf_done(&f->pack);
	free(f);
	return 0;
}

/* Of all that was added, with so many threads. */
static struct index_pack *resolve(
    struct fixture *f, size_t threads, struct err *err)
{
	const struct index_pack_options o = {.hash = GIT_SHA1,
	    .read_at = test_pack_read_at,
	    .ctx = &f->pack,
	    .threads = threads};
	struct index_pack *ip = index_pack_new(&o);

	buf_clear(&f->pack);
	test_pack_end(&f->making, &f->pack);
	if (index_pack_feed(ip, f->pack.data, f->pack.len, err) == 0 &&
	    index_pack_resolve(ip, err) == 0)
		return ip;
	index_pack_free(ip);
	return NULL;
}

static void holds(struct fixture *f, const char *const *contents, size_t count)
{
	static const size_t threads[] = {1, 4};

	for (size_t t = 0; t < 2; t++) {
		struct err err = ERR_INIT;
		struct index_pack *ip = resolve(f, threads[t], &err);
		if (!ip)
			fail_msg("%s", err.message);
		assert_int_equal(index_pack_count(ip), count);
		for (size_t i = 0; i < count; i++)
			if (!index_pack_has(
				ip, test_object_id("blob", contents[i]).bytes))
				fail_msg("no '%s'", contents[i]);
		index_pack_free(ip);
	}
}

/* One upon the other, and several upon one. */
static void chains_are_followed(void **state)
{
	static const char *const contents[] = {"a", "ab", "abc", "abd", "x"};
	struct fixture *f = *state;
	uint64_t a = test_pack_blob(&f->making, "a");
	uint64_t ab = test_pack_offset_delta(&f->making, a, "a", "b");

	test_pack_offset_delta(&f->making, ab, "ab", "c");
	test_pack_offset_delta(&f->making, ab, "ab", "d");
	test_pack_blob(&f->making, "x");
	holds(f, contents, 5);
}

/* By its id, a base may come after what needs it. */
static void a_base_may_come_later(void **state)
{
	static const char *const contents[] = {"a", "ab", "abc"};
	struct fixture *f = *state;
	const struct git_id a = test_object_id("blob", "a");
	const struct git_id ab = test_object_id("blob", "ab");

	test_pack_id_delta(&f->making, &ab, "ab", "c");
	test_pack_id_delta(&f->making, &a, "a", "b");
	test_pack_blob(&f->making, "a");
	holds(f, contents, 3);
}

/* With several threads, what is of a place that was just read is made while the
 * pack is read on; what is of an id, and all upon that, at the end. */
static void some_are_made_while_reading_and_some_upon_them(void **state)
{
	static const char *const contents[] = {
	    "a", "ab", "abc", "abcd", "abcde", "abx", "ay"};
	struct fixture *f = *state;
	const struct git_id abc = test_object_id("blob", "abc");
	uint64_t a = test_pack_blob(&f->making, "a");
	uint64_t ab = test_pack_offset_delta(&f->making, a, "a", "b");

	test_pack_offset_delta(&f->making, ab, "ab", "c");
	uint64_t abcd = test_pack_id_delta(&f->making, &abc, "abc", "d");
	test_pack_offset_delta(&f->making, abcd, "abcd", "e");
	test_pack_offset_delta(&f->making, ab, "ab", "x");
	test_pack_offset_delta(&f->making, a, "a", "y");
	holds(f, contents, 7);
}

static void a_base_that_is_elsewhere_is_not_found(void **state)
{
	struct fixture *f = *state;
	const struct git_id gone = test_object_id("blob", "gone");
	struct err err = ERR_INIT;

	test_pack_blob(&f->making, "a");
	test_pack_id_delta(&f->making, &gone, "gone", "!");
	assert_fails(resolve(f, 1, &err) ? 0 : -1, err, ERR_NOT_FOUND);
	assert_fails(resolve(f, 4, &err) ? 0 : -1, err, ERR_NOT_FOUND);
}

/* It says how long its base is. */
static void a_delta_of_another_base_does_not_apply(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	uint64_t a = test_pack_blob(&f->making, "a");

	test_pack_offset_delta(&f->making, a, "longer", "b");
	assert_fails(resolve(f, 1, &err) ? 0 : -1, err, ERR_FORMAT);
	assert_fails(resolve(f, 4, &err) ? 0 : -1, err, ERR_FORMAT);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(chains_are_followed),
	    TEST(a_base_may_come_later),
	    TEST(some_are_made_while_reading_and_some_upon_them),
	    TEST(a_base_that_is_elsewhere_is_not_found),
	    TEST(a_delta_of_another_base_does_not_apply),
	};

	return cmocka_run_group_tests_name("index_deltas", tests, NULL, NULL);
}
