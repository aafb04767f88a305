#include "storage/crypto/minisign_text.h"

#include "tests/support/test.h"

#include <string.h>

static void lines_end_as_on_any_system(void **state)
{
	static const char text[] = "one\r\n\ntwo\r\r\nthree";
	struct minisign_line lines[5];

	(void)state;
	assert_int_equal(minisign_lines(text, strlen(text), lines, 5), 4);
	assert_int_equal(lines[0].len, 3);
	assert_memory_equal(lines[0].text, "one", 3);
	assert_int_equal(lines[1].len, 0);
	/* Only the end of the line is taken off. */
	assert_int_equal(lines[2].len, 4);
	assert_int_equal(lines[3].len, 5);
	assert_int_equal(minisign_lines(text, strlen(text), lines, 4), 4);
	assert_int_equal(minisign_lines(text, strlen(text), lines, 3), -1);
	assert_int_equal(minisign_lines("a\n", 2, lines, 1), 1);
	assert_int_equal(minisign_lines("a\n\n", 3, lines, 1), -1);
	assert_int_equal(minisign_lines("", 0, lines, 1), 0);
}

static int decode(const char *text, uint8_t *out, size_t len)
{
	const struct minisign_line l = {text, strlen(text)};

	return minisign_line_decode(&l, out, len);
}

static void base64_has_exactly_that_length(void **state)
{
	uint8_t out[8] = {7, 7, 7, 7, 7, 7, 7, 7};

	(void)state;
	assert_int_equal(decode("AAECAw==", out, 4), 0);
	assert_memory_equal(out, "\0\1\2\3\7", 5);
	assert_int_equal(decode("AAECAw==", out, 3), -1);
	assert_int_equal(decode("AAECAw==", out, 5), -1);
	assert_int_equal(decode("AAECAw", out, 4), -1);
	assert_int_equal(decode("AAECAw==AAECAw==", out, 4), -1);
	assert_int_equal(decode("AAEC Aw==", out, 4), -1);
	assert_int_equal(decode("", out, 1), -1);
}

static void a_line_starts_so(void **state)
{
	const struct minisign_line l = {"trusted comment: x", 9};

	(void)state;
	assert_true(minisign_line_starts(&l, "trusted c"));
	assert_true(minisign_line_starts(&l, ""));
	/* It ends before that. */
	assert_false(minisign_line_starts(&l, "trusted co"));
	assert_false(minisign_line_starts(&l, "Trusted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_end_as_on_any_system),
	    cmocka_unit_test(base64_has_exactly_that_length),
	    cmocka_unit_test(a_line_starts_so),
	};

	return cmocka_run_group_tests_name("minisign_text", tests, NULL, NULL);
}
