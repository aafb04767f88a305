#include "storage/base/percent.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void what_is_reserved_is_encoded(void **state)
{
	static const struct {
		const char *text, *keep, *encoded;
	} cases[] = {
	    {"a b/\xc3\xbc~", "/", "a%20b/%C3%BC~"},
	    {"a b/c", "", "a%20b%2Fc"},
	    {"-._~AZaz09", "", "-._~AZaz09"},
	    {"%41+&=?#", "", "%2541%2B%26%3D%3F%23"},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf b = BUF_INIT;
		percent_add(
		    &b, cases[i].text, strlen(cases[i].text), cases[i].keep);
		assert_string_equal(buf_str(&b), cases[i].encoded);
	}
}

/* A NUL byte ends no text here, and is in no set of what is kept. */
static void a_nul_byte_is_encoded(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT;

	(void)state;
	percent_add(&b, "a\0b", 3, "/");
	assert_string_equal(buf_str(&b), "a%00b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_reserved_is_encoded),
	    cmocka_unit_test(a_nul_byte_is_encoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
