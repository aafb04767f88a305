#include "storage/git/repo/submodules.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void urls_are_read_each_once_and_without_passwords(void **state)
{
	cleanup(strvec_done) struct strvec urls = VEC_INIT;

	(void)state;
	submodules_parse("[core]\n\turl = not/this\n"
			 "[submodule \"a\"]\n\tpath = a\n\turl = ../a.git\r\n"
			 "[Submodule \"b\"]\n  URL=\"https://h/b c\"  \n"
			 "[submodule \"c\"]\n\turl = ../a.git\n\turls = no\n"
			 "[submodule \"d\"]\n\turl = https://me:pw@h/d.git\n"
			 "[submodule \"e\"]\n\turl =\n",
	    &urls);
	assert_int_equal(urls.len, 3);
	assert_string_equal(urls.items[0], "../a.git");
	assert_string_equal(urls.items[1], "https://h/b c");
	assert_string_equal(urls.items[2], "https://h/d.git");
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
	    cmocka_unit_test(urls_are_read_each_once_and_without_passwords),
	    cmocka_unit_test(relative_urls_are_those_of_the_superproject),
	};

	return cmocka_run_group_tests_name("submodules", tests, NULL, NULL);
}
