#include "storage/gitops/repository.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static void urls_of_one_repository_are_one_name(void **state)
{
	static const char *const urls[][2] = {
	    {"https://Git.Example.com/org/a.git", "git.example.com/org/a"},
	    {"https://user@git.example.com:8443/org/a.git/",
		"git.example.com/org/a"},
	    {"ssh://git@git.example.com:22/org/a", "git.example.com/org/a"},
	    {"git@git.example.com:org/a.git", "git.example.com/org/a"},
	    {"git.example.com:org/a", "git.example.com/org/a"},
	    {"/srv/git/a.git", "/srv/git/a"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		autofree char *name = repository_name(urls[i][0]);
		assert_string_equal(name, urls[i][1]);
	}
}

/* A kind is Kind.group, and a pointer is absolute and has no empty step. */
static void each_pointer_can_be_followed(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct repository_pointer *p = repository_pointers; p->kind;
	     p++, count++) {
		const char *dot = strchr(p->kind, '.');
		assert_non_null(dot);
		assert_non_null(strchr(dot + 1, '.'));
		assert_string_equal(strchr(p->key, '.'), dot);
		/* What stands beside the URL can be asked for. */
		assert_true(!p->charts || str_ends(p->pointer, "/repoURL"));
		assert_int_equal(p->pointer[0], '/');
		assert_null(strstr(p->pointer, "//"));
		assert_int_not_equal(p->pointer[strlen(p->pointer) - 1], '/');
	}
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_of_one_repository_are_one_name),
	    cmocka_unit_test(each_pointer_can_be_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
