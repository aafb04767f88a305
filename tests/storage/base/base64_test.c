/* The vectors are those of RFC 4648 section 10. */
#include "storage/base/base64.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void the_vectors_of_the_standard(void **state)
{
	static const char *const cases[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf b = BUF_INIT;
		cleanup(buf_done) struct buf bare = BUF_INIT;
		cleanup(buf_done) struct buf back = BUF_INIT;
		const char *raw = cases[i][0], *text = cases[i][1];
		base64_add(&b, raw, strlen(raw), true);
		assert_string_equal(buf_str(&b), text);
		assert_int_equal(base64_decode(b.data, b.len, true, &back), 0);
		base64_add(&bare, raw, strlen(raw), false);
		assert_int_equal(bare.len, strcspn(text, "="));
		assert_int_equal(
		    base64_decode(bare.data, bare.len, false, &back), 0);
		autofree char *twice = str_printf("%s%s", raw, raw);
		assert_string_equal(buf_str(&back), twice);
	}
}

static void what_is_not_canonical_is_refused(void **state)
{
	static const char *const bad[] = {
	    "Zm9vYh", "Zm9vY", "Zm9v Yg", "Zm9vYg==", "Zm9v\n", "Zm-_"};
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(
		    base64_decode(bad[i], strlen(bad[i]), false, &out), -1);
	assert_int_equal(base64_decode("Zm9vYg", 6, true, &out), -1);
	assert_int_equal(base64_decode("=", 1, true, &out), -1);
	assert_int_equal(base64_decode("Zg==Zg==", 8, true, &out), -1);
	assert_int_equal(base64_decode("Zg===", 5, true, &out), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_of_the_standard),
	    cmocka_unit_test(what_is_not_canonical_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
