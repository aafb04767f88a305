/*
 * What submodules name, held against the sources; mirrors, and LFS objects, are
 * in tests/e2e/closure.bats.
 */
#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
#include "storage/git/repo/submodules.h"
#include "tests/support/lacks.h"
#include "tests/support/test.h"

static const struct closure_mirror web = {
    .name = "web", .url = "https://git.example.com/team/web.git"};
static const struct closure_mirror shop = {
    .name = "shop", .url = "git@git.example.com:shop.git"};

static void keep_pin(struct closure *c, const struct closure_mirror *m,
    const char *at, const char *url, const char *commit)
{
	cleanup(submodules_done) struct submodulevec all = VEC_INIT;
	cleanup(object_links_done) struct object_links pinned =
	    OBJECT_LINKS_INIT;
	autofree char *text =
	    str_printf("[submodule \"a\"]\n\tpath = lib/a\n\turl = %s\n", url);

	submodules_parse(text, &all);
	assert_int_equal(all.len, 1);
	strcpy(all.items[0].commit, commit);
	closure_keep_submodule(c, m, at, all.items, &pinned);
	/* Once is enough. */
	closure_keep_submodule(c, m, "refs/heads/z", all.items, &pinned);
}

static void keep(struct closure *c, const struct closure_mirror *m,
    const char *at, const char *url)
{
	keep_pin(c, m, at, url, "");
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

#define COMMIT "0123456789012345678901234567890123456789"

/* It is no more than named where no mirror of it was searched: then that is
 * what is missing. */
static void what_is_pinned_is_in_the_mirror_or_missing(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	closure_source(c, "https://git.example.com/team/lib.git");
	keep_pin(c, &web, NULL, "../lib.git", COMMIT);
	keep_pin(c, &shop, "v1", "git@git.example.com:team/lib.git", COMMIT);
	assert_int_equal(c->revisions.len, 2);
	test_assert_lacks(c, "");
	c->revisions.items[0].searched = c->revisions.items[1].searched = true;
	c->revisions.items[0].there = true;
	test_assert_lacks(c,
	    "missing: commit " COMMIT " of 'git@git.example.com:team/lib.git', "
	    "which submodule 'lib/a' of repository 'shop' (of 'v1') pins, is "
	    "not in the mirror\n");
	c->revisions.items[0].there = false;
	test_assert_lacks(c,
	    "missing: commit " COMMIT " of 'git@git.example.com:team/lib.git', "
	    "which submodule 'lib/a' of repository 'shop' (of 'v1') pins, is "
	    "not in the mirror\n"
	    "missing: commit " COMMIT " of 'https://git.example.com/team/lib', "
	    "which submodule 'lib/a' of repository 'web' pins, is not in the "
	    "mirror\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_submodule_that_is_a_source_is_inside),
	    cmocka_unit_test(one_that_is_not_is_outside_once),
	    cmocka_unit_test(what_is_pinned_is_in_the_mirror_or_missing),
	};

	return cmocka_run_group_tests_name("closure_git", tests, NULL, NULL);
}
