/*
 * What submodules name, held against the sources; mirrors, and LFS objects, are
 * in tests/e2e/closure.bats.
 */
#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
#include "tests/support/lacks.h"
#include "tests/support/test.h"

static const struct closure_mirror web = {
    .name = "web", .url = "https://git.example.com/team/web.git"};
static const struct closure_mirror shop = {
    .name = "shop", .url = "git@git.example.com:shop.git"};

static void keep(struct closure *c, const struct closure_mirror *m,
    const char *at, const char *url)
{
	struct closure_submodules found = VEC_INIT;
	autofree char *text =
	    str_printf("[submodule \"a\"]\n\turl = %s\n", url);

	closure_keep_submodules(&found, m, at, text);
	closure_add_submodules(&c->submodules, &found);
}

/* By whichever of its URLs: the scheme, the user and .git are no matter. */
static void a_submodule_that_is_a_source_is_inside(void **state)
{
	static const char *const urls[] = {"../lib.git", "../lib/",
	    "https://git.example.com/team/lib",
	    "ssh://git@git.example.com/team/lib.git",
	    "git@git.example.com:team/lib.git", "./../lib"};
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	closure_source(c, "https://git.example.com:443/team/lib.git");
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		keep(c, &web, NULL, urls[i]);
	keep(c, &shop, NULL, "../team/lib.git");
	test_assert_lacks(c, "");
}

static void one_that_is_not_is_outside_once(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	closure_source(c, "https://git.example.com/team/lib.git");
	keep(c, &web, NULL, "../../lib.git");
	keep(c, &web, "refs/heads/a", "../../lib.git");
	keep(c, &web, "refs/heads/a", "https://me:pw@h/x.git");
	keep(c, &shop, NULL, "https://h/x.git");
	test_assert_lacks(c,
	    "outside: repository 'https://git.example.com/lib', which is a "
	    "submodule of repository 'web', is not a source\n"
	    "outside: repository 'https://h/x.git', which is a submodule of "
	    "repository 'shop', is not a source\n"
	    "outside: repository 'https://h/x.git', which is a submodule of "
	    "repository 'web' (of 'refs/heads/a'), is not a source\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_submodule_that_is_a_source_is_inside),
	    cmocka_unit_test(one_that_is_not_is_outside_once),
	};

	return cmocka_run_group_tests_name("closure_git", tests, NULL, NULL);
}
