#include "storage/base/str.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} table[] = {{"*", "", true}, {"*", "a/b", true}, {"a*c", "abbc", true},
	    {"a*c", "abb", false}, {"?", "", false}, {"?b", "ab", true},
	    {"team-*", "team-a", true}, {"team-*", "teama", false},
	    {"*.tfstate", "a/b.tfstate", true}, {"a**b", "ab", true},
	    {"*a*b*c", "xxaxxbxxc", true}, {"*a*b*c", "xxaxxcxxb", false},
	    {"", "", true}, {"", "a", false}, {"[a]", "a", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(str_glob(table[i].pattern, table[i].text),
		    table[i].matches);
}

static void a_glob_may_be_a_part_of_a_text(void **state)
{
	(void)state;
	assert_true(str_glob_n("a*.core", 2, "abc"));
	assert_true(str_glob_n("a*?.core", 3, "ab"));
	assert_false(str_glob_n("a?.core", 2, "a.core"));
	assert_false(str_glob_n("ab.core", 1, "ab"));
	assert_true(str_glob_n("*", 0, ""));
	assert_false(str_glob_n("*", 0, "a"));
}

static void a_glob_of_many_stars_ends(void **state)
{
	char pattern[200], text[2000];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 3);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = 'b';
	text[sizeof(text) - 1] = '\0';
	assert_false(str_glob(pattern, text));
}

static void knows_utf8(void **state)
{
	(void)state;
	assert_true(str_utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
	assert_true(str_utf8_valid("\xf0\x9f\x9a\x80", 4));
	assert_false(str_utf8_valid("\xc0\x80", 2));	     /* overlong */
	assert_false(str_utf8_valid("\xed\xa0\x80", 3));     /* surrogate */
	assert_false(str_utf8_valid("\xf4\x90\x80\x80", 4)); /* too large */
	assert_false(str_utf8_valid("\xc3", 1));	     /* cut off */
}

static void reads_whole_numbers_only(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(
	    str_parse_u64("18446744073709551615", UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(
	    str_parse_u64("18446744073709551616", UINT64_MAX, &n), -1);
	assert_int_equal(str_parse_u64("11", 10, &n), -1);
	assert_int_equal(str_parse_u64("", 10, &n), -1);
	assert_int_equal(str_parse_u64("+1", 10, &n), -1);
	assert_int_equal(str_parse_u64("1 ", 10, &n), -1);
}

/* What turns text about, or has no width, is shown as the bytes it is; what
 * only looks like it stays. */
static void shows_what_turns_text_about(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
	    {"a\u202eb", "a\\xe2\\x80\\xaeb"}, /* right-to-left override */
	    {"\u2066a\u2069", "\\xe2\\x81\\xa6a\\xe2\\x81\\xa9"},
	    {"\u061c", "\\xd8\\x9c"}, {"\u200b", "\\xe2\\x80\\x8b"},
	    {"\u2028", "\\xe2\\x80\\xa8"}, {"\ufeff", "\\xef\\xbb\\xbf"},
	    {"\u200a", "\u200a"}, {"\u2010", "\u2010"}, {"\u2027", "\u2027"},
	    {"\u202f", "\u202f"}, {"\u205f", "\u205f"}, {"\u2070", "\u2070"},
	    {"\u05d0\u05d1", "\u05d0\u05d1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf b = BUF_INIT;
		str_add_printable(&b, cases[i].text, strlen(cases[i].text));
		assert_string_equal(buf_str(&b), cases[i].shown);
	}
}

static void shows_outside_text_safely(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT;

	(void)state;
	str_add_printable(&b, "a\x1b[2J\n\xc2\x9b\xff\xc3\xbc", 11);
	assert_string_equal(
	    buf_str(&b), "a\\x1b[2J\\x0a\\xc2\\x9b\\xff\xc3\xbc");
	buf_clear(&b);
	str_add_bytes(&b, 1023);
	buf_add_char(&b, ' ');
	str_add_bytes(&b, 1536);
	assert_string_equal(buf_str(&b), "1023 B 1.5 KiB");
	buf_clear(&b);
	for (uint64_t n = 0; n < 3; n++) {
		str_add_count(&b, n, "entry", "entries");
		buf_add_char(&b, ' ');
	}
	assert_string_equal(buf_str(&b), "0 entries 1 entry 2 entries ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(globs),
	    cmocka_unit_test(a_glob_may_be_a_part_of_a_text),
	    cmocka_unit_test(a_glob_of_many_stars_ends),
	    cmocka_unit_test(knows_utf8),
	    cmocka_unit_test(reads_whole_numbers_only),
	    cmocka_unit_test(shows_outside_text_safely),
	    cmocka_unit_test(shows_what_turns_text_about),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
