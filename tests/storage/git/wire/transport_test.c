/* What both transports share. Each of them has its own test beside this. */
#include "storage/git/wire/transport.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

static void assert_quoted(const char *text, const char *expected)
{
	autofree char *got = transport_shell_quote(text);

	assert_string_equal(got, expected);
}

/* As git's own sq_quote_buf: the "!" is for csh, which some accounts have. */
static void a_path_is_quoted_as_git_does(void **state)
{
	(void)state;
	assert_quoted("/team/r.git", "'/team/r.git'");
	assert_quoted("", "''");
	assert_quoted("it's", "'it'\\''s'");
	assert_quoted("a!b", "'a'\\!'b'");
	assert_quoted("''", "''\\'''\\'''");
}

/* A shell gives back what it was: nothing of it is a command. */
static void a_shell_reads_it_back(void **state)
{
	static const char *const texts[] = {"/team/r.git", "", "~/r", "a b",
	    "it's", "$HOME", "`id`", "$(id)", "a;id", "a&&id|id", "a\nid", "\\",
	    "\\'", "';id;'", "!!", "*", "--upload-pack=id", "\"", "caf\xc3\xa9",
	    "\xff\x01\t"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		autofree char *quoted = transport_shell_quote(texts[i]);
		autofree char *command = str_printf("printf %%s %s", quoted);
		char got[100];
		FILE *out = popen(command, "re");
		assert_non_null(out);
		got[fread(got, 1, sizeof(got) - 1, out)] = '\0';
		assert_int_equal(pclose(out), 0);
		assert_string_equal(got, texts[i]);
	}
}

static void none_is_nothing_to_release(void **state)
{
	(void)state;
	transport_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_is_quoted_as_git_does),
	    cmocka_unit_test(a_shell_reads_it_back),
	    cmocka_unit_test(none_is_nothing_to_release),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
