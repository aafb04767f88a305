#include "storage/git/repo/submodules.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* "name|path|url", a line each. */
static void assert_parsed(const char *text, const char *expected)
{
	cleanup(submodules_done) struct submodulevec all = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	submodules_parse(text, &all);
	VEC_EACH (&all, s) {
		assert_string_equal(s->commit, "");
		buf_printf(&out, "%s|%s|%s\n", s->name, s->path, s->url);
	}
	assert_string_equal(buf_str(&out), expected);
}

static void urls_are_read_without_passwords(void **state)
{
	(void)state;
	assert_parsed("[core]\n\turl = not/this\n"
		      "[submodule \"a\"]\n\tpath = a\n\turl = ../a.git\r\n"
		      "[Submodule \"b\"]\n  URL=\"https://h/b c\"  \n"
		      "[submodule \"c\"]\n\turl = ../a.git\n\turls = no\n"
		      "[submodule \"d\"]\n\turl = https://me:pw@h/d.git\n"
		      "[submodule \"e\"]\n\turl =\n",
	    "a|a|../a.git\nb||https://h/b c\nc||../a.git\n"
	    "d||https://h/d.git\n");
}

/* What git config writes, and what people write. */
static void sections_are_read_as_git_reads_them(void **state)
{
	(void)state;
	assert_parsed(
	    "[submodule \"a\"] path = x/a # where\n"
	    "# [submodule \"no\"]\n"
	    "[submodule \"q]\\\"q\"]\n\turl = b ; c\n\tpath = \"p #\"\n"
	    "[submodule \"a\"]\n\turl = 1\n\turl = 2\n"
	    "[other]\n\tpath = no\n"
	    "[submodule \"unclosed\n\turl = u",
	    "a|x/a|2\nq]\\\"q|p #|b\nunclosed||u\n");
}

static void relative_urls_are_those_of_the_superproject(void **state)
{
	static const char *const cases[][3] = {
	    {"https://h/a/b.git", "../c.git", "https://h/a/c"},
	    {"https://h/a/b.git/", "../../c", "https://h/c"},
	    {"https://h/b", "../../../c", "https://h/c"},
	    {"https://h/b.git", "./c.git", "https://h/b.git/c"},
	    {"git@h:team/b.git", "../c.git", "git@h:team/c"},
	    {"git@h:b.git", "../c.git", "git@h:c"},
	    {"https://h/b", "https://other/c.git/", "https://other/c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *url = submodules_url(cases[i][0], cases[i][1]);
		assert_string_equal(url, cases[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_are_read_without_passwords),
	    cmocka_unit_test(sections_are_read_as_git_reads_them),
	    cmocka_unit_test(relative_urls_are_those_of_the_superproject),
	};

	return cmocka_run_group_tests_name("submodules", tests, NULL, NULL);
}
