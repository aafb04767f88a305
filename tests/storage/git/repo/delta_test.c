#include "storage/git/repo/delta.h"

#include "tests/support/test.h"

#include <string.h>

static const char base[] = "abcdefghij";
enum { BASE = sizeof(base) - 1 };

static int apply(
    const char *delta, size_t len, char *out, size_t out_len, struct err *err)
{
	return delta_apply((const uint8_t *)delta, len, (const uint8_t *)base,
	    BASE, (uint8_t *)out, out_len, err);
}

/* gitformat-pack(5): copy 3 bytes from 2, insert "XY", copy 1 byte from 0. */
static const char example[] = "\x0a\x06\x91\x02\x03\x02XY\x90\x01";

static void copies_and_inserts_are_done_in_order(void **state)
{
	uint64_t from, to;
	char out[7] = "";
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(delta_sizes((const uint8_t *)example, sizeof(example) - 1,
		      &from, &to, &err),
	    err);
	assert_int_equal(from, BASE);
	assert_int_equal(to, 6);
	assert_ok(apply(example, sizeof(example) - 1, out, 6, &err), err);
	assert_string_equal(out, "cdeXYa");
}

/* A size of 0 is one of 64 KiB, as there is no other way to write it. */
static void a_copy_without_a_size_is_of_64_kib(void **state)
{
	static uint8_t large[0x10000], out[0x10000];
	static const uint8_t delta[] = {
	    0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i * 7);
	assert_ok(delta_apply(delta, sizeof(delta), large, sizeof(large), out,
		      sizeof(out), &err),
	    err);
	assert_memory_equal(out, large, sizeof(large));
}

#define DELTA(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static void what_reaches_beyond_is_refused(void **state)
{
	static const struct {
		const char *delta;
		size_t len;
	} bad[] = {
	    DELTA(""),
	    DELTA("\x0a"),
	    DELTA("\x8a"),
	    DELTA("\x0b\x06\x90\x06"),		       /* another base */
	    DELTA("\x0a\x07\x90\x07"),		       /* another result */
	    DELTA("\x0a\x06"),			       /* too little */
	    DELTA("\x0a\x06\x90\x05"),		       /* too little */
	    DELTA("\x0a\x06\x90\x07"),		       /* too much */
	    DELTA("\x0a\x06\x91\x05\x06"),	       /* behind the base */
	    DELTA("\x0a\x06\x91\x0b\x01"),	       /* from behind it */
	    DELTA("\x0a\x06\x9f\xff\xff\xff\xff\x06"), /* far behind it */
	    DELTA("\x0a\x06\x91\x05"),		       /* no size */
	    DELTA("\x0a\x06\x06XYZ"),		       /* fewer bytes */
	    DELTA("\x0a\x06\x90\x06\x01X"),	       /* more than said */
	    DELTA("\x0a\x06\x00\x90\x06"),	       /* reserved */
	    DELTA("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x06"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char out[16];
		struct err err = ERR_INIT;
		if (apply(bad[i].delta, bad[i].len, out, 6, &err) == 0)
			fail_msg("delta %zu was applied", i);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(copies_and_inserts_are_done_in_order),
	    cmocka_unit_test(a_copy_without_a_size_is_of_64_kib),
	    cmocka_unit_test(what_reaches_beyond_is_refused),
	};

	return cmocka_run_group_tests_name("delta", tests, NULL, NULL);
}
