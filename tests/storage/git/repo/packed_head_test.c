#include "storage/git/repo/packed_head.h"

#include "storage/git/repo/object_links.h"
#include "tests/support/test.h"

#include <string.h>

static int parse(const char *data, size_t len, struct packed_head *h)
{
	return packed_head_parse(GIT_SHA1, (const uint8_t *)data, len, h);
}

#define PARSE(data, h) parse(data, sizeof(data) - 1, h)

static void reads_type_and_length(void **state)
{
	struct packed_head h;

	(void)state;
	assert_int_equal(PARSE("\x10", &h), 1);
	assert_int_equal(h.kind, OBJECT_COMMIT);
	assert_true(h.size == 0);
	assert_int_equal(PARSE("\x3f rest", &h), 1);
	assert_int_equal(h.kind, OBJECT_BLOB);
	assert_true(h.size == 15);
	assert_int_equal(PARSE("\xb0\x01", &h), 2);
	assert_true(h.size == 16);
	assert_int_equal(h.type_len, 2);
	assert_int_equal(PARSE("\xcf\xff\x7f", &h), 3);
	assert_int_equal(h.kind, OBJECT_TAG);
	assert_true(h.size == (1 << 18) - 1);
}

/* 4 bits and 8 times 7: more would not be the length of anything. */
static void limits_the_length(void **state)
{
	struct packed_head h;

	(void)state;
	assert_int_equal(PARSE("\xbf\xff\xff\xff\xff\xff\xff\xff\x7f", &h), 9);
	assert_true(h.size == (UINT64_C(1) << 60) - 1);
	assert_int_equal(
	    PARSE("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\x01", &h), -1);
}

static void refuses_types_that_are_none(void **state)
{
	struct packed_head h;

	(void)state;
	assert_int_equal(PARSE("\x00", &h), -1);
	assert_int_equal(PARSE("\x50", &h), -1);
}

static void asks_for_more(void **state)
{
	static const char ofs[] = "\xe1\x02\x81\x00";
	char ref[2 + 20];
	struct packed_head h;

	(void)state;
	assert_int_equal(PARSE("", &h), 0);
	assert_int_equal(PARSE("\xb0", &h), 0);
	for (size_t len = 0; len < sizeof(ofs) - 1; len++)
		assert_int_equal(parse(ofs, len, &h), 0);
	assert_int_equal(parse(ofs, sizeof(ofs) - 1, &h), 4);
	memset(ref, 'i', sizeof(ref));
	memcpy(ref, "\xf1\x02", 2);
	for (size_t len = 0; len < sizeof(ref); len++)
		assert_int_equal(parse(ref, len, &h), 0);
	assert_int_equal(parse(ref, sizeof(ref), &h), sizeof(ref));
}

static void reads_how_far_back_a_base_is(void **state)
{
	struct packed_head h;

	(void)state;
	assert_int_equal(PARSE("\x61\x01", &h), 2);
	assert_int_equal(h.kind, PACKED_OFS_DELTA);
	assert_int_equal(h.type_len, 1);
	assert_int_equal(h.len, 2);
	assert_true(h.back == 1);
	assert_int_equal(PARSE("\x61\x7f", &h), 2);
	assert_true(h.back == 127);
	/* Each further byte adds one, so that no distance has two forms. */
	assert_int_equal(PARSE("\x61\x80\x00", &h), 3);
	assert_true(h.back == 128);
	assert_int_equal(PARSE("\x61\xff\x7f", &h), 3);
	assert_true(h.back == 16511);
	/* An object is not a delta of itself. */
	assert_int_equal(PARSE("\x61\x00", &h), -1);
	assert_int_equal(
	    PARSE("\x61\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &h), -1);
}

static void reads_the_id_of_a_base(void **state)
{
	static const uint8_t zeros[GIT_ID_LEN];
	uint8_t data[1 + GIT_ID_LEN];
	struct packed_head h;

	(void)state;
	for (size_t i = 1; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	data[0] = 0x74;
	assert_int_equal(
	    packed_head_parse(GIT_SHA1, data, sizeof(data), &h), 21);
	assert_int_equal(h.kind, PACKED_REF_DELTA);
	assert_true(h.size == 4);
	assert_memory_equal(h.base_id, data + 1, 20);
	assert_memory_equal(h.base_id + 20, zeros, GIT_ID_LEN - 20);
	assert_int_equal(
	    packed_head_parse(GIT_SHA256, data, sizeof(data), &h), 33);
	assert_memory_equal(h.base_id, data + 1, GIT_ID_LEN);
	assert_int_equal(
	    packed_head_parse(GIT_SHA256, data, sizeof(data) - 1, &h), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_type_and_length),
	    cmocka_unit_test(limits_the_length),
	    cmocka_unit_test(refuses_types_that_are_none),
	    cmocka_unit_test(asks_for_more),
	    cmocka_unit_test(reads_how_far_back_a_base_is),
	    cmocka_unit_test(reads_the_id_of_a_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
