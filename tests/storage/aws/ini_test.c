#include "storage/aws/ini.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void reads_sections_and_values(void **state)
{
	static const char text[] =
	    "# a comment\n; another\n[default]\r\nRegion = eu-west-3 # near\r\n"
	    "secret=a#b;c=d ==\nempty =\nblank =   \n"
	    "s3 =\n  max_concurrent_requests = 20\n\tother = 1\n"
	    "\n[ profile a b ] ignored\nregion=us-east-1\nregion=us-east-2";
	cleanup(ini_done) struct ini ini = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(ini_parse(&ini, text, strlen(text), &err), err);
	assert_string_equal(ini_get(&ini, "default", "region"), "eu-west-3");
	assert_string_equal(ini_get(&ini, "default", "secret"), "a#b;c=d ==");
	assert_string_equal(ini_get(&ini, "default", "empty"), "");
	assert_string_equal(ini_get(&ini, "default", "blank"), "");
	assert_string_equal(ini_get(&ini, "default", "s3"), "");
	assert_null(ini_get(&ini, "default", "max_concurrent_requests"));
	assert_null(ini_get(&ini, "default", "other"));
	assert_string_equal(
	    ini_get(&ini, "profile a b", "region"), "us-east-2");
	assert_null(ini_get(&ini, "default", "Region"));
	assert_null(ini_get(&ini, "profile", "region"));
	assert_int_equal(ini_has(&ini, "profile a b"), 1);
	assert_int_equal(ini_has(&ini, "profile a"), 0);
}

static void a_section_may_have_no_values(void **state)
{
	cleanup(ini_done) struct ini ini = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(ini_parse(&ini, "[alone]", 7, &err), err);
	assert_int_equal(ini_has(&ini, "alone"), 1);
	assert_null(ini_get(&ini, "alone", "region"));
	assert_ok(ini_parse(&ini, "", 0, &err), err);
}

/* ~/.aws/config is read first, then ~/.aws/credentials. */
static void a_later_text_wins(void **state)
{
	cleanup(ini_done) struct ini ini = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(ini_parse(&ini, "[a]\nk=1\n", 8, &err), err);
	assert_ok(ini_parse(&ini, "[a]\nk=2\n", 8, &err), err);
	assert_string_equal(ini_get(&ini, "a", "k"), "2");
}

static void a_comment_needs_white_space(void **state)
{
	static const char text[] =
	    "[a]\na = #\nb =x# y\nc = x\t; y\nd = x #\ne =; f\n";
	cleanup(ini_done) struct ini ini = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(ini_parse(&ini, text, strlen(text), &err), err);
	assert_string_equal(ini_get(&ini, "a", "a"), "");
	assert_string_equal(ini_get(&ini, "a", "b"), "x# y");
	assert_string_equal(ini_get(&ini, "a", "c"), "x");
	assert_string_equal(ini_get(&ini, "a", "d"), "x");
	assert_string_equal(ini_get(&ini, "a", "e"), "; f");
}

static void refuses_by_line(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *why;
	} table[] = {{"[a]\n[b\n", 7, "line 2: a section without ']'"},
	    {"[a]\nword\n", 9, "line 2: neither"},
	    {"\n\nk=v\n", 6, "line 3: a value before the first [section]"},
	    {"[a]\nk=v\0x\n", 11, "NUL"}};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		cleanup(ini_done) struct ini ini = VEC_INIT;

		assert_fails(ini_parse(&ini, table[i].text, table[i].len, &err),
		    err, ERR_FORMAT);
		assert_contains(err.message, table[i].why);
	}
}

/* The text may be a secret, so the error does not repeat it. */
static void an_error_shows_nothing_of_the_text(void **state)
{
	static const char text[] = "[a]\nwJalrXUtnFEMI\n";
	cleanup(ini_done) struct ini ini = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(
	    ini_parse(&ini, text, strlen(text), &err), err, ERR_FORMAT);
	assert_null(strstr(err.message, "wJalr"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_sections_and_values),
	    cmocka_unit_test(a_section_may_have_no_values),
	    cmocka_unit_test(a_later_text_wins),
	    cmocka_unit_test(a_comment_needs_white_space),
	    cmocka_unit_test(refuses_by_line),
	    cmocka_unit_test(an_error_shows_nothing_of_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
