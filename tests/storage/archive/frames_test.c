#include "storage/archive/frames.h"

#include "tests/support/test.h"

static void frames_follow_each_other(void **state)
{
	struct frames f = VEC_INIT, more = VEC_INIT;

	(void)state;
	assert_int_equal(frames_end(&f), 0);
	frames_add(&f, 10, 100);
	frames_add(&f, 5, 50);
	assert_int_equal(f.items[1].offset, 10);
	assert_int_equal(f.items[1].unpacked, 50);
	assert_int_equal(frames_end(&f), 15);
	/* Those of a part come behind, one after the other. */
	frames_add(&more, 7, 70);
	frames_add(&more, 8, 80);
	frames_append(&f, &more);
	assert_int_equal(f.len, 4);
	assert_int_equal(f.items[2].offset, 15);
	assert_int_equal(f.items[3].offset, 22);
	assert_int_equal(f.items[3].unpacked, 80);
	assert_int_equal(frames_end(&f), 30);
	assert_int_equal(more.items[0].offset, 0);
	vec_done(&f);
	vec_done(&more);
}

static int check(const struct frames *f, uint64_t offset, uint64_t bytes,
    uint64_t end, struct err *err)
{
	const struct frame next = {.offset = offset, .bytes = bytes};

	return frames_check_next(f, &next, end, err);
}

static void an_index_that_lies_is_refused(void **state)
{
	struct frames f = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(check(&f, 0, 1, 1, &err), err);
	frames_add(&f, 10, 100);
	assert_ok(check(&f, 10, 5, 15, &err), err);
	assert_ok(check(&f, 10, 1, 15, &err), err);
	assert_fails(check(&f, 10, 6, 15, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "frame 1 is said to have 6 bytes");
	assert_fails(check(&f, 10, 0, 15, &err), err, ERR_INTEGRITY);
	assert_fails(check(&f, 9, 1, 15, &err), err, ERR_INTEGRITY);
	assert_fails(check(&f, 11, 1, 15, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "begin at 11");
	assert_fails(check(&f, 10, UINT64_MAX, 15, &err), err, ERR_INTEGRITY);
	/* There is no room at all. */
	assert_fails(check(&f, 10, 1, 10, &err), err, ERR_INTEGRITY);
	assert_fails(check(&f, 10, 1, 9, &err), err, ERR_INTEGRITY);
	vec_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_follow_each_other),
	    cmocka_unit_test(an_index_that_lies_is_refused),
	};

	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
